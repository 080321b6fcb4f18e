"""ONNX, which runs in browsers, on Windows, and wherever else ONNX Runtime does.

The file takes `pixels`, uint8 [batch, height, width, channels], of the size that the model was
trained with, and gives `probabilities`, float32 [batch, classes]. Decoding a file, turning it
upright and resizing it is the client's part.
"""

from collections.abc import Callable

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

from components.features import PROBABILITIES, ImageShape
from components.serving.exports.freezing import PIXELS, freeze

OPERATOR_SET = 15
"""Of ONNX 1.10 (2021): the default of tf2onnx, and old enough for every runtime in use."""

_ONLY_ERRORS = 3


def to_onnx(model: keras.Model, shape: ImageShape) -> bytes:
    """Converts a model.

    tf2onnx's `from_function` and Keras's `export(format="onnx")`, which calls it, lose the
    constants of a Normalization layer (EfficientNetV2): hence the frozen graph.

    Args:
        model: Pixels to probabilities, computing in float32.
        shape: The size of the images.

    Returns:
        The content of the file.
    """
    frozen = freeze(model, shape, tf.uint8)
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


def open_onnx(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Makes what asks a model that `to_onnx` made.

    Returns:
        A function from uint8 [batch, height, width, channels] to float32 [batch, classes].
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ONLY_ERRORS
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def ask(pixels: np.ndarray) -> np.ndarray:
        (probabilities,) = session.run([PROBABILITIES], {PIXELS: pixels})
        return np.asarray(probabilities)

    return ask
