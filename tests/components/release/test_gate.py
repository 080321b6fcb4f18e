"""The step, on artifacts as the steps before it leave them."""

import json
import pathlib

import pytest
from tfx import types
from tfx.orchestration.portable import data_types
from tfx.types import standard_artifacts

from components.artifact_types import ReleaseVerdict, TestPredictions
from components.evaluation import results
from components.predictions import write_predictions
from components.release import gate
from components.release.rules import ReleaseRules
from components.release.verdict import read_verdict
from components.serving.directory.rollback import roll_back
from components.serving.serving_facts import write_facts
from tests.components.release.made_up import GOOD_FACTS, make_mistakes
from tests.components.serving.directory.saved_models import NOW, publish_models


@pytest.fixture
def inputs(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[types.Artifact]]:
    """A model that is wrong on 50 of 1,000 images, as the one that serves."""
    artifacts: dict[str, types.Artifact] = {
        "evaluation": standard_artifacts.ModelEvaluation(),
        "blessing": standard_artifacts.ModelBlessing(),
        "predictions": TestPredictions(),
        "infra_blessing": standard_artifacts.InfraBlessing(),
        "pushed_baseline": standard_artifacts.PushedModel(),
        "model": standard_artifacts.Model(),
    }
    for key, artifact in artifacts.items():
        artifact.uri = str(tmp_path / key)
        pathlib.Path(artifact.uri).mkdir()
    write_predictions(make_mistakes(1000, 50, 50), artifacts["predictions"].uri)
    write_facts(GOOD_FACTS, artifacts["infra_blessing"].uri)
    artifacts["blessing"].set_int_custom_property("blessed", 1)
    artifacts["pushed_baseline"].set_string_custom_property("pushed_version", "7")
    evaluation = results.EvaluationResult(0.95, 1.0, 0.2, 1000)
    monkeypatch.setattr(gate, "read_evaluation", lambda folder: evaluation)
    return {key: [artifact] for key, artifact in artifacts.items()}


def run(
    inputs: dict[str, list[types.Artifact]], folder: pathlib.Path, exports=(), **rules
) -> ReleaseVerdict:
    verdict = ReleaseVerdict()
    verdict.uri = str(folder / "verdict")
    pathlib.Path(verdict.uri).mkdir()
    properties = {
        "rules": json.dumps(ReleaseRules(**rules).to_dict()),
        "required_exports": json.dumps(exports),
        "reset_baseline": "",
        "force_push": "",
        "withdrawals": "[]",
    }
    gate.ReleaseGateExecutor().Do(inputs, {"verdict": [verdict]}, properties)
    return verdict


def test_a_released_model(inputs, tmp_path: pathlib.Path) -> None:
    artifact = run(inputs, tmp_path, max_accuracy_loss=0.05)
    verdict = read_verdict(artifact.uri)
    assert (artifact.released, artifact.sentence) == (1, verdict.sentence)
    assert verdict.sentence == "Released: all 8 checks passed on 1,000 test images."
    assert verdict.baseline == "7"


def test_a_required_export_that_failed_refuses(inputs, tmp_path: pathlib.Path) -> None:
    """Fault B4: others are only told of."""
    folder = tmp_path / "model/Format-Serving/assets.extra/exports"
    folder.mkdir(parents=True)
    formats = {"onnx": {"problem": ""}, "tflite": {"problem": "No such operation: Xyz."}}
    (folder / "exports.json").write_text(json.dumps({"class_names": [], "formats": formats}))
    artifact = run(inputs, tmp_path, exports=["onnx", "tflite"], max_accuracy_loss=0.05)
    assert artifact.released == 0
    assert artifact.sentence.startswith("Refused: problems with the required export tflite: 1 (No")


def test_a_refused_model_is_a_result(inputs, tmp_path: pathlib.Path) -> None:
    artifact = run(inputs, tmp_path, min_accuracy=0.99)
    assert artifact.released == 0
    assert artifact.sentence.startswith("Refused: accuracy must be at least 0.9900")


def test_a_first_run(inputs, tmp_path: pathlib.Path) -> None:
    del inputs["pushed_baseline"]
    write_predictions(make_mistakes(1000, 50), inputs["predictions"][0].uri)
    verdict = read_verdict(run(inputs, tmp_path).uri)
    assert (verdict.is_released, verdict.baseline) == (True, "")


def test_a_rollback_is_a_reason_to_judge_again(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "serving"
    publish_models(folder, "ab")
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "artifact")
    pathlib.Path(model.uri).mkdir()
    (tmp_path / "artifact/Format-Serving").symlink_to(tmp_path / "source-b")
    info = data_types.ExecutionInfo(
        input_dict={"model": [model]}, exec_properties={"model_folder": str(folder)}
    )
    driver = gate.ReleaseGateDriver(metadata_handle=None)
    assert driver.observe(info) == {"withdrawals": "[]"}
    roll_back(str(folder), "takes <b> for d\n", NOW + 100)
    [sentence] = json.loads(driver.observe(info)["withdrawals"])
    assert sentence.startswith("Version 1700000010 was withdrawn on 2023-11-14T22:15:00+00:00 by ")
    assert sentence.endswith(": takes <b> for d\\n.")
