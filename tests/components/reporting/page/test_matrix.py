import numpy as np
import pytest

from components.predictions import Answers, Predictions
from components.reporting.measuring.confusion import find_confusion
from components.reporting.page.matrix import make_matrix
from tests.components.release.made_up import make_predictions


def matrix_of(predictions):
    return make_matrix(find_confusion(predictions), predictions)


def test_two_classes():
    matrix = matrix_of(make_predictions(["cat"] * 4 + ["dog"], ["cat"] * 3 + ["dog"] * 2))
    assert matrix.names == ("cat", "dog")
    assert [[cell.count for cell in row.cells] for row in matrix.rows] == [[3, 1], [0, 1]]
    assert [[cell.place for cell in row.cells] for row in matrix.rows] == [
        ["pair-0-0", "pair-0-1"],
        ["", "pair-1-1"],
    ]
    assert [(row.others, row.total) for row in matrix.rows] == [(0, 4), (0, 1)]
    assert matrix.rows[0].cells[1].words == "cat as dog: 1"
    # The root of a quarter, in tenths.
    assert [cell.shade for cell in matrix.rows[0].cells] == [9, 5]
    assert not matrix.has_others


def test_the_images_behind_a_cell():
    matrix = matrix_of(make_predictions(["cat"] * 4 + ["dog"], ["cat"] * 3 + ["dog"] * 2))
    assert [pair.place for pair in matrix.pairs] == ["pair-0-0", "pair-0-1", "pair-1-1"]
    (pair,) = matrix.mistaken
    assert (pair.class_text, pair.answer, pair.count, pair.share) == ("cat", "dog", 1, 0.25)
    assert [card.filename for card in pair.cards] == ["00003.png"]


def test_of_right_answers_the_least_confident():
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.7, 0.3]], np.float32)
    names = np.array(["a", "b", "c"], object)
    texts = np.array(["cat"] * 3, object)
    matrix = matrix_of(Predictions(names, names, texts, Answers(("cat", "dog"), probabilities)))
    assert [card.filename for card in matrix.pairs[0].cards] == ["a", "c", "b"]


def test_a_thousand_classes():
    names = [f"class {number:04}" for number in range(1000)]
    texts = [name for name in names for _ in range(3)]
    wrong = {0: "class 0500", 1: "class 0500", 60: "class 0900"}
    chosen = [wrong.get(row, name) for row, name in enumerate(texts)]
    matrix = matrix_of(make_predictions(texts, chosen, names))
    assert len(matrix.names) == 25
    assert {"class 0000", "class 0500", "class 0020", "class 0900"} < set(matrix.names)
    assert [pair.count for pair in matrix.mistaken] == [2, 1]
    assert (matrix.classes, matrix.has_others) == (1000, True)
    assert all(sum(cell.count for cell in row.cells) + row.others == 3 for row in matrix.rows)


@pytest.mark.parametrize(("classes", "shown"), [(2, 12), (20, 2)])
def test_the_more_cells_the_fewer_pictures_each(classes, shown):
    names = [f"{number:02}" for number in range(classes)]
    texts = [name for name in names for _ in names for _ in range(20)]
    chosen = [answer for _ in names for answer in names for _ in range(20)]
    matrix = matrix_of(make_predictions(texts, chosen, names))
    assert {len(pair.cards) for pair in matrix.pairs} == {shown}
    assert {pair.more for pair in matrix.pairs} == {20 - shown}
