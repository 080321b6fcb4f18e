import os

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

from components import images
from components.preprocessing import preprocessing_fn
from tests.image_files import encode_image, make_pixels

FEATURE_SPEC = {
    "image/encoded": tf.io.FixedLenFeature([1], tf.string),
    "image/class/text": tf.io.FixedLenFeature([1], tf.string),
}
# A model of gray images, 4 wide and 2 high.
CONFIG = {"height": 2, "width": 4, "channels": 1, "resize_method": "area"}
RECORDS = [
    ({"mode": "L", "size": (8, 4), "seed": 1}, "Äpfel"),
    ({"mode": "L", "size": (4, 2), "seed": 2}, "cat"),
    ({"color": (200, 100, 50), "size": (5, 9), "format": "JPEG"}, "Zebra"),
    ({"color": (200, 100, 50), "size": (1, 1)}, "unicorn"),
]


@pytest.fixture(scope="module")
def class_names_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "class_names"
    path.write_text("7\nZebra\ncat\nÄpfel\n", "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def raw_features():
    return [
        {
            "image/encoded": np.array([encode_image(**options)], object),
            "image/class/text": np.array([class_text.encode()], object),
        }
        for options, class_text in RECORDS
    ]


@pytest.fixture(scope="module")
def transformed(raw_features, class_names_file, tmp_path_factory):
    """What Transform makes of the records, and the graph that it keeps for serving."""
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(FEATURE_SPEC))
    config = {**CONFIG, "class_names_file": class_names_file}
    folder = str(tmp_path_factory.mktemp("transform"))
    with tft_beam.Context(temp_dir=str(tmp_path_factory.mktemp("temporary"))):
        (rows, _), transform_fn = (
            raw_features,
            metadata,
        ) | tft_beam.AnalyzeAndTransformDataset(lambda inputs: preprocessing_fn(inputs, config))
        _ = transform_fn | tft_beam.WriteTransformFn(folder)
    return rows, tft.TFTransformOutput(folder)


def _pixels(serialized):
    return tf.io.parse_tensor(serialized, tf.uint8).numpy()


def test_labels_are_positions_in_the_file_and_minus_one_for_the_unknown(transformed):
    rows, _ = transformed
    assert [int(row["image/class/label"]) for row in rows] == [3, 2, 1, -1]


def test_pixels_are_decoded_resized_and_packed(transformed):
    rows, _ = transformed
    shrunk, kept, one_color, enlarged = (_pixels(row["image/pixels"]) for row in rows)
    # Area at half the size is the mean of each block of 2 x 2.
    means = make_pixels((8, 4), seed=1, mode="L").reshape(2, 2, 4, 2).mean((1, 3))
    np.testing.assert_array_equal(shrunk[..., 0], np.round(means))
    np.testing.assert_array_equal(kept[..., 0], make_pixels((4, 2), seed=2, mode="L"))
    np.testing.assert_array_equal(one_color, np.full((2, 4, 1), 124))
    np.testing.assert_array_equal(enlarged, np.full((2, 4, 1), 124))


def test_leaves_only_what_training_reads_in_types_that_transform_allows(transformed):
    _, output = transformed
    assert output.transformed_feature_spec() == {
        "image/pixels": tf.io.FixedLenFeature([], tf.string),
        "image/class/label": tf.io.FixedLenFeature([], tf.int64),
    }


def test_the_class_names_travel_with_the_graph(transformed):
    _, output = transformed
    path = output.vocabulary_file_by_name("class_names")
    assert os.path.basename(path) == "class_names"
    with open(path, encoding="utf-8") as file:
        assert file.read() == "7\nZebra\ncat\nÄpfel\n"


def test_the_kept_graph_makes_the_same_as_transform(transformed, raw_features):
    rows, output = transformed
    batch = {key: tf.constant([list(row[key]) for row in raw_features]) for key in FEATURE_SPEC}
    served = output.transform_features_layer()(batch)
    assert served["image/class/label"].numpy().tolist() == [3, 2, 1, -1]
    assert served["image/pixels"].numpy().tolist() == [row["image/pixels"] for row in rows]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_the_steps_are_those_that_serving_uses(class_names_file, channels, format):
    encoded = [encode_image((9, 7), seed=seed, format=format) for seed in range(3)]
    config = {
        "height": 5,
        "width": 6,
        "channels": channels,
        "resize_method": "bicubic",
        "class_names_file": class_names_file,
    }

    @tf.function
    def transform(inputs):
        return preprocessing_fn(inputs, config)

    outputs = transform(
        {
            "image/encoded": tf.constant([[one] for one in encoded]),
            "image/class/text": tf.constant([["cat"]] * 3),
        }
    )
    for one, serialized in zip(encoded, outputs["image/pixels"], strict=True):
        expected = images.resize(images.decode(one, channels), 5, 6, "bicubic")
        np.testing.assert_array_equal(_pixels(serialized), expected)
        assert _pixels(serialized).shape == (5, 6, channels)
