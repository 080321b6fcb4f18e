"""The verdict, and the step on artifacts as the steps before it leave them."""

import dataclasses
import json
import pathlib

import pytest
from tfx import types
from tfx.orchestration.portable import data_types
from tfx.types import standard_artifacts

from components.artifact_types import ReleaseVerdict, TestPredictions
from components.predictions import write_predictions
from components.release.release_gate import (
    GateSettings,
    ReleaseGateDriver,
    ReleaseGateExecutor,
    judge,
)
from components.release.release_rules import POINT_ESTIMATE, ReleaseRules
from components.release.release_verdict import FAILED, NOT_ENOUGH_EVIDENCE, read_verdict
from components.serving.directory.rollback import roll_back
from components.serving.serving_facts import write_facts
from tests.components.release.made_up import GOOD_FACTS, make_evidence, make_mistakes
from tests.components.serving.directory.saved_models import NOW, publish_models


@pytest.fixture
def inputs(tmp_path: pathlib.Path) -> dict[str, list[types.Artifact]]:
    """A model that is wrong on 50 of 1,000 images, as the one that serves."""
    artifacts: dict[str, types.Artifact] = {
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
    return {key: [artifact] for key, artifact in artifacts.items()}


def run(
    inputs: dict[str, list[types.Artifact]], folder: pathlib.Path, exports=(), **rules
) -> ReleaseVerdict:
    verdict = ReleaseVerdict()
    verdict.uri = str(folder / "verdict")
    pathlib.Path(verdict.uri).mkdir()
    settings = GateSettings(ReleaseRules(**rules), tuple(exports))
    properties = {"settings": settings.to_json(), "rollbacks": "[]"}
    ReleaseGateExecutor().Do(inputs, {"verdict": [verdict]}, properties)
    return verdict


def test_a_released_model(inputs, tmp_path: pathlib.Path) -> None:
    artifact = run(inputs, tmp_path, max_accuracy_loss=0.05)
    verdict = read_verdict(artifact.uri)
    assert (artifact.released, artifact.sentence) == (1, verdict.sentence)
    assert verdict.sentence == "Released: all 7 checks passed on 1,000 test images."
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
    settings = GateSettings(ReleaseRules(), model_folder=str(folder))
    info = data_types.ExecutionInfo(
        input_dict={"model": [model]}, exec_properties={"settings": settings.to_json()}
    )
    driver = ReleaseGateDriver(metadata_handle=None)
    assert driver.observe(info) == {"rollbacks": "[]"}
    roll_back(str(folder), "takes <b> for d\n", NOW + 100)
    [sentence] = json.loads(driver.observe(info)["rollbacks"])
    assert sentence.startswith("Version 1700000010 was rolled back on 2023-11-14T22:15:00+00:00")
    assert sentence.endswith(": takes <b> for d\\n.")


def test_settings_survive_json() -> None:
    rules = ReleaseRules(min_recall_of={"cat": 0.5})
    settings = GateSettings(rules, ("onnx",), "serving/pets", "new camera", "demo")
    assert GateSettings.from_json(settings.to_json()) == settings


def decide(evidence, **rules):
    return judge(evidence, GateSettings(ReleaseRules(**rules)))


def names(verdict, outcome):
    return [check.name for check in verdict.having(outcome)]


def test_a_good_model_is_released():
    verdict = decide(make_evidence(1000, 50))
    assert verdict.is_released
    assert verdict.sentence == "Released: all 6 checks passed on 1,000 test images."
    assert [check.name for check in verdict.checks] == [
        "accuracy",
        "serving_problems",
        "model_size",
        "latency",
        "evaluator_refusals",
        "withdrawals",
    ]
    assert verdict.baseline_note == "No other model was serving to compare with."


def test_a_bad_model_is_refused():
    verdict = decide(make_evidence(1000, 50), min_accuracy=0.999)
    assert not verdict.is_released
    assert verdict.sentence == (
        "Refused: accuracy must be at least 0.9990 and is 0.9500 (0.9347 to 0.9619)."
    )


def test_few_images_are_not_enough_evidence():
    verdict = judge(make_evidence(186, 30, 30), GateSettings(ReleaseRules()), "7")
    assert names(verdict, NOT_ENOUGH_EVIDENCE) == ["accuracy_change"]
    assert verdict.baseline == "7"
    assert verdict.sentence == (
        "Refused: 186 test images are not enough evidence to tell whether change of accuracy "
        "against the serving model is at least -0.0100: it is 0.0000 (-0.0814 to 0.0814) (about "
        "13,000 would be)."
    )


def test_the_measured_value_decides_by_setting():
    verdict = decide(make_evidence(186, 30, 30), not_enough_evidence=POINT_ESTIMATE)
    assert verdict.is_released
    assert verdict.sentence == (
        "Released: 6 of 7 checks passed on 186 test images; for the other 1 there is not enough "
        "evidence, and their measured values meet the thresholds."
    )
    worse = decide(make_evidence(186, 33, 30), not_enough_evidence=POINT_ESTIMATE)
    assert not worse.is_released
    assert worse.sentence.startswith(
        "Refused, by the measured values alone: change of accuracy against the serving model must "
        "be at least -0.0100 and is -0.0161 ("
    )


@pytest.mark.parametrize(
    ("changes", "name", "sentence"),
    [
        (
            {"is_blessed": False},
            "evaluator_refusals",
            "Refused: refusals by the Evaluator: 1 (Its thresholds are the same minimum and the "
            "same allowed loss, without intervals).",
        ),
        (
            {"serving": dataclasses.replace(GOOD_FACTS, problems=("It answers NaN.",))},
            "serving_problems",
            "Refused: problems when it is loaded and asked in a fresh process: 1 (It answers NaN).",
        ),
        (
            {"serving": dataclasses.replace(GOOD_FACTS, model_bytes=2_000_000_000)},
            "model_size",
            "Refused: size of the model must be at most 1,000 MB and is 2,000 MB.",
        ),
        (
            {"serving": dataclasses.replace(GOOD_FACTS, latencies={"1": (2000.0,) * 30})},
            "latency",
            "Refused: latency of one image, median must be at most 1,000 ms and is 2,000 ms "
            "(2,000 ms to 2,000 ms).",
        ),
        # Fault B4: only an export that is required refuses a model.
        (
            {"export_problems": {"onnx": "", "tflite": "No such operation: Xyz."}},
            "export/tflite",
            "Refused: problems with the required export tflite: 1 (No such operation: Xyz).",
        ),
        (
            {"rollbacks": ("Version 5 was rolled back by ann: it took cats for dogs.",)},
            "withdrawals",
            "Refused: times that this very model was rolled back: 1 (Version 5 was rolled back "
            "by ann: it took cats for dogs).",
        ),
    ],
)
def test_each_check_can_refuse(changes, name, sentence):
    verdict = decide(make_evidence(1000, 50, **changes))
    assert names(verdict, FAILED) == [name]
    assert (verdict.is_released, verdict.sentence) == (False, sentence)


def test_the_evaluator_is_named_only_where_nothing_else_says_why():
    refused = {"is_blessed": False}
    worse = decide(make_evidence(1000, 500, **refused))
    assert names(worse, FAILED) == ["accuracy", "evaluator_refusals"]
    assert "Evaluator" not in worse.sentence
    few = decide(make_evidence(186, 33, 30, **refused))
    assert names(few, FAILED) == ["evaluator_refusals"]
    assert few.sentence.startswith("Refused: 186 test images are not enough evidence to tell")
    by_value = decide(make_evidence(186, 33, 30, **refused), not_enough_evidence=POINT_ESTIMATE)
    assert by_value.sentence.startswith("Refused, by the measured values alone: change of")


def test_a_reset_is_recorded():
    verdict = judge(
        make_evidence(1000, 50), GateSettings(ReleaseRules(), reset_baseline="new camera")
    )
    assert verdict.reset_baseline == "new camera"
    assert verdict.baseline_note == "The baseline was reset: new camera"


def test_force_is_recorded_and_changes_no_check():
    verdict = judge(
        make_evidence(100, 50), GateSettings(ReleaseRules(), force_push="demo tomorrow")
    )
    assert not verdict.is_released
    assert verdict.sentence.startswith(
        "Pushed by force (demo tomorrow). Without that: Refused: accuracy must be at least"
    )
