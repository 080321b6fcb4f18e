"""One file's bytes -> one tf.train.Example, or the reason why it cannot be one."""

import hashlib

import tensorflow as tf

from components import features, images
from components.ingestion.folder import ImageFile, Rejection

# The first bytes of each format that `images.decode` reads, from the formats' specifications.
SIGNATURES = {
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "gif": (b"GIF87a", b"GIF89a"),
    "bmp": (b"BM",),
}


def image_format(encoded: bytes) -> str | None:
    """Recognises a format by content, whatever the file is called.

    Returns:
        "jpeg", "png", "gif", "bmp" or "webp"; None for anything else.
    """
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "webp"
    for name, signatures in SIGNATURES.items():
        if encoded.startswith(signatures):
            return name
    return None


def encode_record(file: ImageFile, encoded: bytes, channels: int) -> tf.train.Example | Rejection:
    """Makes the record of one file.

    Args:
        file: Where it lies and which class it shows.
        encoded: Its content.
        channels: What the model takes, 1 or 3: the file must be decodable to it by the very
            operation that serves the model.

    Returns:
        The record, with the features that `components.features` describes as raw; or a rejection.
    """
    if not encoded:
        return Rejection(file.filename, file.class_text, "empty file", "0 bytes")
    name = image_format(encoded)
    if name is None:
        return Rejection(
            file.filename, file.class_text, "not an image", f"begins with {encoded[:12]!r}"
        )
    try:
        height, width, stored_channels = images.decode(encoded, channels=0).shape
    except tf.errors.OpError as error:
        return Rejection(file.filename, file.class_text, f"broken {name}", images.first_line(error))
    try:
        # To gray, TensorFlow decodes no BMP, not even one that is gray already.
        if stored_channels != channels or name == "bmp":
            images.decode(encoded, channels)
    except tf.errors.OpError as error:
        reason = f"{name} cannot be read as {'gray' if channels == 1 else 'RGB'}"
        return Rejection(file.filename, file.class_text, reason, images.first_line(error))
    return _example(
        {
            features.IMAGE_ENCODED: encoded,
            features.IMAGE_FORMAT: name.encode(),
            features.IMAGE_HEIGHT: height,
            features.IMAGE_WIDTH: width,
            features.IMAGE_CHANNELS: stored_channels,
            features.IMAGE_FILENAME: file.filename.encode(),
            features.IMAGE_SHA256: hashlib.sha256(encoded).hexdigest().encode(),
            features.CLASS_TEXT: file.class_text.encode(),
        }
    )


def _example(values: dict[str, bytes | int]) -> tf.train.Example:
    return tf.train.Example(
        features=tf.train.Features(feature={key: _feature(value) for key, value in values.items()})
    )


def _feature(value: bytes | int) -> tf.train.Feature:
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
