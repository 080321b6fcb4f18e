"""A PNG -> its pixels, unless rows of them are not in the file.

Where compressed data end in good order, but too early, libpng fails; Pillow leaves the rest zero.
"""

import io
import zlib
from collections.abc import Iterator
from typing import Any

from PIL.PngImagePlugin import PngImageFile

_SIGNATURE_BYTES = 8
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# First column and row, and the steps from one to the next; PNG, third edition, 8.
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_WHOLE = ((0, 0, 1, 1),)
_AT_ONCE = 2**20


class PngPicture(PngImageFile):
    """A PNG that Pillow opened, with the file itself."""

    def __init__(self, stream: io.BytesIO):
        super().__init__(stream)
        self.encoded = stream.getvalue()

    def load(self) -> Any:
        """Decodes it.

        Raises:
            ValueError: Rows are missing.
        """
        is_decoded_before = not self.tile
        pixels = super().load()
        if not is_decoded_before and self._ends_empty() and self._lacks_rows():
            raise ValueError("its pixels end before the picture does")
        return pixels

    def _ends_empty(self) -> bool:
        """Whether one of the last two rows is zero: an interlaced picture ends with every other."""
        width, height = self.size
        rows = range(max(0, height - 2), height)
        return any(not any(self.crop((0, row, width, row + 1)).tobytes()) for row in rows)

    def _lacks_rows(self) -> bool:
        width, height = self.size
        depth, color_type, _, _, is_interlaced = self.encoded[24:29]
        bits = depth * _SAMPLES[color_type]
        expected = 0
        for column, row, across, down in _PASSES if is_interlaced else _WHOLE:
            columns, rows = -(-(width - column) // across), -(-(height - row) // down)
            expected += max(0, rows) * (1 + (columns * bits + 7) // 8) if columns > 0 else 0
        return self._decompressed(expected) < expected

    def _decompressed(self, most: int) -> int:
        """How many bytes the pixels are, at most about as many as asked for."""
        stream = zlib.decompressobj()
        found = 0
        for data in self._compressed():
            while data and found < most and not stream.eof:
                found += len(stream.decompress(data, _AT_ONCE))
                data = stream.unconsumed_tail
        return found

    def _compressed(self) -> Iterator[bytes]:
        position = _SIGNATURE_BYTES
        while position + 8 <= len(self.encoded):
            size = int.from_bytes(self.encoded[position : position + 4], "big")
            if self.encoded[position + 4 : position + 8] == b"IDAT":
                yield self.encoded[position + 8 : position + 8 + size]
            position += 12 + size
