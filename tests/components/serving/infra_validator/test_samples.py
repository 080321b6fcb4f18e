import numpy as np
import pytest
import tensorflow as tf

from components import features
from components.serving.infra_validator import samples
from components.serving.infra_validator.samples import choose_samples
from tests.components.release.made_up import make_predictions

TEXTS = ["cat"] * 5 + ["dog"] * 2


@pytest.fixture
def folder(tmp_path):
    """Records of seven images, not in the order of the predictions."""
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(tmp_path / "data.gz"), options) as writer:
        for number in reversed(range(len(TEXTS))):
            example = tf.train.Example()
            values = {features.IMAGE_SHA256: f"{number:064x}", features.IMAGE_ENCODED: f"{number}"}
            for key, value in values.items():
                example.features.feature[key].bytes_list.value.append(value.encode())
            writer.write(example.SerializeToString())
    return str(tmp_path)


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
