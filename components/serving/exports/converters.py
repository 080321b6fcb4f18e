"""A model -> files of other runtimes, and what asks these.

The files take `pixels`, uint8 [batch, height, width, channels], of the size that the model was
trained with. Decoding a file, turning it upright and resizing it is the client's part.

    model.tflite       TensorFlow Lite; probabilities: float32 [batch, classes]. Its batch is 1
                       until the client calls `resize_tensor_input`.
    model_int8.tflite  the same, all in 8 bits; probabilities: uint8 [batch, classes];
                       (value - zero point) * scale, which the file holds as the output's
                       quantization, is 0 to 1. No operation is in float, so that it runs on
                       processors without it.
    model.onnx         for browsers, Windows, and wherever else ONNX Runtime runs; probabilities:
                       float32 [batch, classes].
"""

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

# Not public, but what TensorFlow's own converter calls. Given variables, the converter of
# TensorFlow 2.21 fails in quantizing ("variable != nullptr was not true"), and tf2onnx loses
# the constants of a Normalization layer.
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from components.errors import PipelineError
from components.features import PROBABILITIES, ImageShape
from components.resources import cores

PIXELS = "pixels"
MOST_REPRESENTATIVE = 200
"""TensorFlow's guide advises 100 to 500 images; each costs one prediction on one core."""
OPERATOR_SET = 15
"""Of ONNX 1.10 (2021): the default of tf2onnx, and old enough for every runtime in use."""
_ONLY_ERRORS = 3

Classify = Callable[[tf.Tensor], tf.Tensor]
"""A TensorFlow function from float32 [batch, height, width, channels], 0.0 to 255.0, to
probabilities, float [batch, classes]."""
Classifier = Callable[[np.ndarray], np.ndarray]
"""From uint8 [batch, height, width, channels] to float [batch, classes]."""


def to_tflite(classify: Classify, shape: ImageShape) -> bytes:
    """Converts a model with its float32 weights.

    Returns:
        The content of the file.
    """
    return bytes(_make_converter(classify, shape, tf.uint8).convert())


def to_tflite_int8(
    classify: Classify, shape: ImageShape, representative: Iterable[np.ndarray]
) -> bytes:
    """Converts a model to 8-bit integers: a fourth of the size.

    Args:
        classify: The model.
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
    converter = _make_converter(classify, shape, tf.float32)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = feed
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    return bytes(converter.convert())


def to_onnx(classify: Classify, shape: ImageShape) -> bytes:
    """Converts a model to ONNX.

    tf2onnx's `from_function` and Keras's `export(format="onnx")`, which calls it, lose the
    constants of a Normalization layer (EfficientNetV2): hence the frozen graph.

    Returns:
        The content of the file.
    """
    # Not above: whoever exports no ONNX need not have it, nor wait for it.
    import tf2onnx

    frozen = _freeze(classify, shape, tf.uint8)
    names = {frozen.inputs[0].name: PIXELS, frozen.outputs[0].name: PROBABILITIES}
    proto, _ = tf2onnx.convert.from_graph_def(
        frozen.graph.as_graph_def(),
        name="image_classifier",
        input_names=[frozen.inputs[0].name],
        output_names=[frozen.outputs[0].name],
        opset=OPERATOR_SET,
        tensors_to_rename=names,
    )
    for tensor in (*proto.graph.input, *proto.graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_param = "batch"
    return bytes(proto.SerializeToString())


def open_tflite(content: bytes) -> Classifier:
    """Makes what asks a model that `to_tflite` or `to_tflite_int8` made."""
    with warnings.catch_warnings():
        # It says in each process that its successor is another package; that one needs its own
        # copy of the runtime, and computes the same.
        warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(model_content=content, num_threads=cores())
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def predict(pixels: np.ndarray) -> np.ndarray:
        if interpreter.get_input_details()[0]["shape"][0] != len(pixels):
            interpreter.resize_tensor_input(taken["index"], pixels.shape, strict=True)
        interpreter.allocate_tensors()
        interpreter.set_tensor(taken["index"], pixels)
        interpreter.invoke()
        values = interpreter.get_tensor(given["index"]).astype(np.float32)
        scale, zero_point = given["quantization"]
        return (values - zero_point) * scale if scale else values

    return predict


def open_onnx(content: bytes) -> Classifier:
    """Makes what asks a model that `to_onnx` made."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ONLY_ERRORS
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def predict(pixels: np.ndarray) -> np.ndarray:
        (probabilities,) = session.run([PROBABILITIES], {PIXELS: pixels})
        return np.asarray(probabilities)

    return predict


def _freeze(classify: Classify, shape: ImageShape, dtype: tf.DType) -> Any:
    """A concrete function from `pixels`, of any batch, with the weights as constants."""

    @tf.function(
        input_signature=[tf.TensorSpec([None, *shape.dimensions], dtype, PIXELS)], autograph=False
    )
    def run(pixels: tf.Tensor) -> tf.Tensor:
        probabilities = classify(tf.cast(pixels, tf.float32))
        return tf.identity(tf.cast(probabilities, tf.float32), PROBABILITIES)

    return convert_variables_to_constants_v2(run.get_concrete_function())


def _make_converter(
    classify: Classify, shape: ImageShape, dtype: tf.DType
) -> tf.lite.TFLiteConverter:
    # The second argument keeps variables alive; there are none.
    return tf.lite.TFLiteConverter.from_concrete_functions(
        [_freeze(classify, shape, dtype)], tf.Module()
    )


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
    # The range of the input becomes exactly 0 to 255, so that a pixel is its own quantized value.
    # Two values of one image change the range of no layer behind it.
    samples[0].flat[0], samples[0].flat[-1] = 0, 255
    return samples
