"""An evaluation -> tables that need no network."""

from typing import Any

import pandas as pd
import tensorflow_model_analysis as tfma

from components.evaluation.thresholds import ACCURACY, LOSS, TOP_3_ACCURACY
from components.features import CLASS_TEXT

ALL_IMAGES = "all images"
METRICS = ("example_count", ACCURACY, TOP_3_ACCURACY, LOSS)


def metric_table(result: Any) -> pd.DataFrame:
    """The metrics of all test images, and of those of each class.

    Args:
        result: A `tfma.EvalResult`.

    Returns:
        A row for each slice, "all images" first, then the classes by name; NaN for what was not
        computed.
    """
    rows = {
        _slice_name(key): {name: _find(metrics, name) for name in METRICS}
        for key, metrics in result.slicing_metrics
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(METRICS))
    table.index.name = CLASS_TEXT
    by_name = table.sort_index()
    return by_name.sort_index(key=lambda names: names != ALL_IMAGES, kind="stable")


def confusion_table(folder: str, class_names: tuple[str, ...]) -> pd.DataFrame:
    """How many test images of each class, a row, got each answer, a column.

    Args:
        folder: Of the evaluation.
        class_names: In the order of their labels.
    """
    table = pd.DataFrame(0, index=list(class_names), columns=list(class_names))
    table.index.name, table.columns.name = "class", "answer"
    for sliced in tfma.load_plots(folder):
        if sliced.slice_key.single_slice_keys:
            continue
        for plot in sliced.plot_keys_and_values:
            if plot.key.model_name == tfma.BASELINE_KEY:
                continue
            for at in plot.value.multi_class_confusion_matrix_at_thresholds.matrices:
                # TFMA leaves out ids that are zero.
                for entry in at.entries:
                    row, column = entry.actual_class_id, entry.predicted_class_id
                    table.iloc[row, column] = int(entry.num_weighted_examples)
    return table


def _slice_name(key: tuple[tuple[str, str], ...]) -> str:
    return key[0][1] if key else ALL_IMAGES


def _find(metrics: Any, name: str) -> float:
    value = metrics.get("", {}).get("", {}).get(name, {})
    return float(value.get("doubleValue", "nan"))
