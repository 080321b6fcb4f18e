"""TensorFlow Lite, with float weights or all in 8 bits.

Both files take uint8 pixels [batch, height, width, channels], of the size that the model was
trained with. The batch is 1 until the client calls `resize_tensor_input`. Decoding a file, turning
it upright and resizing it is the client's part.

    model.tflite       probabilities: float32 [batch, classes]
    model_int8.tflite  probabilities: uint8 [batch, classes]; (value - zero point) * scale, which
                       the file holds as the output's quantization, is 0 to 1. No operation is in
                       float, so that it runs on processors without it.
"""

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator

import keras
import numpy as np
import tensorflow as tf

from components.errors import PipelineError
from components.features import ImageShape
from components.resources import cores
from components.serving.exports.freezing import freeze

MOST_REPRESENTATIVE = 200
"""TensorFlow's guide advises 100 to 500 images; each costs one prediction on one core."""


def to_tflite(model: keras.Model, shape: ImageShape) -> bytes:
    """Converts a model with its float32 weights.

    Args:
        model: Pixels to probabilities, computing in float32.
        shape: The size of the images.

    Returns:
        The content of the file.
    """
    return bytes(_make_converter(model, shape, tf.uint8).convert())


def to_tflite_int8(
    model: keras.Model, shape: ImageShape, representative: Iterable[np.ndarray]
) -> bytes:
    """Converts a model to 8-bit integers: a fourth of the size.

    Args:
        model: Pixels to probabilities, computing in float32.
        shape: The size of the images.
        representative: uint8 [height, width, channels] each, 0 to 255, as in training; they show
            the range of every layer. At most `MOST_REPRESENTATIVE` are used.

    Returns:
        The content of the file.

    Raises:
        PipelineError: There are no images, or one has another size.
    """
    samples = _prepare(representative, shape)

    def feed() -> Iterator[list[np.ndarray]]:
        for sample in samples:
            yield [sample[np.newaxis].astype(np.float32)]

    # From float pixels: a cast of uint8 would stay in the file, as an operation in float.
    converter = _make_converter(model, shape, tf.float32)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = feed
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    return bytes(converter.convert())


def open_tflite(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Makes what asks a model that `to_tflite` or `to_tflite_int8` made.

    Returns:
        A function from uint8 [batch, height, width, channels] to float32 [batch, classes].
    """
    with warnings.catch_warnings():
        # It says in each process that its successor is another package; that one needs its own
        # copy of the runtime, and computes the same.
        warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(model_content=content, num_threads=cores())
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def ask(pixels: np.ndarray) -> np.ndarray:
        if interpreter.get_input_details()[0]["shape"][0] != len(pixels):
            interpreter.resize_tensor_input(taken["index"], pixels.shape, strict=True)
        interpreter.allocate_tensors()
        interpreter.set_tensor(taken["index"], pixels)
        interpreter.invoke()
        values = interpreter.get_tensor(given["index"]).astype(np.float32)
        scale, zero_point = given["quantization"]
        return (values - zero_point) * scale if scale else values

    return ask


def _make_converter(
    model: keras.Model, shape: ImageShape, dtype: tf.DType
) -> tf.lite.TFLiteConverter:
    frozen = freeze(model, shape, dtype)
    # The second argument keeps variables alive; there are none.
    return tf.lite.TFLiteConverter.from_concrete_functions([frozen], tf.Module())


def _prepare(representative: Iterable[np.ndarray], shape: ImageShape) -> list[np.ndarray]:
    samples = [np.array(one) for one in itertools.islice(representative, MOST_REPRESENTATIVE)]
    received = {(one.shape, one.dtype.name) for one in samples}
    if received != {(shape.dimensions, "uint8")}:
        sizes = ", ".join(map(str, sorted(received))) or "none"
        raise PipelineError(
            "Representative images must be one or more of uint8 "
            f"{list(shape.dimensions)}. Received: {sizes}. "
            "Give images of the training split, as training sees them."
        )
    # The range of the input becomes exactly 0 to 255, so that a pixel is its own quantised value.
    # Two values of one image change the range of no layer behind it.
    samples[0].flat[0], samples[0].flat[-1] = 0, 255
    return samples
