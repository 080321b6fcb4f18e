"""How the bytes of a file become pixels: the one place, for ingestion, training and serving."""

import re

import tensorflow as tf


def decode(encoded: tf.Tensor, channels: int) -> tf.Tensor:
    """Decodes one image; of an animation, its first frame.

    Args:
        encoded: string scalar, a JPEG, PNG, GIF, BMP or WebP file.
        channels: 1 for gray, 3 for RGB, 0 for as many as the file has.

    Returns:
        uint8 [height, width, channels], 0 to 255.

    Raises:
        tf.errors.InvalidArgumentError: The bytes are not such an image.
    """
    pixels = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
    pixels.set_shape([None, None, channels or None])
    return pixels


def resize(pixels: tf.Tensor, height: int, width: int, method: str) -> tf.Tensor:
    """Resizes one image, smoothing before shrinking so that no detail turns into noise.

    Args:
        pixels: uint8 [any, any, channels].
        height: Pixels.
        width: Pixels.
        method: A name of `tf.image.ResizeMethod`, such as "bilinear" or "area".

    Returns:
        uint8 [height, width, channels].
    """
    resized = tf.image.resize(pixels, (height, width), method=method, antialias=True)
    return tf.saturate_cast(tf.round(resized), tf.uint8)


def serialize(pixels: tf.Tensor) -> tf.Tensor:
    """Packs one uint8 image into a string scalar, the way it leaves Transform.

    A fourth of float32's size, and no cost to unpack; the TFRecord's gzip does the compression.
    """
    return tf.io.serialize_tensor(pixels)


def deserialize(serialized: tf.Tensor, dimensions: tuple[int, int, int]) -> tf.Tensor:
    """Unpacks one image that `serialize` packed.

    Args:
        serialized: string scalar.
        dimensions: (height, width, channels).

    Returns:
        uint8 [height, width, channels], 0 to 255.
    """
    return tf.ensure_shape(tf.io.parse_tensor(serialized, tf.uint8), dimensions)


def first_line(error: tf.errors.OpError) -> str:
    """What TensorFlow says, without its stack and the names of the operations."""
    message = re.split(r"\n\s*\[\[", str(error.message))[0]
    lines = message.splitlines() or [type(error).__name__]
    # A loaded model puts its stack first, and what went wrong last.
    said = lines[-1] if lines[0] == "Graph execution error:" else lines[0]
    return re.sub(r"^\{\{.*?\}\} |\[Op:.*$", "", said).strip()[:200]
