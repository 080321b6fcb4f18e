import json
import pathlib

import pytest
from tfx.dsl.components.base import base_executor
from tfx.types import standard_artifacts

from components.artifact_types import DataVerdict, ModelReport, ReleaseVerdict, TestPredictions
from components.ingestion.manifest import HEADER
from components.predictions import write_predictions
from components.release.release_verdict import write_verdict
from components.reporting.model_report import ModelReporterExecutor
from components.reporting.run_facts import data_fingerprint
from components.serving.serving_facts import write_facts
from components.storage import write_rows
from components.training_history import HISTORY_FILE
from components.validation.validation_result import (
    VERDICT_FILE,
    Anomaly,
    ValidationResult,
    verdict_to_json,
)
from tests.components.release.made_up import GOOD_FACTS, make_predictions
from tests.components.reporting.made_up import (
    RUN,
    make_audit,
    make_history,
    make_verdict,
    write_records,
)
from tests.image_files import encode_image


def make_artifact(artifact_type, folder, number):
    artifact = artifact_type()
    artifact.uri = str(folder)
    artifact.id = number
    folder.mkdir(parents=True, exist_ok=True)
    return artifact


def make_span(root, number):
    """Two spans have a file of the same name, and another image in it."""
    span = make_artifact(standard_artifacts.Examples, root / f"examples/{number}", number)
    span.span = number
    make_audit(data_folder=f"photos/span-{number}").write(f"{span.uri}/audit.json")
    sha256 = f"{number - 1:064x}"
    with open(f"{span.uri}/manifest.csv", "w", newline="") as file:
        write_rows(file, [HEADER, ("cat/1.png", sha256, "cat", "test", "as found")])
    write_records(span.uri, [(sha256, encode_image(seed=number))])
    return span


@pytest.fixture
def inputs(tmp_path):
    """What all steps leave, of two spans with a test image each."""
    types = {
        "data_verdict": DataVerdict,
        "model": standard_artifacts.Model,
        "model_run": standard_artifacts.ModelRun,
        "evaluation": standard_artifacts.ModelEvaluation,
        "predictions": TestPredictions,
        "serving_facts": standard_artifacts.InfraBlessing,
        "release_verdict": ReleaseVerdict,
    }
    made = {
        key: make_artifact(kind, tmp_path / f"{key}/{number}", number)
        for number, (key, kind) in enumerate(types.items(), 10)
    }
    verdict = ValidationResult(warnings=(Anomaly("drift", "train", "image/width", "moved by 0.2"),))
    pathlib.Path(made["data_verdict"].uri, VERDICT_FILE).write_text(verdict_to_json(verdict))
    pathlib.Path(made["model_run"].uri, HISTORY_FILE).write_text(json.dumps(make_history()))
    write_predictions(make_predictions(["cat", "cat"], ["cat", "dog"]), made["predictions"].uri)
    write_facts(GOOD_FACTS, made["serving_facts"].uri)
    write_verdict(make_verdict(), made["release_verdict"].uri)
    spans = [make_span(tmp_path, 2), make_span(tmp_path, 1)]
    return {"examples": spans, **{key: [artifact] for key, artifact in made.items()}}


def test_writes_what_all_steps_found(inputs, tmp_path):
    report = make_artifact(ModelReport, tmp_path / "ModelReport/report/20", 20)
    properties = {
        "pipeline_name": "pets",
        "configuration": json.dumps({"train": {"epochs": 7}}),
        "code_fingerprint": "0123",
    }
    context = base_executor.BaseExecutor.Context(pipeline_run_id=RUN)
    ModelReporterExecutor(context).Do(inputs, {"report": [report]}, properties)
    metrics = json.loads(pathlib.Path(report.uri, "metrics.json").read_text())
    assert (metrics["pipeline"], metrics["run"]) == ("pets", RUN)
    assert metrics["accuracy"]["value"] == 0.5
    assert metrics["images"]["found"] == 42
    assert metrics["data_fingerprint"] == data_fingerprint(
        artifact.uri for artifact in inputs["examples"]
    )
    assert [step["number"] for step in metrics["steps"]] == [1, 2, *range(10, 17)]
    page = pathlib.Path(report.uri, "report.html").read_text()
    assert "photos/span-1, photos/span-2" in page
    assert "epochs: 7" in page
    # One wrong and one right answer behind the cells, and the wrong one among the mistakes.
    assert page.count("data:image/png;base64,") == 3
