"""What the SavedModel takes and returns, for every kind of image."""

import base64
import pathlib
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from components import features
from tests.components.serving.exported_model import (
    CLASS_NAMES,
    ExportedModel,
    ask_in_session,
    export,
)
from tests.components.transform_graph import serialize_raw_record
from tests.image_files import encode_image

FILES = {
    "gray PNG": encode_image(size=(5, 7), seed=1, mode="L"),
    "color PNG": encode_image(size=(30, 20), seed=2),
    "gray JPEG": encode_image(size=(8, 6), seed=3, mode="L", format="JPEG"),
    "color JPEG": encode_image(size=(17, 4), seed=4, format="JPEG"),
    "one pixel": encode_image(size=(1, 1), seed=5),
}
BATCHES = [pytest.param([FILES[name]], id=name) for name in FILES]
BATCHES.append(pytest.param(list(FILES.values()), id="all five"))


@pytest.fixture(params=["gray_model", "color_model"])
def exported(request: pytest.FixtureRequest) -> ExportedModel:
    return request.getfixturevalue(request.param)


def ask(exported: ExportedModel, signature: str, **inputs: list[bytes]) -> dict[str, np.ndarray]:
    model = tf.saved_model.load(str(exported.folder))
    tensors = {name: tf.constant(value, tf.string) for name, value in inputs.items()}
    return {name: value.numpy() for name, value in model.signatures[signature](**tensors).items()}


def test_names_and_types(exported: ExportedModel) -> None:
    signatures = tf.saved_model.load(str(exported.folder)).signatures
    found: dict[str, Any] = {
        name: (signature.structured_input_signature[1], signature.structured_outputs)
        for name, signature in signatures.items()
    }
    image_bytes = tf.TensorSpec([None], tf.string, "image_bytes")
    examples = tf.TensorSpec([None], tf.string, "examples")
    answer = {
        "probabilities": tf.TensorSpec([None, 3], tf.float32, "probabilities"),
        "class_names": tf.TensorSpec([None, 3], tf.string, "class_names"),
        "top_class": tf.TensorSpec([None], tf.string, "top_class"),
        "top_k_classes": tf.TensorSpec([None, 3], tf.string, "top_k_classes"),
        "top_k_probabilities": tf.TensorSpec([None, 3], tf.float32, "top_k_probabilities"),
    }
    label = {"image/class/label": tf.TensorSpec([None], tf.int64, "image_class_label")}
    assert found == {
        "serving_default": ({"image_bytes": image_bytes}, answer),
        "serving_examples": ({"examples": examples}, answer),
        "transform_features": ({"examples": examples}, label),
    }


@pytest.mark.parametrize("batch", BATCHES)
def test_a_session_gives_what_python_gives(exported: ExportedModel, batch: list[bytes]) -> None:
    """TensorFlow Serving restores variables by their names; Python, by the objects of the model."""
    expected = ask(exported, features.BYTES_SIGNATURE, image_bytes=batch)
    answer = ask_in_session(exported.folder, batch)
    assert answer.keys() == expected.keys()
    np.testing.assert_allclose(
        answer["probabilities"], expected["probabilities"], rtol=0, atol=1e-6
    )
    assert answer["top_class"].tolist() == expected["top_class"].tolist()


@pytest.mark.parametrize("batch", BATCHES)
def test_bytes_give_what_the_model_says_of_their_pixels(
    exported: ExportedModel, batch: list[bytes]
) -> None:
    answer = ask(exported, features.BYTES_SIGNATURE, image_bytes=batch)
    expected = np.stack([exported.probabilities(encoded) for encoded in batch])
    np.testing.assert_allclose(answer["probabilities"], expected, rtol=0, atol=1e-6)
    names = [name.encode() for name in CLASS_NAMES]
    assert answer["class_names"].tolist() == [names] * len(batch)
    assert answer["top_class"].tolist() == [names[index] for index in expected.argmax(axis=1)]
    order = np.argsort(-expected, axis=1)
    assert answer["top_k_classes"].tolist() == [[names[index] for index in row] for row in order]
    ranked = np.take_along_axis(answer["probabilities"], order, axis=1)
    assert answer["top_k_probabilities"].tolist() == ranked.tolist()


