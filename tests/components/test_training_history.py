"""What is written about a training."""

import json
import pathlib

from components.training_history import HISTORY_FILE, PhaseResult, read_history, write_history

FIRST = PhaseResult(
    "training", {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5]}, 2, 1, 1.23456, 1234.5678
)
SECOND = PhaseResult(
    "fine_tuning", {"loss": [1.0, 0.5, 0.25], "val_loss": [1.5, 1.0, 1.25]}, 2, 0, 10.0, 0.0
)


def test_writes_every_epoch_of_every_phase(tmp_path: pathlib.Path) -> None:
    write_history(str(tmp_path), {"trainer": "cnn", "images": {"train": 7}}, [FIRST, SECOND])
    expected = {
        "trainer": "cnn",
        "images": {"train": 7},
        # Two epochs, and two of three.
        "kept_epoch": 4,
        "phases": [
            {
                "name": "training",
                "epochs": 2,
                "resumed_after": 1,
                "seconds": 1.235,
                "images_per_second": 1234.6,
            },
            {
                "name": "fine_tuning",
                "epochs": 3,
                "resumed_after": 0,
                "seconds": 10.0,
                "images_per_second": 0.0,
            },
        ],
        "epochs": {"loss": [3.0, 2.0, 1.0, 0.5, 0.25], "val_loss": [3.5, 2.5, 1.5, 1.0, 1.25]},
    }
    assert json.loads((tmp_path / HISTORY_FILE).read_text()) == expected
    assert read_history(str(tmp_path)) == expected


def test_one_phase(tmp_path: pathlib.Path) -> None:
    write_history(str(tmp_path), {}, [FIRST])
    assert HISTORY_FILE == "history.json"
    history = read_history(str(tmp_path))
    assert sorted(history) == ["epochs", "kept_epoch", "phases"]
    assert (history["kept_epoch"], history["epochs"]["loss"]) == (2, [3.0, 2.0])
