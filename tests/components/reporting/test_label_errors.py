import numpy as np
import pytest

from components.predictions import ModelPredictions, Predictions
from components.reporting.label_errors import find_label_errors
from tests.components.release.made_up import make_predictions


def planted(names=("cat", "dog"), extra=()):
    """Images of two classes; the third and the last of the cats are surely dogs."""
    texts = ["cat"] * 20 + ["dog"] * 20 + list(extra)
    certain = [0.9] * len(texts)
    chosen = list(texts)
    chosen[2], certain[2] = "dog", 0.99
    chosen[19], certain[19] = "dog", 0.97
    probabilities = np.zeros((len(texts), len(names)), np.float32)
    for row, (name, value) in enumerate(zip(chosen, certain, strict=True)):
        probabilities[row] = (1 - value) / (len(names) - 1)
        probabilities[row, names.index(name if name in names else "cat")] = value
    array = np.array(texts, object)
    return Predictions(array, array, array, ModelPredictions(names, probabilities))


def test_finds_planted_errors_the_worst_first():
    found = find_label_errors(planted())
    assert found.rows == (2, 19)
    assert found.note == ""


def test_classes_without_and_with_few_test_images_are_said():
    found = find_label_errors(planted(("bird", "cat", "dog", "fish"), extra=["fish"] * 4))
    assert found.rows == (2, 19)
    assert found.note == (
        "1 class has no test images: no image can be suspected to belong there. 1 class has fewer "
        "than 5 test images: little can be said about their labels."
    )


def test_images_of_a_class_that_the_model_does_not_know_are_left_out():
    assert find_label_errors(planted(extra=["horse"])).rows == (2, 19)


@pytest.mark.parametrize("texts", [["cat"], ["cat"] * 50, ["horse", "cow"]])
def test_one_class_is_not_enough(texts):
    found = find_label_errors(make_predictions(texts, ["dog"] * len(texts)))
    assert found.rows == ()
    known = len(set(texts) & {"cat", "dog"})
    assert found.note == (
        "Confident learning compares classes with each other and needs test images of two classes "
        f"at least. Here there are images of {known}."
    )


def test_what_the_library_refuses_is_said():
    predictions = make_predictions(["cat", "dog"], ["cat", "dog"])
    predictions.model.probabilities[:] = 2
    found = find_label_errors(predictions)
    assert found.rows == ()
    assert found.note.startswith("Confident learning failed on these images: ")
    assert found.note.endswith(".")
