"""Precision and recall of each class, read off the confusion matrix that TFMA counts anyway.

TFMA's own `Precision` and `Recall` count afresh for each class: they unpack each image once more
for every class and every slice that the image is in. Where the most probable class is the answer,
the matrix holds all that they count. They also take a class that is never predicted for one that
always is, with a recall of 1; here it has a recall of 0.

`thresholds.py` names them in the EvalConfig, and TFMA imports them from here.
"""

import functools
import math
from collections.abc import Mapping
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import multi_class_confusion_matrix_metrics as matrices
from tensorflow_model_analysis.metrics.metric_types import MetricComputations
from tensorflow_model_analysis.proto import config_pb2

_TOP_K = 1
"""Only the most probable class counts as predicted; TFMA writes this into the key."""


class ClassPrecision(tfma.metrics.Metric):
    """As TFMA's `Precision` with `top_k` 1, for each class of `binarize`."""

    def __init__(self, name: str, code_fingerprint: str):
        """Names it.

        Args:
            name: Under which TFMA writes it.
            code_fingerprint: Changes when this code does, and with it the Evaluator's cache key.
        """
        create = tfma.metrics.merge_per_key_computations(_create_computations)
        super().__init__(create, name=name, among="predicted_class_id", of_none=0.0)


class ClassRecall(tfma.metrics.Metric):
    """As TFMA's `Recall` with `top_k` 1, for each class of `binarize`."""

    def __init__(self, name: str, code_fingerprint: str):
        """Names it; see `ClassPrecision`."""
        create = tfma.metrics.merge_per_key_computations(_create_computations)
        super().__init__(create, name=name, among="actual_class_id", of_none=math.nan)


# TFMA looks which parameters there are, and hands over no others.
def _create_computations(
    name: str,
    among: str,
    of_none: float,
    sub_key: tfma.metrics.SubKey,
    eval_config: config_pb2.EvalConfig,
    model_name: str,
    output_name: str,
    example_weighted: bool,
) -> MetricComputations:
    """Creates the computations of one class: how many of the images in it are rightly in it.

    Args:
        name: Of the metric.
        among: Which images are in it: `predicted_class_id` or `actual_class_id`.
        of_none: The value where no image is in it.
        sub_key: The class.
        eval_config: TFMA's.
        model_name: TFMA's.
        output_name: TFMA's.
        example_weighted: Whether images have weights.
    """
    # The same as MultiClassConfusionMatrixPlot's, of which TFMA keeps one.
    counted = matrices.multi_class_confusion_matrices(
        eval_config=eval_config,
        model_name=model_name,
        output_name=output_name,
        example_weighted=example_weighted,
    )
    key = tfma.metrics.MetricKey(
        name=name,
        model_name=model_name,
        output_name=output_name,
        sub_key=sub_key._replace(top_k=_TOP_K),
        example_weighted=example_weighted,
    )
    [matrix_key] = counted[-1].keys
    result = functools.partial(
        _divide, key=key, matrix_key=matrix_key, among=among, of_none=of_none
    )
    return [*counted, tfma.metrics.DerivedMetricComputation([key], result)]


def _divide(
    metrics: Mapping[tfma.metrics.MetricKey, Any],
    key: tfma.metrics.MetricKey,
    matrix_key: tfma.metrics.MetricKey,
    among: str,
    of_none: float,
) -> dict[tfma.metrics.MetricKey, float]:
    [matrix] = metrics[matrix_key].values()
    class_id = key.sub_key.class_id
    images = sum(count for entry, count in matrix.items() if getattr(entry, among) == class_id)
    right = matrix.get(matrices.MatrixEntryKey(class_id, class_id), 0.0)
    return {key: right / images if images else of_none}
