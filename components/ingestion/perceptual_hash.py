"""What is kept of an image to recognize its near-duplicates: a hash to search by, and a thumbnail.

A hash alone finds an image that was recompressed or rescaled. It can neither recognize a crop (5 %
cut off each side change 10 to 26 of its 64 bits, and unrelated photos differ by as little as 12)
nor tell two digits "1" apart, whose hashes are often equal. The thumbnail does both: see
`components.ingestion.crops`.

Sources: the hash is `imagehash.phash` (https://github.com/JohannesBuchner/imagehash), after
N. Krawetz, "Looks Like It", 2011
(https://www.hackerfactor.com/blog/index.php?/archives/432-Looks-Like-It.html).
"""

from collections.abc import Sequence

import imagehash
import numpy as np
from PIL import Image

THUMBNAIL_SIDE = 16
"""Cells of the thumbnail, in each direction."""

HASH_SIDE = 8
"""The hash is the signs of the lowest 8 x 8 frequencies of the image."""

SIGNATURE_BYTES = HASH_SIDE**2 // 8 + THUMBNAIL_SIDE**2

MINIMUM_CONTRAST = 8
"""Gray levels, of 256, between the darkest and the lightest of 32 x 32 cells; below, an image is
blank, and what distinguishes it is noise."""

_GRAY_SIDE = 128


def _interleave() -> np.ndarray:
    """The frequencies, lowest first, dealt out to the four 16-bit quarters of a hash in turn.

    So each quarter, by which `components.ingestion.hash_index` searches, has its share of
    the low frequencies, which survive most, and of the high ones, which tell most apart.
    """
    vertical, horizontal = np.indices((HASH_SIDE, HASH_SIDE)).reshape(2, -1)
    lowest_first = np.lexsort((vertical, vertical + horizontal))
    return np.concatenate([lowest_first[quarter::4] for quarter in range(4)])


ORDER_OF_BITS = _interleave()
"""int64 [64]: the frequencies, numbered as in rows of 8, in the order of a packed hash's bits."""


def perceptual_signatures(grays: Sequence[Image.Image]) -> list[bytes]:
    """Describes images so that near-duplicates can be found; about 0.06 ms each.

    Args:
        grays: Mode L, 128 x 128, whatever the shape of the photos was.

    Returns:
        Of each `SIGNATURE_BYTES` (264) bytes; none for an image with too little contrast to be
        compared.

    Raises:
        ValueError: An image has another mode or size.
    """
    # The hash shrinks its image to 32 x 32 itself, by a filter that takes three times as long.
    cells = [_checked(gray).reduce(4) for gray in grays]
    extremes = [_extremes(one) for one in cells]
    has_contrast = [lightest - darkest >= MINIMUM_CONTRAST for darkest, lightest in extremes]
    hashes = iter(_hashes([one for one, has in zip(cells, has_contrast, strict=True) if has]))
    return [
        next(hashes) + _thumbnail(gray, *ends) if has else b""
        for gray, ends, has in zip(grays, extremes, has_contrast, strict=True)
    ]


def _checked(gray: Image.Image) -> Image.Image:
    if gray.mode != "L" or gray.size != (_GRAY_SIDE, _GRAY_SIDE):
        raise ValueError(
            f"A signature is made of mode L, {_GRAY_SIDE} x {_GRAY_SIDE} pixels. Received: mode "
            f"{gray.mode}, {gray.width} x {gray.height}."
        )
    return gray


def _hashes(cells: Sequence[Image.Image]) -> list[bytes]:
    """The hash of each image."""
    signs = [imagehash.phash(one, hash_size=HASH_SIDE).hash for one in cells]
    packed = pack_hashes(np.array(signs, bool).reshape(-1, HASH_SIDE**2)[:, ORDER_OF_BITS])
    # As rows: a number that is taken out of an array loses its order of bytes.
    return [row.tobytes() for row in packed.reshape(-1, 1)]


def _thumbnail(gray: Image.Image, darkest: int, lightest: int) -> bytes:
    return _stretch(gray, darkest, lightest).reduce(_GRAY_SIDE // THUMBNAIL_SIDE).tobytes()


def pack_hashes(signs: np.ndarray) -> np.ndarray:
    """Packs hashes for searching and storing.

    Args:
        signs: bool [..., 64], of the frequencies as `ORDER_OF_BITS` has them.

    Returns:
        uint64 [...], most significant byte first in memory.
    """
    return np.ascontiguousarray(np.packbits(signs, axis=-1)).view(">u8")[..., 0]


def unpack_signatures(signatures: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Takes signatures apart.

    Args:
        signatures: n of `perceptual_signatures`, none of them empty.

    Returns:
        Hashes, uint64 [n], and thumbnails, uint8 [n, 16, 16].
    """
    layout = np.dtype([("hash", ">u8"), ("thumbnail", "u1", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))])
    table = np.frombuffer(b"".join(signatures), layout)
    return table["hash"].astype(np.uint64), np.ascontiguousarray(table["thumbnail"])


def _extremes(gray: Image.Image) -> tuple[int, int]:
    # Pillow's type says that another mode has a pair for each channel.
    darkest, lightest = gray.getextrema()
    return int(darkest), int(lightest)  # type: ignore[arg-type]


def _stretch(gray: Image.Image, darkest: int, lightest: int) -> Image.Image:
    """Spreads a pale image over all gray levels, so that rounding hides none of its detail.

    Only then, as it costs a third of a signature's time.
    """
    if lightest - darkest >= 128:
        return gray
    scale = 255 / (lightest - darkest)
    table = np.clip(np.round((np.arange(256) - darkest) * scale), 0, 255).astype(int)
    return gray.point(table.tolist())
