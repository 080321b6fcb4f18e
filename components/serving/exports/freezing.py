"""A Keras model -> a graph without variables, which is what the converters read best."""

from typing import Any

import keras
import tensorflow as tf

# Not public, but what TensorFlow's own converter calls. Given variables, the converter of
# TensorFlow 2.21 fails in quantising ("variable != nullptr was not true"), and tf2onnx loses
# the constants of a Normalization layer.
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from components.features import PROBABILITIES, ImageShape

PIXELS = "pixels"
"""The name of the input of every export."""


def freeze(model: keras.Model, shape: ImageShape, dtype: tf.DType) -> Any:
    """Traces a model as it predicts, with its weights as constants.

    Args:
        model: Pixels to probabilities, computing in float32.
        shape: The size of the images.
        dtype: Of the pixels: tf.uint8, or tf.float32 for 0.0 to 255.0.

    Returns:
        A concrete function from `pixels` [batch, height, width, channels], for any batch, to
        float32 [batch, classes].
    """
    signature = [tf.TensorSpec([None, *shape.dimensions], dtype, PIXELS)]

    @tf.function(input_signature=signature, autograph=False)
    def classify(pixels: tf.Tensor) -> tf.Tensor:
        probabilities = model(tf.cast(pixels, tf.float32), training=False)
        return tf.identity(tf.cast(probabilities, tf.float32), PROBABILITIES)

    return convert_variables_to_constants_v2(classify.get_concrete_function())
