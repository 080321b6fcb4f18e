"""Images -> tf.train.Examples in a TFRecord file, without TensorFlow, which a worker would load.

The formats: https://protobuf.dev/programming-guides/encoding/ and
https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details.
"""

import functools
import gzip
import struct

import google_crc32c

from components import features
from components.ingestion.image_record import ImageRecord
from components.storage import create_file

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")


class TFRecordWriter:
    """Writes records in their order. Use it as a context: the file is complete at its end."""

    def __init__(self, path: str, level: int):
        """Makes the file, local or remote.

        Args:
            path: Its folder must be there.
            level: Of the compression by gzip, 0 (none) to 9. The file is gzip's in any case, as TFX
                expects it.
        """
        self._file = create_file(path)
        # Neither the time nor the name gets into the file: its bytes depend on the records alone.
        self._gzip = gzip.GzipFile("", "wb", level, self._file, mtime=0)

    def __enter__(self) -> "TFRecordWriter":
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            self._gzip.close()

    def write(self, record: bytes) -> None:
        """Writes one record."""
        length = _LENGTH.pack(len(record))
        self._gzip.write(b"".join((length, _checksum(length), record, _checksum(record))))


def _checksum(content: bytes) -> bytes:
    checksum = google_crc32c.value(content)
    turned = checksum >> 15 | checksum << 17
    return _CHECKSUM.pack(turned + 0xA282EAD8 & 0xFFFFFFFF)


def serialize_record(image: ImageRecord, encoded: bytes, treatment: str) -> bytes:
    """Makes the record of one image.

    Writes by hand what protobuf's `SerializeToString(deterministic=True)` would, which is a part of
    TensorFlow and takes five times as long.

    Args:
        image: What is known of it.
        encoded: What TensorFlow decodes: the file, or a PNG of it.
        treatment: "as found", or what was done to it.

    Returns:
        A tf.train.Example with the features that `components.features` describes as raw.
    """
    entries = (
        _entry(features.IMAGE_ASPECT_RATIO, _NUMBER, _FLOAT.pack(image.width / image.height)),
        _entry(features.IMAGE_BRIGHTNESS, _NUMBER, _FLOAT.pack(image.brightness)),
        _entry(features.IMAGE_BYTES, _INTEGER, _varint(image.size)),
        _entry(features.IMAGE_CHANNELS, _INTEGER, _varint(image.channels)),
        _entry(features.CLASS_TEXT, _TEXT, image.class_text.encode()),
        _entry(features.IMAGE_CONTRAST, _NUMBER, _FLOAT.pack(image.contrast)),
        _entry(features.IMAGE_ENCODED, _TEXT, encoded),
        _entry(features.IMAGE_ENTROPY, _NUMBER, _FLOAT.pack(image.entropy)),
        _entry(features.IMAGE_FILENAME, _TEXT, image.filename.encode()),
        _entry(features.IMAGE_FORMAT, _TEXT, image.format.encode()),
        _entry(features.IMAGE_HEIGHT, _INTEGER, _varint(image.height)),
        _entry(features.IMAGE_SHA256, _TEXT, image.sha256.encode()),
        _entry(features.IMAGE_SHARPNESS, _NUMBER, _FLOAT.pack(image.sharpness)),
        _entry(features.IMAGE_TREATMENT, _TEXT, treatment.encode()),
        _entry(features.IMAGE_WIDTH, _INTEGER, _varint(image.width)),
    )
    # Joined once: an image is copied no more often than it has to.
    pieces = [piece for entry in entries for piece in entry]
    return b"".join((b"\n", _varint(sum(map(len, pieces))), *pieces))


_FLOAT = struct.Struct("<f")
# The kinds of a tf.train.Feature: bytes_list, float_list and int64_list, as a field's tag.
_TEXT, _NUMBER, _INTEGER = b"\n", b"\x12", b"\x1a"


def _entry(key: str, kind: bytes, value: bytes) -> tuple[bytes, bytes]:
    """One feature with one value, as an entry of the map of features: what precedes it, and it."""
    return _head(key, kind, len(value)), value


@functools.lru_cache(maxsize=16_384)
def _head(key: str, kind: bytes, size: int) -> bytes:
    # All fields around it are of number 1, but for the map's value, 2; each is a tag, the length of
    # what follows, and that.
    listed = b"\n%b" % _varint(size)
    feature = b"%b%b%b" % (kind, _varint(len(listed) + size), listed)
    entry = b"%b%b%b" % (_NAMES[key], _varint(len(feature) + size), feature)
    return b"\n%b%b" % (_varint(len(entry) + size), entry)


def _varint(number: int) -> bytes:
    """A number of 0 or more, seven bits a byte, the lowest first."""
    if number < 128:
        return _SMALL[number]
    digits = []
    while number >= 128:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes((*digits, number))


_SMALL = tuple(bytes((number,)) for number in range(128))
_NAMES = {
    key: b"\n%b%b\x12" % (_varint(len(key.encode())), key.encode()) for key in features.RAW_FEATURES
}
