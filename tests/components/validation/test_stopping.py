"""What a run that stops at the gate says about what can be done."""

import pytest

from components.validation.findings import Finding, Verdict
from components.validation.stopping import stop_message

SCHEMA_ADVICE = "-m pipeline.schema freeze --data=pets --statistics=a --statistics=b"


def advice_on(kind, split=""):
    """All that is said behind the findings."""
    verdict = Verdict(stops=(Finding(kind, split, "x", "expected a; found b"),))
    message = stop_message(verdict, ["a", "b"], ["--data=pets"])
    return message.partition("if the images are right:")[2]


@pytest.mark.parametrize("kind", ["new_class", "new_format", "out_of_range", "vanished_class"])
def test_what_a_schema_says_can_be_frozen(kind):
    """Fault D12: the command is that of this run."""
    assert SCHEMA_ADVICE in advice_on(kind)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("drift", ["smallest_class_shift", "smallest_feature_shift", "drift warn"]),
        ("skew", ["smallest_class_shift", "smallest_feature_shift", "skew warn"]),
        ("small_class", ["min_images_per_class", "small_class warn"]),
        ("grayscale", ["max_gray_share", "grayscale warn"]),
        ("schema", ["schema warn"]),
    ],
)
def test_what_no_schema_changes_is_not_to_be_frozen(kind, settings):
    """Fault D12: whoever froze a schema against drift was stopped by the same drift again."""
    advice = advice_on(kind, "train")
    assert "pipeline.schema freeze" not in advice
    for setting in settings:
        assert f"--validate.{setting.replace('_', '-')}" in advice


def test_a_class_without_images_to_train_on_is_not_gone():
    advice = advice_on("vanished_class", "train")
    assert "pipeline.schema freeze" not in advice
    assert "--validate.vanished-class warn" in advice


def test_each_kind_has_its_own_advice():
    findings = [
        Finding(kind, "train", "x", "y") for kind in ("drift", "new_class", "drift", "skew")
    ]
    message = stop_message(Verdict(stops=tuple(findings)), ["a", "b"], ["--data=pets"])
    assert message.count(SCHEMA_ADVICE) == 1
    assert message.count("--validate.drift warn") == 1
    assert message.count("--validate.skew warn") == 1
