"""What goes into and out of a task, in the forms of KFP's launcher."""

import json

import pytest

from components.release.release_verdict import write_verdict
from components.reporting.metrics_json import metrics_to_json
from pipeline.kubeflow.outputs import MOST_CLASSES, ExecutorInput, confusion_metadata, hand_over
from pipeline.runs.records import StepArtifact, StepRecord
from tests.components.release.made_up import make_predictions
from tests.components.reporting.made_up import make_facts, make_verdict

PARAMETERS = {"text": "a", "number": 3, "settings": {"train.seed": 7, "list": [1]}}
METRICS = json.loads(
    metrics_to_json(
        make_facts(make_predictions(["cat"] * 6 + ["dog"] * 4, ["cat"] * 5 + ["dog"] * 5))
    )
)
MATRIX = {
    "confusionMatrix": {
        "annotationSpecs": [{"displayName": "cat"}, {"displayName": "dog"}],
        "rows": [{"row": [5, 1]}, {"row": [0, 4]}],
    }
}


@pytest.fixture
def executor(tmp_path) -> ExecutorInput:
    def artifact(name: str, kind: str) -> dict[str, object]:
        kind_of = {"schemaTitle": f"system.{kind}"}
        return {"artifacts": [{"name": name, "uri": f"{tmp_path}/new/{name}", "type": kind_of}]}

    return ExecutorInput(
        json.dumps(
            {
                "inputs": {"parameterValues": PARAMETERS},
                "outputs": {
                    "parameters": {
                        name: {"outputFile": f"{tmp_path}/deep/{name}"}
                        for name in ("released", "verdict", "accuracy", "model")
                    },
                    "artifacts": {
                        "report": artifact("report", "HTML"),
                        "metrics": artifact("metrics", "Metrics"),
                        "confusion_matrix": artifact("confusion_matrix", "ClassificationMetrics"),
                        "remote": {"artifacts": [{"uri": "minio://bucket/v2/report"}]},
                    },
                    "outputFile": f"{tmp_path}/executor_output.json",
                },
                "somethingNewer": 1,
            }
        )
    )


def record(key: str, folder, **properties: int | str) -> StepRecord:
    return StepRecord("COMPLETE", {key: StepArtifact(str(folder), properties)})


def test_parameters_that_come_in(executor):
    assert executor.parameters == PARAMETERS


def test_the_verdict(executor, tmp_path):
    verdict = make_verdict()
    write_verdict(verdict, str(tmp_path))
    hand_over("ReleaseGate", {"ReleaseGate": record("verdict", tmp_path)}, executor)
    assert (tmp_path / "deep" / "released").read_text() == "true"
    assert (tmp_path / "deep" / "verdict").read_text() == verdict.sentence


def test_the_report(executor, tmp_path):
    (tmp_path / "report.html").write_text("a page")
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    hand_over("ModelReport", {"ModelReport": record("report", tmp_path)}, executor)
    assert (tmp_path / "deep" / "accuracy").read_text() == "0.9"
    assert (tmp_path / "new" / "report").read_text() == "a page"
    assert json.loads((tmp_path / "new" / "metrics").read_text()) == METRICS
    said = json.loads((tmp_path / "executor_output.json").read_text())["artifacts"]
    [metrics], [matrix] = (said[name]["artifacts"] for name in ("metrics", "confusion_matrix"))
    assert metrics["uri"] == f"{tmp_path}/new/metrics"
    assert metrics["type"] == {"schemaTitle": "system.Metrics"}
    assert (metrics["metadata"]["accuracy"], metrics["metadata"]["test_images"]) == (0.9, 10)
    assert matrix["metadata"] == MATRIX


@pytest.mark.parametrize(("pushed", "model"), [(1, "serving/photos/17"), (0, "")])
def test_the_push(executor, tmp_path, pushed, model):
    of_push = record("pushed_model", "a", pushed=pushed, pushed_destination="serving/photos/17")
    hand_over("Pusher", {"Pusher": of_push}, executor)
    assert (tmp_path / "deep" / "model").read_text() == model


def test_an_object_store_is_where_kubeflow_mounts_it(executor, monkeypatch):
    monkeypatch.setattr("os.makedirs", lambda path, exist_ok: None)
    assert executor.artifact_path("remote") == "/minio/bucket/v2/report"


def test_a_matrix_of_too_many_classes_is_no_picture():
    classes = {f"class {n}": METRICS["classes"]["cat"] for n in range(MOST_CLASSES + 1)}
    assert confusion_metadata({"classes": classes, "confusions": []}) == {}
