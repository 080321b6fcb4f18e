"""3. Encoded images -> pixels of one size, class names -> integers: TF Transform's part.

The graph that is traced here runs in Transform over all records and again in the served model
over each request, so that training and serving cannot differ.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from components import features, images


# All of it is TensorFlow's own operations already; to translate each function, each time that it is
# traced, would cost seconds.
@tf.autograph.experimental.do_not_convert
def preprocessing_fn(
    inputs: Mapping[str, tf.Tensor], custom_config: Mapping[str, Any]
) -> dict[str, tf.Tensor]:
    """What TF Transform calls; see `tfx.components.Transform`.

    Args:
        inputs: The raw features, each [batch, 1].
        custom_config: `height`, `width`, `channels`, `resize_method` and `class_names_file`,
            a file with one class name a line, in the order of their labels.

    Returns:
        The transformed features, each [batch].
    """
    shape = features.ImageShape(
        custom_config["height"], custom_config["width"], custom_config["channels"]
    )
    return {
        features.IMAGE_PIXELS: _to_pixels(
            tf.reshape(inputs[features.IMAGE_ENCODED], [-1]), shape, custom_config["resize_method"]
        ),
        features.CLASS_LABEL: _to_label(
            tf.reshape(inputs[features.CLASS_TEXT], [-1]), custom_config["class_names_file"]
        ),
    }


def _to_pixels(encoded: tf.Tensor, shape: features.ImageShape, method: str) -> tf.Tensor:
    """String [batch] of files -> string [batch] of serialized pixels."""

    def convert(one: tf.Tensor) -> tf.Tensor:
        pixels = images.decode(one, shape.channels)
        return images.serialize(images.resize(pixels, shape.height, shape.width, method))

    return tf.map_fn(convert, encoded, fn_output_signature=tf.string)


def _to_label(class_text: tf.Tensor, class_names_file: str) -> tf.Tensor:
    """String [batch] of class names -> int64 [batch], -1 for a name that is not a class.

    The vocabulary is given, not computed: TF Transform would sort it by frequency, so that a
    label changed its meaning with the data.
    """
    tft.annotate_asset(features.CLASS_NAMES_VOCABULARY, class_names_file)
    return tft.apply_vocabulary(class_text, class_names_file)
