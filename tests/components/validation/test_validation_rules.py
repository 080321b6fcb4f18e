import dataclasses
import math

import pytest

from components.config_checks import ConfigurationError
from components.validation.validation_rules import KINDS, ValidationRules

DEFAULTS = {
    "schema": "stop",
    "new_class": "stop",
    "vanished_class": "stop",
    "small_class": "warn",
    "new_format": "warn",
    "grayscale": "warn",
    "out_of_range": "warn",
    "drift": "warn",
    "skew": "warn",
    "min_images_per_class": 20,
    "max_gray_share": 0.0,
    "smallest_class_shift": 0.05,
    "smallest_feature_shift": 0.1,
    "false_alarm_rate": 0.001,
}


def test_defaults_are_for_retraining_that_nobody_watches():
    assert dataclasses.asdict(ValidationRules()) == DEFAULTS


def test_survives_json():
    rules = ValidationRules(drift="ignore", min_images_per_class=3, max_gray_share=1)
    assert ValidationRules.from_json(rules.to_json()) == rules
    assert rules.max_gray_share == 1.0


def test_every_kind_has_a_level():
    rules = ValidationRules(skew="ignore", grayscale="stop")
    assert {kind: rules.level(kind) for kind in KINDS} == {
        **{kind: DEFAULTS[kind] for kind in KINDS},
        "skew": "ignore",
        "grayscale": "stop",
    }
    with pytest.raises(ValueError, match=r"A kind must be one of schema, .*Received: 'skewed'"):
        rules.level("skewed")


LEVELS = "must be one of stop, warn, ignore. Received:"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"drift": "warm"},
            f"validate.drift {LEVELS} validate.drift='warm'. Did you mean 'warn'?",
        ),
        (
            {"skew": True},
            "validate.skew must be text (in YAML, quoted where it looks like a number), such as "
            "'warn'. Received: validate.skew=True.",
        ),
        (
            {"new_class": "warn"},
            "validate.new_class must be stop: a class that the schema does not name has no number "
            "to train on. Received: validate.new_class='warn'. To admit a class, add it to the "
            "schema with `python -m pipeline.schema freeze`.",
        ),
        (
            {"min_images_per_class": -1},
            "validate.min_images_per_class must be at least 0. Received: "
            "validate.min_images_per_class=-1.",
        ),
        (
            {"min_images_per_class": 1.5},
            "validate.min_images_per_class must be a whole number, such as 20. Received: "
            "validate.min_images_per_class=1.5.",
        ),
        (
            {"max_gray_share": 1.01},
            "validate.max_gray_share must be from 0 to 1. Received: validate.max_gray_share=1.01.",
        ),
        (
            {"smallest_feature_shift": math.nan},
            "validate.smallest_feature_shift must be from 0 to 1. Received: "
            "validate.smallest_feature_shift=nan.",
        ),
        (
            {"false_alarm_rate": 0},
            "validate.false_alarm_rate must be above 0 and below 1. Received: "
            "validate.false_alarm_rate=0.0.",
        ),
    ],
)
def test_refuses_a_rule(values, message):
    with pytest.raises(ConfigurationError) as caught:
        ValidationRules(**values)
    assert str(caught.value) == message
