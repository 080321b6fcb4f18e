"""Predictions of made-up models, and what else the gate judges by."""

import numpy as np

from components.metrics import Metrics
from components.predictions import ModelPredictions, Predictions
from components.release.release_checks import Evidence
from components.serving.serving_facts import GoldenResult, ServingFacts


def make_model(class_names, chosen, confidence=0.9):
    """A model that predicts chosen classes, by name, always as sure."""
    rest = (1 - confidence) / max(1, len(class_names) - 1)
    probabilities = np.full((len(chosen), len(class_names)), rest, np.float32)
    for row, name in enumerate(chosen):
        probabilities[row, class_names.index(name)] = confidence
    return ModelPredictions(tuple(class_names), probabilities)


def make_predictions(class_texts, chosen, class_names=("cat", "dog"), baseline=None):
    """Test images of classes, and the predictions of a model."""
    count = len(class_texts)
    return Predictions(
        np.array([f"{number:05}.png" for number in range(count)], object),
        np.array([f"{number:064x}" for number in range(count)], object),
        np.array(class_texts, object),
        make_model(list(class_names), chosen),
        baseline,
    )


def make_mistakes(images, mistakes, baseline_mistakes=None):
    """A model that takes the first cats for dogs, and a serving one that takes the last."""
    texts = ["cat"] * images
    chosen = ["dog"] * mistakes + ["cat"] * (images - mistakes)
    baseline = None
    if baseline_mistakes is not None:
        before = ["cat"] * (images - baseline_mistakes) + ["dog"] * baseline_mistakes
        baseline = make_model(["cat", "dog"], before)
    return make_predictions(texts, chosen, baseline=baseline)


GOOD_FACTS = ServingFacts(
    problems=(),
    golden=(GoldenResult("JPEG", 1), GoldenResult("a batch of 64", 64)),
    compared_images=20,
    largest_difference=1e-7,
    load_seconds=1.5,
    model_bytes=2_000_000,
    latencies={"1": tuple(5.0 + number / 10 for number in range(30)), "64": (90.0,) * 10},
)


def make_evidence(images, mistakes, before=None, **changes):
    """Of a model that is wrong on some images, beside one that was wrong on others."""
    metrics = Metrics(make_mistakes(images, mistakes, before), 0.95)
    return Evidence(**{"metrics": metrics, "is_blessed": True, "serving": GOOD_FACTS, **changes})
