import numpy as np
import pytest

from components.predictions import ModelPredictions, read_predictions, write_predictions
from tests.components.release.made_up import make_model, make_predictions


def test_most_probable_classes():
    model = ModelPredictions(("a", "b"), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32))
    texts = np.array(["a", "b", "c"], object)
    assert model.top_classes.tolist() == [0, 1, 0]
    assert model.confidences.tolist() == pytest.approx([0.9, 0.8, 0.6])
    assert model.positions_of(texts).tolist() == [0, 1, -1]
    assert model.predicted_class(1) == "b"
    assert model.is_correct(texts).tolist() == [True, True, False]


def test_survives_its_file(tmp_path):
    baseline = make_model(["bird", "<cat>\n"], ["bird", "bird"])
    names = ("<cat>\n", "dög")
    written = make_predictions(["<cat>\n", "dög"], ["dög", "dög"], names, baseline)
    write_predictions(written, str(tmp_path))
    read = read_predictions(str(tmp_path))
    assert len(read) == 2
    assert read.filenames.tolist() == ["00000.png", "00001.png"]
    assert read.sha256s.tolist() == written.sha256s.tolist()
    assert read.class_texts.tolist() == ["<cat>\n", "dög"]
    assert read.model.class_names == names
    assert read.model.probabilities.tolist() == written.model.probabilities.tolist()
    assert read.baseline is not None
    assert read.baseline.class_names == ("bird", "<cat>\n")
    assert read.baseline.probabilities.tolist() == baseline.probabilities.tolist()


def test_no_images_and_no_baseline(tmp_path):
    write_predictions(make_predictions([], []), str(tmp_path))
    read = read_predictions(str(tmp_path))
    assert (len(read), read.baseline, read.model.class_names) == (0, None, ("cat", "dog"))
    assert read.model.probabilities.shape == (0, 2)
    assert read.model.is_correct(read.class_texts).tolist() == []
