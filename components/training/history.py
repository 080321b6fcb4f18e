"""What became of a training, as JSON: every epoch, every phase, and how it was set."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from components.training.fit import PhaseResult

HISTORY_FILE = "history.json"


def write_history(folder: str, facts: Mapping[str, Any], results: Sequence[PhaseResult]) -> None:
    """Writes the file.

    Args:
        folder: Where TensorBoard's logs are.
        facts: Of the training; they become keys of their own.
        results: Of all phases, in their order.
    """
    history = {
        **facts,
        "kept_epoch": sum(each.epochs for each in results[:-1]) + results[-1].kept_epoch,
        "phases": [
            {
                "name": each.name,
                "epochs": each.epochs,
                "resumed_after": each.resumed_after,
                "seconds": round(each.seconds, 3),
                "images_per_second": round(each.images_per_second, 1),
            }
            for each in results
        ],
        "epochs": {
            name: [value for each in results for value in each.history[name]]
            for name in results[0].history
        },
    }
    with tf.io.gfile.GFile(os.path.join(folder, HISTORY_FILE), "w") as file:
        file.write(json.dumps(history, indent=2))


def read_history(folder: str) -> dict[str, Any]:
    """Reads what `write_history` wrote."""
    with tf.io.gfile.GFile(os.path.join(folder, HISTORY_FILE)) as file:
        history: dict[str, Any] = json.load(file)
    return history
