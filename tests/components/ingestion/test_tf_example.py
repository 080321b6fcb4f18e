import random

import pytest
import tensorflow as tf

from components import features
from components.ingestion.tf_example import serialize_record
from tests.components.ingestion.examinations import make_examination


def _values(serialized):
    example = tf.train.Example.FromString(serialized)
    return {
        key: list(getattr(feature, feature.WhichOneof("kind")).value)
        for key, feature in example.features.feature.items()
    }


def test_a_record_has_every_raw_feature():
    image = make_examination("Äpfel/0 1.heic", format="heic", height=30, width=40, size=123)
    values = _values(serialize_record(image, b"PNG of it", "transcoded to png: format heic"))
    assert values == {
        "image/encoded": [b"PNG of it"],
        "image/format": [b"heic"],
        "image/treatment": [b"transcoded to png: format heic"],
        "image/height": [30],
        "image/width": [40],
        "image/channels": [3],
        "image/bytes": [123],
        "image/aspect_ratio": [pytest.approx(4 / 3)],
        "image/brightness": [0.5],
        "image/contrast": [0.25],
        "image/sharpness": [500.0],
        "image/entropy": [7.0],
        "image/filename": ["Äpfel/0 1.heic".encode()],
        "image/sha256": [image.sha256.encode()],
        "image/class/text": ["Äpfel".encode()],
    }
    assert set(values) == set(features.RAW_FEATURES)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"size": 0, "width": 1, "height": 1, "contrast": 0.0},
        {"size": 127, "width": 128, "height": 16_383},
        {"size": 2**31, "width": 16_384, "height": 70_000},
        {"size": 2**40, "sharpness": 1e6, "brightness": 1 / 3},
    ],
)
@pytest.mark.parametrize("bytes_of_file", [0, 1, 127, 128, 16_383, 16_384, 40_000])
def test_is_serialized_as_protobuf_does_it(changes, bytes_of_file):
    image = make_examination("Äpfel/" + "x" * (bytes_of_file % 300) + ".png", **changes)
    encoded = random.Random(1).randbytes(bytes_of_file)
    serialized = serialize_record(image, encoded, "as found")
    example = tf.train.Example.FromString(serialized)
    assert example.features.feature["image/encoded"].bytes_list.value == [encoded]
    assert example.features.feature["image/bytes"].int64_list.value == [image.size]
    assert serialized == example.SerializeToString(deterministic=True)
