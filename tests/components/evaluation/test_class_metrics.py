"""Precision and recall of each class, beside those that TFMA counts image by image."""

import math

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import multi_class_confusion_matrix_metrics as matrices
from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.class_metrics import ClassPrecision, ClassRecall

CLASSES = 4
NEVER = 3
"""The class that is never predicted."""
METRICS = (
    ClassPrecision("precision", code_fingerprint=""),
    ClassRecall("recall", code_fingerprint=""),
)
THEIRS = (
    tfma.metrics.Precision(name="precision", top_k=1),
    tfma.metrics.Recall(name="recall", top_k=1),
)


def make_inputs(images: int) -> list[tfma.metrics.StandardMetricInputs]:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(CLASSES), images).astype(np.float32)
    probabilities[:, NEVER] = 0.0
    # Equal ones, of which the first is the answer.
    probabilities[::7] = 0.25
    labels = random.integers(CLASSES, size=(images, 1))
    return [
        tfma.metrics.StandardMetricInputs({"labels": label, "predictions": row})
        for label, row in zip(labels, probabilities, strict=True)
    ]


def measure(
    metrics: tuple[tfma.metrics.Metric, ...], inputs: list[tfma.metrics.StandardMetricInputs]
) -> dict[tuple[str, int], float]:
    """Does as TFMA's evaluator does: combines, then derives."""
    found = {}
    sub_keys = [tfma.metrics.SubKey(class_id=number) for number in range(CLASSES)]
    for metric in metrics:
        for one in metric.computations(eval_config=config_pb2.EvalConfig(), sub_keys=sub_keys):
            if isinstance(one, tfma.metrics.DerivedMetricComputation):
                found.update(one.result(found))
                continue
            counted = one.combiner.create_accumulator()
            for each in inputs:
                counted = one.combiner.add_input(counted, each)
            found.update(one.combiner.extract_output(counted))
    return {
        (key.name, key.sub_key.class_id): value
        for key, value in found.items()
        if key.sub_key and key.sub_key.top_k == 1 and not key.name.startswith("_")
    }


def test_are_those_of_tfma() -> None:
    inputs = make_inputs(500)
    ours, theirs = measure(METRICS, inputs), measure(THEIRS, inputs)
    of_never = [("precision", NEVER), ("recall", NEVER)]
    assert [theirs.pop(key) for key in of_never] == [pytest.approx(0.25, abs=0.1), 1.0]
    assert [ours.pop(key) for key in of_never] == [0.0, 0.0]
    assert ours == theirs
    assert len(ours) == 2 * (CLASSES - 1)


def test_of_a_class_without_images() -> None:
    inputs = make_inputs(500)
    others = [each for each in inputs if each.labels != 0]
    recall = measure(METRICS, others)["recall", 0]
    assert math.isnan(recall)
    assert math.isnan(measure(THEIRS, others)["recall", 0])


def test_need_no_count_of_their_own() -> None:
    plot = tfma.metrics.MultiClassConfusionMatrixPlot()
    [counted, _] = plot.computations(eval_config=config_pb2.EvalConfig())
    sub_keys = [tfma.metrics.SubKey(class_id=0)]
    for metric in METRICS:
        [own, _] = metric.computations(eval_config=config_pb2.EvalConfig(), sub_keys=sub_keys)
        # By this TFMA knows what it has already.
        assert own == counted
        assert [key.name for key in own.keys] == [matrices.MULTI_CLASS_CONFUSION_MATRICES]
