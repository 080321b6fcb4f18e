"""Metrics, slices and thresholds -> EvalConfig, for TFMA's own views and its blessing."""

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from components.features import BASELINE_PROBABILITIES, CLASS_LABEL, CLASS_TEXT, PROBABILITIES

ACCURACY = "accuracy"
TOP_3_ACCURACY = "top_3_accuracy"
LOSS = "loss"
_PREDICTED = "materialized_prediction"
"""TFMA's name of a model whose predictions are there; it exports none."""
ROUNDING = 1e-6
"""Tolerance of comparisons: the same model on the same images must not seem to lose accuracy."""


def evaluation_config(min_accuracy: float, max_accuracy_loss: float) -> config_pb2.EvalConfig:
    """What the Evaluator measures, and what it takes to be blessed.

    Args:
        min_accuracy: Of the test images, 0 to 1.
        max_accuracy_loss: How much lower than the serving model's the accuracy may be, 0 to 1, on
            the same images.

    Returns:
        Accuracy, top-3 accuracy, loss and a confusion matrix, overall and for the images of each
        class.
    """
    return config_pb2.EvalConfig(
        model_specs=[
            _model(tfma.CANDIDATE_KEY, PROBABILITIES),
            # TFX leaves it out where there is no baseline.
            _model(tfma.BASELINE_KEY, BASELINE_PROBABILITIES, is_baseline=True),
        ],
        slicing_specs=[config_pb2.SlicingSpec(), config_pb2.SlicingSpec(feature_keys=[CLASS_TEXT])],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[
                    _accuracy(min_accuracy, max_accuracy_loss),
                    config_pb2.MetricConfig(
                        class_name="SparseTopKCategoricalAccuracy",
                        config=f'"name": "{TOP_3_ACCURACY}", "k": 3',
                    ),
                    config_pb2.MetricConfig(
                        class_name="SparseCategoricalCrossentropy", config=f'"name": "{LOSS}"'
                    ),
                    config_pb2.MetricConfig(class_name="ExampleCount"),
                    config_pb2.MetricConfig(class_name="MultiClassConfusionMatrixPlot"),
                ]
            )
        ],
    )


def _model(name: str, prediction_key: str, is_baseline: bool = False) -> config_pb2.ModelSpec:
    """A model whose predictions are in the records, so that TFMA does not ask it again."""
    return config_pb2.ModelSpec(
        name=name,
        model_type=_PREDICTED,
        label_key=CLASS_LABEL,
        prediction_key=prediction_key,
        is_baseline=is_baseline,
    )


def _accuracy(min_accuracy: float, max_accuracy_loss: float) -> config_pb2.MetricConfig:
    threshold = config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(
            lower_bound={"value": min_accuracy - ROUNDING}
        ),
        change_threshold=config_pb2.GenericChangeThreshold(
            direction=config_pb2.MetricDirection.HIGHER_IS_BETTER,
            absolute={"value": -max_accuracy_loss - ROUNDING},
        ),
    )
    return config_pb2.MetricConfig(
        class_name="SparseCategoricalAccuracy",
        config=f'"name": "{ACCURACY}"',
        # A plain threshold would hold for the images of each class alone as well.
        per_slice_thresholds=[
            config_pb2.PerSliceMetricThreshold(
                slicing_specs=[config_pb2.SlicingSpec()], threshold=threshold
            )
        ],
    )
