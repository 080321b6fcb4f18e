"""Metrics, slices and thresholds -> EvalConfig."""

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from components.features import BASELINE_PROBABILITIES, CLASS_LABEL, CLASS_TEXT, PROBABILITIES

ACCURACY = "accuracy"
TOP_3_ACCURACY = "top_3_accuracy"
LOSS = "loss"
PRECISION = "precision"
RECALL = "recall"
CLASS_METRICS = "evaluation.class_metrics"
"""Where our own metrics are, for `code_fingerprint`."""
CLASS_METRICS_MODULE = f"components.{CLASS_METRICS}"
_ANSWERED = "materialized_prediction"
"""TFMA's name of a model whose answers are there; it exports none."""
ROUNDING = 1e-6
"""Tolerance of comparisons: the same model on the same images must not seem to lose accuracy."""


def evaluation_config(
    classes: int, min_accuracy: float, max_accuracy_loss: float, code_fingerprint: str
) -> config_pb2.EvalConfig:
    """What the Evaluator measures, and what it takes to be blessed.

    Args:
        classes: How many classes there are.
        min_accuracy: Share of the test images, 0 to 1, that the top class must be right on.
        max_accuracy_loss: How much lower than the last blessed model's the accuracy may be, 0 to
            1, on the same images.
        code_fingerprint: Of `CLASS_METRICS`, so that TFX's cache notices when they change.

    Returns:
        Accuracy, top-3 accuracy, loss, a confusion matrix, and precision and recall of each
        class, overall and for the images of each class.
    """
    return config_pb2.EvalConfig(
        model_specs=[
            _model(tfma.CANDIDATE_KEY, PROBABILITIES),
            # TFX leaves it out where there is no baseline.
            _model(tfma.BASELINE_KEY, BASELINE_PROBABILITIES, is_baseline=True),
        ],
        slicing_specs=[config_pb2.SlicingSpec(), config_pb2.SlicingSpec(feature_keys=[CLASS_TEXT])],
        metrics_specs=[
            _overall_metrics(min_accuracy, max_accuracy_loss),
            _class_metrics(classes, code_fingerprint),
        ],
    )


def _model(name: str, prediction_key: str, is_baseline: bool = False) -> config_pb2.ModelSpec:
    """A model whose answers are in the records, so that TFMA does not ask it again."""
    return config_pb2.ModelSpec(
        name=name,
        model_type=_ANSWERED,
        label_key=CLASS_LABEL,
        prediction_key=prediction_key,
        is_baseline=is_baseline,
    )


def _overall_metrics(min_accuracy: float, max_accuracy_loss: float) -> config_pb2.MetricsSpec:
    threshold = config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(
            lower_bound={"value": min_accuracy - ROUNDING}
        ),
        change_threshold=config_pb2.GenericChangeThreshold(
            direction=config_pb2.MetricDirection.HIGHER_IS_BETTER,
            absolute={"value": -max_accuracy_loss - ROUNDING},
        ),
    )
    return config_pb2.MetricsSpec(
        metrics=[
            config_pb2.MetricConfig(
                class_name="SparseCategoricalAccuracy",
                config=f'"name": "{ACCURACY}"',
                # A plain threshold would hold for the images of each class alone as well.
                per_slice_thresholds=[
                    config_pb2.PerSliceMetricThreshold(
                        slicing_specs=[config_pb2.SlicingSpec()], threshold=threshold
                    )
                ],
            ),
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


def _class_metrics(classes: int, code_fingerprint: str) -> config_pb2.MetricsSpec:
    """Precision and recall of each class against all others, where its probability leads."""
    return config_pb2.MetricsSpec(
        binarize=config_pb2.BinarizationOptions(class_ids={"values": list(range(classes))}),
        metrics=[
            config_pb2.MetricConfig(
                class_name=class_name,
                module=CLASS_METRICS_MODULE,
                config=f'"name": "{name}", "code_fingerprint": "{code_fingerprint}"',
            )
            for class_name, name in (("ClassPrecision", PRECISION), ("ClassRecall", RECALL))
        ],
    )
