"""What became of a training, as JSON: every epoch, every phase, and how it was set."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from components.storage import open_text

HISTORY_FILE = "history.json"


@dataclasses.dataclass(frozen=True)
class PhaseResult:
    """What a phase came to.

    Attributes:
        name: Of the phase.
        history: For each of loss, accuracy, val_loss and val_accuracy, its value after each epoch.
        kept_epoch: The epoch whose weights the model has, counted from 1.
        resumed_after: Epochs that an earlier attempt had trained already.
        seconds: Spent in this attempt, with the preparations, such as features that are computed.
        images_per_second: Trained on in this attempt, evaluation included; 0 if there were none.
    """

    name: str
    history: dict[str, list[float]]
    kept_epoch: int
    resumed_after: int
    seconds: float
    images_per_second: float

    @property
    def epochs(self) -> int:
        """How many there were, over all attempts."""
        return len(self.history["loss"])


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
    with open_text(os.path.join(folder, HISTORY_FILE), "w") as file:
        file.write(json.dumps(history, indent=2))


def read_history(folder: str) -> dict[str, Any]:
    """Reads what `write_history` wrote."""
    with open_text(os.path.join(folder, HISTORY_FILE), "r") as file:
        history: dict[str, Any] = json.load(file)
    return history