def test_different_images_get_different_answers(exported: ExportedModel) -> None:
    answer = ask(exported, features.BYTES_SIGNATURE, image_bytes=list(FILES.values()))
    assert len(np.unique(answer["probabilities"].round(4), axis=0)) == len(FILES)


class RefusesNothing(keras.layers.Layer):  # type: ignore[misc]
    """Fails where oneDNN's convolutions do on some processors: on a batch of no images."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        tf.debugging.assert_greater(tf.shape(inputs)[0], 0)
        return inputs


def test_no_images_get_no_answers(tmp_path: pathlib.Path) -> None:
    shape = features.ImageShape(6, 8, 1)
    layers = [RefusesNothing(), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
    exported = export(tmp_path, keras.Sequential([keras.Input(shape.dimensions), *layers]), shape)
    for answer in (
        ask(exported, "serving_default", image_bytes=[]),
        ask(exported, "serving_examples", examples=[]),
        ask_in_session(exported.folder, []),
    ):
        assert {name: value.shape for name, value in answer.items()} == {
            "probabilities": (0, 3),
            "class_names": (0, 3),
            "top_class": (0,),
            "top_k_classes": (0, 3),
            "top_k_probabilities": (0, 3),
        }


def test_base64_of_a_rest_client_is_the_file_itself(exported: ExportedModel) -> None:
    encoded = FILES["color JPEG"]
    sent = base64.b64encode(encoded)
    received = tf.io.decode_base64(base64.urlsafe_b64encode(base64.b64decode(sent))).numpy()
    answer = ask(exported, features.BYTES_SIGNATURE, image_bytes=[received])
    np.testing.assert_allclose(answer["probabilities"][0], exported.probabilities(encoded), 1e-5)


def test_serialized_examples_give_the_same(exported: ExportedModel) -> None:
    files = list(FILES.values())
    # The class in the record, also one that is unknown, must not reach the model.
    records = [serialize_raw_record(encoded, "unknown") for encoded in files]
    of_bytes = ask(exported, features.BYTES_SIGNATURE, image_bytes=files)
    of_records = ask(exported, features.EXAMPLES_SIGNATURE, examples=records)
    for name, value in of_bytes.items():
        np.testing.assert_array_equal(of_records[name], value)


def test_pixels_give_what_the_model_says_of_them(exported: ExportedModel) -> None:
    loaded = tf.saved_model.load(str(exported.folder))
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (3, *exported.shape.dimensions), dtype=np.uint8)
    expected = exported.model(pixels, training=False)
    np.testing.assert_allclose(loaded.classify_pixels(pixels), expected, rtol=0, atol=1e-6)


def test_transform_features_gives_the_label(exported: ExportedModel) -> None:
    records = [serialize_raw_record(b"not looked at", name) for name in (*CLASS_NAMES, "unknown")]
    answer = ask(exported, features.TRANSFORM_SIGNATURE, examples=records)
    assert {name: value.tolist() for name, value in answer.items()} == {
        "image/class/label": [0, 1, 2, -1]
    }


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        (b"", "Received: 1: something other than JPEG, PNG "),
        (b"this is text", "Received: 1: something other than JPEG, PNG "),
        (
            FILES["color PNG"][:60],
            r"images \[1\] of the batch, counted from 0, which cannot be decoded",
        ),
        (FILES["color JPEG"][:200], r"images \[1\] of the batch, counted from 0, which cannot"),
    ],
)
def test_a_broken_image_is_an_error(
    gray_model: ExportedModel, encoded: bytes, message: str
) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        ask(gray_model, features.BYTES_SIGNATURE, image_bytes=[FILES["gray PNG"], encoded])


def test_the_exported_folder_holds_what_serving_needs(gray_model: ExportedModel) -> None:
    assets = [path.name for path in (gray_model.folder / "assets").iterdir()]
    assert len(assets) == 1
    checkpoint = tf.train.load_checkpoint(str(gray_model.folder / "variables/variables"))
    shapes = checkpoint.get_variable_to_shape_map()
    # (6 * 8 + 1) * 4 + (4 + 1) * 3
    assert sum(int(np.prod(shape)) for shape in shapes.values() if shape) == 211
