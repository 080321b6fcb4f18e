import numpy as np
import pytest

from components.metrics import ConfusionMatrix, Metrics
from components.predictions import ModelPredictions, Predictions
from components.reporting.confusion_view import most_confused, view_confusion
from tests.components.release.made_up import make_predictions


def view_of(predictions):
    return view_confusion(Metrics(predictions, 0.95).confusion)


def test_two_classes():
    view = view_of(make_predictions(["cat"] * 4 + ["dog"], ["cat"] * 3 + ["dog"] * 2))
    assert view.shown == (0, 1)
    assert [view.others(row) for row in view.shown] == [0, 0]
    assert [view.words((0, column)) for column in view.shown] == ["cat: 3 right", "cat as dog: 1"]
    # The root of a quarter, in tenths.
    assert [view.shade(pair) for pair in ((0, 0), (0, 1), (1, 0))] == [9, 5, 0]
    assert not view.has_others


def test_the_images_behind_a_cell():
    view = view_of(make_predictions(["cat"] * 4 + ["dog"], ["cat"] * 3 + ["dog"] * 2))
    assert [view.place(pair) for pair in view.rows] == ["pair-0-0", "pair-0-1", "pair-1-1"]
    assert view.listed == ((0, 1),)
    assert view.proportion((0, 1)) == 0.25
    assert view.rows[0, 1] == (3,)


def test_of_correct_predictions_the_least_confident():
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.7, 0.3]], np.float32)
    names = np.array(["a", "b", "c"], object)
    texts = np.array(["cat"] * 3, object)
    model = ModelPredictions(("cat", "dog"), probabilities)
    view = view_of(Predictions(names, names, texts, model))
    assert view.rows[0, 0] == (0, 2, 1)


def test_a_thousand_classes():
    names = [f"class {number:04}" for number in range(1000)]
    texts = [name for name in names for _ in range(3)]
    wrong = {0: "class 0500", 1: "class 0500", 60: "class 0900"}
    chosen = [wrong.get(row, name) for row, name in enumerate(texts)]
    view = view_of(make_predictions(texts, chosen, names))
    assert len(view.shown) == 25
    assert {0, 20, 500, 900} < set(view.shown)
    assert [view.matrix.count(pair) for pair in view.listed] == [2, 1]
    assert view.has_others
    for row in view.shown:
        counts = [view.matrix.count((row, column)) for column in view.shown]
        assert sum(counts) + view.others(row) == 3


@pytest.mark.parametrize(("classes", "shown"), [(2, 12), (20, 2)])
def test_the_more_cells_the_fewer_pictures_each(classes, shown):
    names = [f"{number:02}" for number in range(classes)]
    texts = [name for name in names for _ in names for _ in range(20)]
    chosen = [answer for _ in names for answer in names for _ in range(20)]
    view = view_of(make_predictions(texts, chosen, names))
    assert {len(rows) for rows in view.rows.values()} == {shown}


def test_few_classes_are_all_shown():
    assert most_confused(ConfusionMatrix(("a", "b", "c"), {}), 3) == (0, 1, 2)


def test_of_many_classes_those_confused_most():
    images = {(0, 0): (1,) * 9, (4, 3): (1, 2, 3), (1, 3): (4, 5), (0, 2): (6,), (2, 2): (7, 8)}
    found = ConfusionMatrix(("a", "b", "c", "d", "e"), images)
    assert most_confused(found, 2) == (3, 4)
    assert most_confused(found, 3) == (1, 3, 4)
    # The pair of a and c does not fit any more; a has the most images.
    assert most_confused(found, 4) == (0, 1, 3, 4)
