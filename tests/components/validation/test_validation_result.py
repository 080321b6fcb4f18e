import json

import pytest

from components.validation.validation_result import (
    Anomaly,
    ValidationResult,
    judge,
    list_some,
    merge_splits,
    quote,
    read_verdict,
    stop_message,
    verdict_to_json,
)
from components.validation.validation_rules import ValidationRules

DRIFT = Anomaly("drift", "train", "image/brightness", "darker")
GRAY = Anomaly("grayscale", "test", "image/channels", "gray")
NEW = Anomaly("new_class", "eval", "image/class/text", "'Bär'")


def test_sorts_by_level_and_drops_what_is_ignored():
    rules = ValidationRules(grayscale="ignore")
    assert judge([DRIFT, GRAY, NEW], rules, has_baseline=True) == ValidationResult(
        (NEW,), (DRIFT,), True
    )


def test_a_verdict_is_a_file_with_all_findings(tmp_path):
    verdict = ValidationResult((NEW,), (DRIFT, GRAY), has_baseline=True)
    text = verdict_to_json(verdict)
    (tmp_path / "verdict.json").write_text(text, "utf-8")
    assert read_verdict(str(tmp_path)) == verdict
    assert json.loads(text) == {
        "has_baseline": True,
        "findings": [
            {
                "level": "stop",
                "kind": "new_class",
                "split": "eval",
                "feature": "image/class/text",
                "text": "'Bär'",
            },
            {
                "level": "warn",
                "kind": "drift",
                "split": "train",
                "feature": "image/brightness",
                "text": "darker",
            },
            {
                "level": "warn",
                "kind": "grayscale",
                "split": "test",
                "feature": "image/channels",
                "text": "gray",
            },
        ],
    }


def test_a_verdict_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_verdict(str(tmp_path))


@pytest.mark.parametrize(
    ("split", "feature", "line"),
    [
        ("test", "image/format", "image/format in test: text"),
        ("", "image/format", "image/format: text"),
        ("test", "", "test: text"),
        ("", "", "all images: text"),
    ],
)
def test_a_finding_is_one_line(split, feature, line):
    assert str(Anomaly("schema", split, feature, "text")) == line


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("cat", "'cat'"),
        ('<b>"big", cats</b>', "'<b>\"big\", cats</b>'"),
        ("two\nlines\x1b[2J", r"'two\nlines\x1b[2J'"),
        ("x" * 61, f"'{'x' * 60}...'"),
    ],
)
def test_names_stay_on_one_line(name, quoted):
    assert quote(name) == quoted


def test_lists_ten_and_counts_the_others():
    assert list_some("abc") == "a, b, c"
    assert list_some(["x"] * 10) == ", ".join("x" * 10)
    assert list_some(["x"] * 1_234) == f"{', '.join('x' * 10)} and 1,224 more"


def found(split, text, kind="out_of_range", feature="image/brightness"):
    return Anomaly(kind, split, feature, text)


def test_a_feature_is_told_once_and_not_for_each_split():
    """Fault D12: one feature was up to three warnings, one a split."""
    same = [found(split, "expected 1; found: 2") for split in ("train", "eval", "test")]
    other = [
        found("train", "expected 1; found: 2", feature="image/height"),
        found("test", "expected 1; found: 3", feature="image/height"),
    ]
    shifts = [found(split, f"{split} is darker", "drift") for split in ("train", "eval", "test")]
    assert list(map(str, merge_splits([*same, *other, *shifts]))) == [
        "image/brightness in train, eval, test: expected 1; found: 2",
        "image/height: expected 1; found in train: 2, in test: 3",
        "image/brightness in train: train is darker; also in eval, test",
    ]


def test_findings_about_different_things_stay_apart():
    few = found("", "expected at least 20 images; found fewer of 'a' (1)", "small_class", "x")
    none = found("test", "expected images of every class; found none of 'a'", "small_class", "x")
    assert merge_splits([few, none]) == [few, none]


SCHEMA_ADVICE = "-m pipeline.schema freeze --data=pets --statistics=a --statistics=b"


def advice_on(kind, split=""):
    """All that is said behind the findings."""
    verdict = ValidationResult(stops=(Anomaly(kind, split, "x", "expected a; found b"),))
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
        Anomaly(kind, "train", "x", "y") for kind in ("drift", "new_class", "drift", "skew")
    ]
    message = stop_message(ValidationResult(stops=tuple(findings)), ["a", "b"], ["--data=pets"])
    assert message.count(SCHEMA_ADVICE) == 1
    assert message.count("--validate.drift warn") == 1
    assert message.count("--validate.skew warn") == 1
