import math

from components.reporting.measuring.class_metrics import measure_classes
from components.reporting.measuring.confusion import find_confusion
from tests.components.release.made_up import make_predictions


def test_recall_precision_and_support():
    predictions = make_predictions(["cat"] * 4 + ["dog"] * 2, ["cat"] * 3 + ["dog"] * 2 + ["cat"])
    cat, dog = measure_classes(find_confusion(predictions), 0.95)
    assert (cat.name, cat.support) == ("cat", 4)
    assert (cat.recall.successes, cat.recall.trials) == (3, 4)
    assert (cat.precision.successes, cat.precision.trials) == (3, 4)
    assert (dog.recall.value, dog.precision.value) == (0.5, 0.5)


def test_a_class_without_test_images_and_one_that_is_never_the_answer():
    predictions = make_predictions(["cat"], ["dog"], ("bird", "cat", "dog"))
    bird, cat, dog = measure_classes(find_confusion(predictions), 0.95)
    assert math.isnan(bird.recall.value)
    assert math.isnan(bird.precision.value)
    assert cat.recall.value == 0.0
    assert math.isnan(cat.precision.value)
    assert math.isnan(dog.recall.value)
    assert dog.precision.value == 0.0
