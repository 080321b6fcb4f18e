import json
import math

import pytest

from components.errors import PipelineError
from components.validation.validation_rules import KINDS, RuleError, ValidationRules, from_dict

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
    assert ValidationRules().to_dict() == DEFAULTS
    assert from_dict({}) == ValidationRules()


def test_survives_json():
    rules = ValidationRules(drift="ignore", min_images_per_class=3, max_gray_share=1)
    assert from_dict(json.loads(json.dumps(rules.to_dict()))) == rules
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
CHANGE = "Change it in the configuration."


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"drift": "warm"},
            f"validate.drift {LEVELS} validate.drift='warm'. Did you mean 'warn'?",
        ),
        ({"skew": True}, f"validate.skew {LEVELS} validate.skew=True."),
        ({"schema": ["stop"]}, f"validate.schema {LEVELS} validate.schema=['stop']."),
        (
            {"new_class": "warn"},
            "validate.new_class must be stop: a class that the schema does not name has no number "
            "to train on. Received: validate.new_class='warn'. To admit a class, add it to the "
            "schema with `python -m pipeline.schema freeze`.",
        ),
        (
            {"min_images_per_class": -1},
            "validate.min_images_per_class must be a whole number, 0 or more. Received: "
            f"validate.min_images_per_class=-1. {CHANGE}",
        ),
        (
            {"min_images_per_class": 1.5},
            "validate.min_images_per_class must be a whole number, 0 or more. Received: "
            f"validate.min_images_per_class=1.5. {CHANGE}",
        ),
        (
            {"min_images_per_class": True},
            "validate.min_images_per_class must be a whole number, 0 or more. Received: "
            f"validate.min_images_per_class=True. {CHANGE}",
        ),
        (
            {"max_gray_share": 1.01},
            "validate.max_gray_share must be from 0 to 1. Received: validate.max_gray_share=1.01. "
            f"{CHANGE}",
        ),
        (
            {"smallest_class_shift": "a little"},
            "validate.smallest_class_shift must be a number. Received: "
            f"validate.smallest_class_shift='a little'. {CHANGE}",
        ),
        (
            {"smallest_feature_shift": math.nan},
            "validate.smallest_feature_shift must be a number. Received: "
            f"validate.smallest_feature_shift=nan. {CHANGE}",
        ),
        (
            {"false_alarm_rate": 0},
            "validate.false_alarm_rate must be above 0 and below 1. Received: "
            f"validate.false_alarm_rate=0.0. {CHANGE}",
        ),
        (
            {"drifts": "warn"},
            f"The settings of validate are {', '.join(DEFAULTS)}. Received: 'drifts'. "
            "Did you mean 'drift'?",
        ),
    ],
)
def test_refuses_a_rule(values, message):
    with pytest.raises(RuleError) as caught:
        from_dict(values)
    assert str(caught.value) == message
    assert isinstance(caught.value, PipelineError)
