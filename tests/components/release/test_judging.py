import dataclasses

import pytest

from components.release.judging import Facts, judge
from components.release.rules import POINT_ESTIMATE, ReleaseRules
from components.release.verdict import FAILED, NOT_ENOUGH_EVIDENCE, read_verdict, write_verdict
from tests.components.release.made_up import GOOD_FACTS, make_mistakes


def make_facts(images, mistakes, before=None, **changes):
    accuracy = (images - mistakes) / images
    facts = Facts(make_mistakes(images, mistakes, before), accuracy, True, GOOD_FACTS)
    return dataclasses.replace(facts, **changes)


def names(verdict, outcome):
    return [check.name for check in verdict.having(outcome)]


def test_a_good_model_is_released():
    verdict = judge(make_facts(1000, 50), ReleaseRules())
    assert verdict.is_released
    assert verdict.sentence == "Released: all 7 checks passed on 1,000 test images."
    assert [check.name for check in verdict.checks] == [
        "accuracy",
        "serving_problems",
        "model_size",
        "latency",
        "evaluator_refusals",
        "evaluator_disagreement",
        "withdrawals",
    ]
    assert verdict.baseline_note == "No model was serving that could be compared with."


def test_a_bad_model_is_refused():
    verdict = judge(make_facts(1000, 50), ReleaseRules(min_accuracy=0.999))
    assert not verdict.is_released
    assert verdict.sentence == (
        "Refused: accuracy must be at least 0.9990 and is 0.9500 (0.9347 to 0.9619)."
    )


def test_few_images_are_not_enough_evidence():
    verdict = judge(make_facts(186, 30, 30), ReleaseRules(), baseline="7")
    assert names(verdict, NOT_ENOUGH_EVIDENCE) == ["accuracy_change"]
    assert verdict.baseline == "7"
    assert verdict.sentence == (
        "Refused: 186 test images are not enough evidence to tell whether change of accuracy "
        "against the serving model is at least -0.0100: it is 0.0000 (-0.0814 to 0.0814) (about "
        "13,000 would be)."
    )


def test_the_measured_value_decides_by_setting():
    rules = ReleaseRules(not_enough_evidence=POINT_ESTIMATE)
    verdict = judge(make_facts(186, 30, 30), rules)
    assert verdict.is_released
    assert verdict.sentence == (
        "Released: 7 of 8 checks passed on 186 test images; for the other 1 there is not enough "
        "evidence, and their measured values keep the bounds."
    )
    worse = judge(make_facts(186, 33, 30), rules)
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
            {"evaluated_accuracy": 0.9},
            "evaluator_disagreement",
            "Refused: test images counted otherwise by the Evaluator: 50 (The Evaluator found an "
            "accuracy of 0.9000).",
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
            {"withdrawals": ("Version 5 was withdrawn by ann: it took cats for dogs.",)},
            "withdrawals",
            "Refused: times that this very model was rolled back: 1 (Version 5 was withdrawn by "
            "ann: it took cats for dogs).",
        ),
    ],
)
def test_each_check_can_refuse(changes, name, sentence):
    verdict = judge(make_facts(1000, 50, **changes), ReleaseRules())
    assert names(verdict, FAILED) == [name]
    assert (verdict.is_released, verdict.sentence) == (False, sentence)


def test_the_evaluator_is_named_only_where_nothing_else_says_why():
    refused = {"is_blessed": False}
    worse = judge(make_facts(1000, 500, **refused), ReleaseRules())
    assert names(worse, FAILED) == ["accuracy", "evaluator_refusals"]
    assert "Evaluator" not in worse.sentence
    few = judge(make_facts(186, 33, 30, **refused), ReleaseRules())
    assert names(few, FAILED) == ["evaluator_refusals"]
    assert few.sentence.startswith("Refused: 186 test images are not enough evidence to tell")
    by_value = judge(
        make_facts(186, 33, 30, **refused), ReleaseRules(not_enough_evidence=POINT_ESTIMATE)
    )
    assert by_value.sentence.startswith("Refused, by the measured values alone: change of")


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        ({"max_calibration_error": 1.0}, "calibration_error"),
        ({"min_accuracy": 0.0}, "accuracy"),
        ({"max_accuracy_loss": 1.0}, "accuracy_change"),
    ],
)
def test_what_no_model_can_break_is_no_check(rules, name):
    """Fault D14: a bound of 1 on the calibration error was shown as a check that was passed."""
    facts = make_facts(1000, 50, 50)
    checked = ReleaseRules(max_calibration_error=0.99)
    assert name in [check.name for check in judge(facts, checked).checks]
    rules = dataclasses.replace(checked, **rules)
    assert name not in [check.name for check in judge(facts, rules).checks]


def test_calibration():
    # Sure by 0.9, and right half of the time.
    verdict = judge(
        make_facts(1000, 500), ReleaseRules(min_accuracy=0.4, max_calibration_error=0.2)
    )
    [check] = verdict.having(FAILED)
    assert (check.name, round(check.value, 4)) == ("calibration_error", 0.4)


def test_a_reset_is_recorded():
    verdict = judge(make_facts(1000, 50), ReleaseRules(), reset_baseline="new camera")
    assert verdict.reset_baseline == "new camera"
    assert verdict.baseline_note == "The baseline was reset: new camera"


def test_force_is_recorded_and_changes_no_check():
    verdict = judge(make_facts(100, 50), ReleaseRules(), force_push="demo tomorrow")
    assert not verdict.is_released
    assert verdict.sentence.startswith(
        "Pushed by force (demo tomorrow). Without that: Refused: accuracy must be at least"
    )


def test_survives_its_file(tmp_path):
    verdict = judge(make_facts(100, 50, 40), ReleaseRules(min_recall=0.5), baseline="3")
    # The class dog has no test images: NaN is not equal to itself, and is not JSON.
    write_verdict(verdict, str(tmp_path))
    again = read_verdict(str(tmp_path))
    assert repr(again) == repr(verdict)
    assert "NaN" not in (tmp_path / "release_verdict.json").read_text()
