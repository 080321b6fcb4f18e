"""Records -> a compressed TFRecord file, without TensorFlow, which a worker would have to load.

The format: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details.
"""

import gzip
import struct

import google_crc32c

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
