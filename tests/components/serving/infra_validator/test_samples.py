import numpy as np
import pytest

from components.serving.infra_validator import samples
from components.serving.infra_validator.samples import choose_samples
from tests.components.release.made_up import make_predictions
from tests.records import write_image_records

TEXTS = ["cat"] * 5 + ["dog"] * 2


@pytest.fixture
def folder(tmp_path):
    """Records of seven images, not in the order of the predictions."""
    numbers = reversed(range(len(TEXTS)))
    return write_image_records(tmp_path, {f"{number:064x}": f"{number}" for number in numbers})


def test_all_of_few(folder):
    chosen = choose_samples(make_predictions(TEXTS, TEXTS), [folder])
    # The first of each class, then the second, and so on.
    assert chosen.images == (b"0", b"5", b"1", b"6", b"2", b"3", b"4")
    assert chosen.names[:2] == ("00000.png", "00005.png")
    assert np.argmax(chosen.probabilities, axis=1).tolist() == [0, 1, 0, 1, 0, 0, 0]


def test_all_classes_have_their_turn(folder, monkeypatch):
    monkeypatch.setattr(samples, "MOST_IMAGES", 4)
    chosen = choose_samples(make_predictions(TEXTS, TEXTS), [folder])
    assert chosen.images == (b"0", b"5", b"1", b"6")


def test_no_more_than_fits_into_memory(folder, monkeypatch):
    monkeypatch.setattr(samples, "MOST_BYTES", 3)
    chosen = choose_samples(make_predictions(TEXTS, TEXTS), [folder])
    assert chosen.images == (b"0", b"5", b"1")
    assert len(chosen.names) == len(chosen.probabilities) == 3


def test_none(folder):
    chosen = choose_samples(make_predictions([], []), [folder])
    assert (chosen.names, chosen.images, chosen.probabilities.shape) == ((), (), (0, 2))
