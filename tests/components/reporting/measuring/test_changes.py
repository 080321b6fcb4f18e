from components.reporting.measuring.changes import find_changes
from tests.components.release.made_up import make_answers, make_predictions

TEXTS = ["cat", "cat", "dog", "dog", "dog"]


def test_without_a_serving_model():
    assert find_changes(make_predictions(TEXTS, TEXTS)) is None


def test_counts_add_up():
    before = make_answers(["cat", "dog"], ["cat", "dog", "dog", "cat", "cat"])
    found = find_changes(
        make_predictions(TEXTS, ["cat", "cat", "cat", "dog", "cat"], baseline=before)
    )
    assert (found.gained, found.lost) == ((1, 3), (2,))
    assert (found.both_right, found.both_wrong, found.images) == (1, 1, 5)
    assert (found.only_new, found.only_old, found.unknown_images) == ((), (), 0)


def test_classes_are_compared_by_name_and_not_by_place():
    before = make_answers(["dog", "cat"], TEXTS)
    found = find_changes(make_predictions(TEXTS, TEXTS, baseline=before))
    assert (found.both_right, found.images) == (5, 5)


def test_a_serving_model_of_other_classes():
    before = make_answers(["bird", "cat"], ["cat", "bird", "bird", "bird", "cat"])
    found = find_changes(make_predictions(TEXTS, TEXTS, baseline=before))
    assert (found.only_new, found.only_old) == (("dog",), ("bird",))
    assert found.unknown_images == 3
    assert found.gained == (1, 2, 3, 4)
