"""What the Evaluator wrote, read back for people."""

import dataclasses

import tensorflow_model_analysis as tfma

from components.evaluation.thresholds import ACCURACY, LOSS, TOP_3_ACCURACY

EXAMPLE_COUNT = "example_count"


@dataclasses.dataclass(frozen=True)
class EvaluationResult:
    """The overall metrics of a model on the test split.

    Attributes:
        accuracy: Share of images whose top class is right, 0 to 1.
        top_3_accuracy: Share of images whose class is among the top three, 0 to 1.
        loss: Mean cross-entropy, nats.
        images: How many were evaluated.
    """

    accuracy: float
    top_3_accuracy: float
    loss: float
    images: int


def read_evaluation(folder: str) -> EvaluationResult:
    """Reads the overall metrics of the new model.

    Args:
        folder: The artifact `evaluation` of the Evaluator.
    """
    values = _overall_metrics(folder)[tfma.CANDIDATE_KEY]
    return EvaluationResult(
        accuracy=values[ACCURACY],
        top_3_accuracy=values[TOP_3_ACCURACY],
        loss=values[LOSS],
        images=int(values[EXAMPLE_COUNT]),
    )


def read_baseline_accuracy(folder: str) -> float | None:
    """The accuracy of the model that was compared with, on the same images; None without one."""
    return _overall_metrics(folder).get(tfma.BASELINE_KEY, {}).get(ACCURACY)


def _overall_metrics(folder: str) -> dict[str, dict[str, float]]:
    """For each model, the single numbers of the slice that holds all images."""
    metrics: dict[str, dict[str, float]] = {}
    for sliced in tfma.load_metrics(folder):
        if sliced.slice_key.single_slice_keys:
            continue
        for item in sliced.metric_keys_and_values:
            if item.key.is_diff or item.value.WhichOneof("type") != "double_value":
                continue
            # Without a baseline, TFMA leaves the name of the only model empty.
            model = item.key.model_name or tfma.CANDIDATE_KEY
            metrics.setdefault(model, {})[item.key.name] = item.value.double_value.value
    return metrics
