import numpy as np

from components.predictions import Answers, Predictions
from components.reporting.measuring.confusion import Confusion, find_confusion, most_confused
from tests.components.release.made_up import make_predictions


def test_images_by_class_and_answer():
    found = find_confusion(
        make_predictions(["cat", "cat", "dog", "cat"], ["cat", "dog", "dog", "dog"])
    )
    assert found.names == ("cat", "dog")
    assert found.images == {(0, 0): (0,), (0, 1): (1, 3), (1, 1): (2,)}
    assert found.supports == (3, 1)
    assert found.answers == (1, 3)
    assert found.count((1, 0)) == 0


def test_the_most_confident_come_first():
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.7, 0.3]], np.float32)
    texts = np.array(["dog", "dog", "dog"], object)
    found = find_confusion(Predictions(texts, texts, texts, Answers(("cat", "dog"), probabilities)))
    assert found.images == {(1, 0): (1, 2, 0)}


def test_a_class_that_the_model_does_not_know_stands_last():
    found = find_confusion(make_predictions(["bird", "cat"], ["dog", "cat"]))
    assert found.names == ("cat", "dog", "bird")
    assert found.images == {(0, 0): (1,), (2, 1): (0,)}


def test_the_most_frequent_mistakes_come_first():
    images = {(0, 0): (1,), (0, 1): (2,), (1, 2): (3, 4), (2, 0): (5,)}
    assert Confusion(("a", "b", "c"), images).mistaken == ((1, 2), (0, 1), (2, 0))


def test_few_classes_are_all_shown():
    assert most_confused(Confusion(("a", "b", "c"), {}), 3) == (0, 1, 2)


def test_of_many_classes_those_confused_most():
    images = {(0, 0): (1,) * 9, (4, 3): (1, 2, 3), (1, 3): (4, 5), (0, 2): (6,), (2, 2): (7, 8)}
    found = Confusion(("a", "b", "c", "d", "e"), images)
    assert most_confused(found, 2) == (3, 4)
    assert most_confused(found, 3) == (1, 3, 4)
    # The pair of a and c does not fit any more; a has the most images.
    assert most_confused(found, 4) == (0, 1, 3, 4)
