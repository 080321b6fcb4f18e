import types

import numpy as np

from pipeline.notebook.tables import metric_table


def metrics(**values: float) -> dict:
    """As TFMA has them: by output, by sub-key, by name."""
    return {"": {"": {name: {"doubleValue": value} for name, value in values.items()}}}


def test_all_images_come_first_then_the_classes_by_name():
    slices = [
        ((("image/class/text", "dog"),), metrics(example_count=2.0, accuracy=0.5)),
        ((), metrics(example_count=5.0, accuracy=0.8, loss=0.25)),
        ((("image/class/text", "Cat"),), metrics(example_count=3.0, accuracy=1.0)),
    ]
    table = metric_table(types.SimpleNamespace(slicing_metrics=slices))
    assert list(table.index) == ["all images", "Cat", "dog"]
    assert table["example_count"].tolist() == [5.0, 3.0, 2.0]
    assert table["accuracy"].tolist() == [0.8, 1.0, 0.5]
    np.testing.assert_array_equal(table["loss"], [0.25, np.nan, np.nan])
