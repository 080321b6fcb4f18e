"""Batches with broken files, as Python loads the graph and as TensorFlow Serving does."""

import pathlib
from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

from components.serving.broken_files import prepare_files
from tests.components.serving.exported_model import (
    Ask,
    ExportedModel,
    ask_in_session,
    open_in_session,
)
from tests.image_files import encode_image

PNG = encode_image((30, 20), seed=1)
JPEG = encode_image((30, 20), seed=2, format="JPEG")
GIF = encode_image((30, 20), seed=3, format="GIF", mode="L")
CUT_PNG, CUT_JPEG = PNG[:100], JPEG[: len(JPEG) // 2]
OTHER = "something other than JPEG, PNG, GIF, BMP, WebP"
REFUSED = (
    "Each file must be one that this model sees as in training. Received: {} (places in the batch, "
    "counted from 0). Convert them to plain PNG or JPEG before sending, as `pipeline.predict` does."
)
DAMAGED = (
    "Each file must be undamaged. Received: images {} of the batch, counted from 0, which cannot "
    "be decoded. Send the others without them."
)


def open_in_python(folder: pathlib.Path) -> Ask:
    model = tf.saved_model.load(str(folder))
    return lambda files: model.signatures["serving_default"](
        image_bytes=tf.constant(files, tf.string)
    )


@pytest.fixture(scope="module", params=["python", "session"])
def ask(request: pytest.FixtureRequest, color_model: ExportedModel) -> Iterator[Ask]:
    if request.param == "python":
        yield open_in_python(color_model.folder)
    else:
        with open_in_session(color_model.folder) as opened:
            yield opened


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([PNG, b"", JPEG], REFUSED.format(f"1: {OTHER}")),
        ([b"text", PNG, b"II*\0 as a TIFF begins"], REFUSED.format(f"0: {OTHER}; 2: {OTHER}")),
        ([b"text"], REFUSED.format(f"0: {OTHER}")),
        ([PNG, CUT_PNG, JPEG, CUT_JPEG], DAMAGED.format("[1 3]")),
        ([CUT_JPEG] * 12, DAMAGED.format("[0 1 2 3 4 5 6 7 8 9 10 11]")),
        ([CUT_JPEG], "Invalid JPEG data"),
    ],
)
def test_the_error_says_which_files_are_broken(ask: Ask, files: list[bytes], message: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        ask(files)
    assert message in str(raised.value)


def test_a_gray_model_says_what_it_takes(gray_model: ExportedModel) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        ask_in_session(gray_model.folder, [PNG, GIF])
    assert REFUSED.format("1: something other than JPEG, PNG") in str(raised.value)


@pytest.mark.parametrize("count", [0, 1, 2, 64])
def test_sound_files_keep_their_places(color_model: ExportedModel, ask: Ask, count: int) -> None:
    files = [encode_image((9, 8), seed=seed) for seed in range(count)]
    expected = np.array([color_model.probabilities(file) for file in files]).reshape(count, 3)
    np.testing.assert_allclose(ask(files)["probabilities"], expected, rtol=0, atol=1e-6)


def test_what_fails_with_sound_files_says_why_itself() -> None:
    def prepare(files: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.control_dependencies([tf.debugging.Assert(tf.size(files) < 3, ["too many"])]):
            return tf.identity(files), tf.fill(tf.shape(files), "")

    assert prepare_files(tf.constant([PNG, JPEG]), prepare).numpy().tolist() == [PNG, JPEG]
    with pytest.raises(tf.errors.InvalidArgumentError, match="too many"):
        prepare_files(tf.constant([PNG] * 3), tf.function(prepare))
