import json
import math

import pytest

from components.reporting.metrics_json import metrics_to_json
from tests.components.release.made_up import make_model, make_predictions
from tests.components.reporting.made_up import HOSTILE, make_facts


def metrics_of(predictions, **values):
    text = metrics_to_json(make_facts(predictions, **values))
    assert "NaN" not in text
    return json.loads(text)


@pytest.fixture(scope="module")
def metrics():
    texts, chosen = ["cat"] * 6 + ["dog"] * 4, ["cat"] * 5 + ["dog"] * 5
    before = make_model(["cat", "fox"], ["cat"] * 10)
    return metrics_of(make_predictions(texts, chosen, ("ant", "cat", "dog"), before))


def test_keys(metrics):
    assert list(metrics) == [
        "format",
        "pipeline",
        "run",
        "verdict",
        "checks",
        "images",
        "accuracy",
        "top_3_accuracy",
        "loss",
        "calibration",
        "classes",
        "confusions",
        "mistakes",
        "label_errors",
        "changes",
        "serving",
        "data_fingerprint",
        "versions",
        "steps",
    ]


def test_accuracy_with_its_interval(metrics):
    accuracy = metrics["accuracy"]
    assert (accuracy["value"], accuracy["right"], accuracy["images"]) == (0.9, 9, 10)
    assert [accuracy["low"], accuracy["high"]] == pytest.approx([0.5958, 0.9821], abs=1e-4)
    # Sure by 0.9 each time, of three classes, and wrong once.
    assert metrics["loss"] == pytest.approx(-(9 * math.log(0.9) + math.log(0.05)) / 10, abs=1e-6)


def test_classes(metrics):
    cat, ant = metrics["classes"]["cat"], metrics["classes"]["ant"]
    assert (cat["images"], cat["recall"]["right"], cat["precision"]["value"]) == (6, 5, 1.0)
    assert ant["recall"] == {"value": None, "low": 0.0, "high": 1.0, "right": 0, "images": 0}
    assert metrics["confusions"] == [{"class": "cat", "answer": "dog", "images": 1}]
    assert metrics["mistakes"] == 1


def test_changes(metrics):
    assert metrics["changes"] == {
        "gained": 4,
        "lost": 1,
        "both_right": 5,
        "both_wrong": 0,
        "unknown_images": 4,
        "only_new": ["ant", "dog"],
        "only_old": ["fox"],
    }
    assert metrics_of(make_predictions(["cat"], ["cat"]))["changes"] is None


def test_verdict_images_and_origin(metrics):
    assert metrics["verdict"]["released"] is True
    assert metrics["checks"][0]["outcome"] == "passed"
    assert metrics["images"] == {
        "test": 10,
        "found": 21,
        "used": 17,
        "rejected": 3,
        "duplicates": 1,
        "ignored": 0,
        "splits": {"train": 14, "test": 3},
    }
    assert metrics["data_fingerprint"] == "ab" * 32
    assert metrics["steps"][0]["milliseconds"] == 11_300
    assert metrics["steps"][1]["milliseconds"] is None
    assert metrics["serving"]["latency_milliseconds"]["64"] == {
        "calls": 10,
        "median": 90.0,
        "within_95_percent": 90.0,
    }


def test_names_are_kept_as_they_are():
    predictions = make_predictions(
        [HOSTILE, "a\n\u202e"], [HOSTILE, HOSTILE], (HOSTILE, "a\n\u202e")
    )
    assert list(metrics_of(predictions)["classes"]) == [HOSTILE, "a\n\u202e"]


@pytest.mark.parametrize(("classes", "expected"), [(3, None), (4, 1.0)])
def test_top_3_needs_more_than_three_classes(classes, expected):
    """Fault D14: of two classes, the top three are always right."""
    predictions = make_predictions(["a", "b"], ["a", "b"], tuple("abcd"[:classes]))
    assert metrics_of(predictions)["top_3_accuracy"] == expected
