import dataclasses

import pytest

from components.config_checks import ConfigurationError
from components.release.release_rules import ReleaseRules


def test_defaults_survive_json_types():
    assert ReleaseRules(**dataclasses.asdict(ReleaseRules())) == ReleaseRules()


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ReleaseRules().min_accuracy = 0.1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"min_accuracy": 1.1},
            "evaluate.min_accuracy must be from 0 to 1. Received: evaluate.min_accuracy=1.1.",
        ),
        (
            {"max_accuracy_loss": -2},
            "evaluate.max_accuracy_loss must be from 0 to 1. "
            "Received: evaluate.max_accuracy_loss=-2.0.",
        ),
        (
            {"max_model_megabytes": 0},
            "evaluate.max_model_megabytes must be greater than 0 and finite. "
            "Received: evaluate.max_model_megabytes=0.0.",
        ),
        (
            {"confidence": 0.5},
            "evaluate.confidence must be above 0.5 and below 1. Received: evaluate.confidence=0.5.",
        ),
        (
            {"not_enough_evidence": "refus"},
            "evaluate.not_enough_evidence must be one of refuse, point_estimate. "
            "Received: evaluate.not_enough_evidence='refus'. Did you mean 'refuse'?",
        ),
        (
            {"min_recall_of": {7: 0.5}},
            "evaluate.min_recall_of must map names of classes (in YAML, quoted where they look "
            "like numbers) to numbers. Received: evaluate.min_recall_of={7: 0.5}.",
        ),
        (
            {"min_recall_of": {"cat": "high"}},
            "evaluate.min_recall_of.cat must be a number. "
            "Received: evaluate.min_recall_of.cat='high'.",
        ),
        (
            {"min_precision_of": {"cat": 2}},
            "evaluate.min_precision_of.cat must be from 0 to 1. "
            "Received: evaluate.min_precision_of.cat=2.",
        ),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError) as raised:
        ReleaseRules(**settings)
    assert str(raised.value) == message
