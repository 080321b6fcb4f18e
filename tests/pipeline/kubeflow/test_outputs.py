import json

import pytest

from pipeline.kubeflow.outputs import MOST_CLASSES, ExecutorInput, confusion_metadata


@pytest.fixture
def executor(tmp_path) -> ExecutorInput:
    return ExecutorInput(
        json.dumps(
            {
                "inputs": {
                    "parameterValues": {
                        "text": "a",
                        "number": 3,
                        "settings": {"train.seed": 7, "list": [1]},
                    }
                },
                "outputs": {
                    "parameters": {
                        "released": {"outputFile": f"{tmp_path}/deep/released"},
                        "verdict": {"outputFile": f"{tmp_path}/verdict"},
                        "accuracy": {"outputFile": f"{tmp_path}/accuracy"},
                    },
                    "artifacts": {
                        "metrics": {
                            "artifacts": [
                                {
                                    "name": "metrics",
                                    "uri": f"{tmp_path}/new/metrics",
                                    "type": {"schemaTitle": "system.Metrics"},
                                }
                            ]
                        },
                        "remote": {"artifacts": [{"uri": "minio://bucket/v2/report"}]},
                    },
                    "outputFile": f"{tmp_path}/executor_output.json",
                },
                "somethingNewer": 1,
            }
        )
    )


def test_parameters_that_come_in(executor):
    assert executor.parameters == {
        "text": "a",
        "number": 3,
        "settings": {"train.seed": 7, "list": [1]},
    }


def test_parameters_that_go_out(executor, tmp_path):
    executor.set_parameter("released", True)
    executor.set_parameter("verdict", "Released: all.")
    executor.set_parameter("accuracy", 0.5)
    assert (tmp_path / "deep" / "released").read_text() == "true"
    assert (tmp_path / "verdict").read_text() == "Released: all."
    assert (tmp_path / "accuracy").read_text() == "0.5"


def test_artifacts(executor, tmp_path):
    path = executor.artifact_path("metrics")
    assert path == f"{tmp_path}/new/metrics"
    assert (tmp_path / "new").is_dir()
    executor.say_of_artifact("metrics", {"accuracy": 0.5})
    assert json.loads((tmp_path / "executor_output.json").read_text()) == {
        "artifacts": {
            "metrics": {
                "artifacts": [
                    {
                        "name": "metrics",
                        "uri": f"{tmp_path}/new/metrics",
                        "type": {"schemaTitle": "system.Metrics"},
                        "metadata": {"accuracy": 0.5},
                    }
                ]
            }
        }
    }


def test_an_object_store_is_where_kubeflow_mounts_it(executor, monkeypatch):
    monkeypatch.setattr("os.makedirs", lambda path, exist_ok: None)
    assert executor.artifact_path("remote") == "/minio/bucket/v2/report"


def of_class(right: int) -> dict[str, object]:
    return {"images": 10, "recall": {"right": right}}


def test_the_confusion_matrix():
    metrics = {
        "classes": {"cat": of_class(8), "dog": of_class(10)},
        "confusions": [{"class": "cat", "answer": "dog", "images": 2}],
    }
    assert confusion_metadata(metrics) == {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": "cat"}, {"displayName": "dog"}],
            "rows": [{"row": [8, 2]}, {"row": [0, 10]}],
        }
    }


def test_a_matrix_of_too_many_classes_is_no_picture():
    classes = {f"class {number}": of_class(1) for number in range(MOST_CLASSES + 1)}
    assert confusion_metadata({"classes": classes, "confusions": []}) == {}
