"""Records of predictions: their features, and labels that are those of the new model."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tfx.types import standard_artifacts

from components.evaluation.predicted_examples import write_predicted_examples
from components.predictions import ModelPredictions, Predictions
from tests.records import read_examples

MODEL = ModelPredictions(("ant", "bee"), np.array([[0.25, 0.75], [0.5, 0.5]], np.float32))
BASELINE = ModelPredictions(("bee",), np.array([[1.0], [1.0]], np.float32))
OF_BASELINE = 'feature { key: "baseline_probabilities" value { float_list { value: 1.0 } } }'
GOLDEN = (
    """
    feature { key: "image/class/label" value { int64_list { value: 1 } } }
    feature { key: "image/class/text" value { bytes_list { value: "bee" } } }
    feature { key: "probabilities" value { float_list { value: [0.25, 0.75] } } }
    """,
    # The new model has no such class.
    """
    feature { key: "image/class/label" value { int64_list { value: -1 } } }
    feature { key: "image/class/text" value { bytes_list { value: "cat" } } }
    feature { key: "probabilities" value { float_list { value: [0.5, 0.5] } } }
    """,
)


@pytest.mark.parametrize("baseline", [None, BASELINE], ids=["alone", "beside another"])
def test_records(tmp_path: pathlib.Path, baseline: ModelPredictions | None) -> None:
    names = np.array(["1.png", "2.png"], object)
    predictions = Predictions(names, names, np.array(["bee", "cat"], object), MODEL, baseline)
    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path)
    write_predicted_examples(predictions, examples)
    assert examples.split_names == '["test"]'
    expected = [
        text_format.Parse(golden + (OF_BASELINE if baseline else ""), tf.train.Features())
        for golden in GOLDEN
    ]
    assert [record.features for record in read_examples(f"{tmp_path}/Split-test")] == expected
