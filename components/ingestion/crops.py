"""Is one image a crop of the other, or the same? Decided on thumbnails of 16 x 16 cells.

What a crop of an image looks like is predicted from the image's own thumbnail, for 49 crops: in
each direction nothing, 2.5 % or 5 % cut off both sides, 5 % off one, or 10 % off one. Crops between
these are near enough to one of them. That gives

- the hashes that these crops would have, to search by;
- the difference between the best of these crops and the other image: the part of the other's
  variance that the crop does not explain, 0 for the same picture in other light, about 1 for
  unrelated ones.

How much difference is tolerated depends on the detail that both images show. Pictures of little
detail (a digit, a shirt on white) resemble each other by chance: a difference of 0.01 means nothing
between two digits "1", and is never seen between two photos that have nothing in common.
"""

import functools

import numpy as np

from components.ingestion.perceptual_hash import (
    HASH_SIDE,
    ORDER_OF_BITS,
    THUMBNAIL_SIDE,
    pack_hashes,
)

CUTS = ((0.0, 0.0), (0.025, 0.025), (0.05, 0.05), (0.05, 0.0), (0.0, 0.05), (0.1, 0.0), (0.0, 0.1))
"""Shares of the width cut off left and right, and likewise of the height; the first is none."""

CROPS = len(CUTS) ** 2

STRICT_TOLERANCE = 0.003
LOOSE_TOLERANCE = 0.07
PLAIN_DETAIL = 4.0
"""Up to this much detail a picture is plain: only the strict tolerance, no crops."""
RICH_DETAIL = 18.0
"""From this much detail on the loose tolerance holds; two photos in three have it."""

_CLOSE = 4
# Images, or pairs of them: what their crops take, about a megabyte, fits into a processor's cache.
_AT_ONCE = 64


def measure_detail(thumbnails: np.ndarray) -> np.ndarray:
    """Measures how hard it is to resemble an image by chance.

    The number of frequencies that hold 95 % of the variance, times the square of the share of the
    picture over which the edges are spread. Median 22 for photos, 7 for handwritten digits, 5 for
    clothes on a plain background.

    Args:
        thumbnails: [n, 16, 16], any number type.

    Returns:
        float32 [n], 0 to 256.
    """
    pixels = thumbnails.astype(np.float32)
    basis = _cosines(THUMBNAIL_SIDE)
    energy = ((basis @ pixels @ basis.T) ** 2).reshape(-1, THUMBNAIL_SIDE**2)
    energy[:, 0] = 0
    shares = np.sort(energy / (energy.sum(1, keepdims=True) + 1e-9), axis=1)[:, ::-1]
    frequencies = 1 + (np.cumsum(shares, axis=1) < 0.95).sum(1)
    steps = np.diff(pixels, axis=1)[:, :, :-1] ** 2 + np.diff(pixels, axis=2)[:, :-1] ** 2
    # The participation ratio: 1 if all steps are alike, 1/n if there is but one.
    spread = np.sqrt(steps).mean((1, 2)) ** 2 / (steps.mean((1, 2)) + 1e-9)
    return (frequencies * spread**2).astype(np.float32)


def richness(detail: np.ndarray) -> np.ndarray:
    """Where detail stands between plain (0) and rich (1): float32, shaped as `detail`."""
    return np.clip((detail - PLAIN_DETAIL) / (RICH_DETAIL - PLAIN_DETAIL), 0, 1)


def tolerated_difference(detail: np.ndarray) -> np.ndarray:
    """How different an image may be from a near-duplicate: float32, shaped as `detail`."""
    return STRICT_TOLERANCE + richness(detail) * (LOOSE_TOLERANCE - STRICT_TOLERANCE)


def hashes_of_crops(thumbnails: np.ndarray) -> np.ndarray:
    """Predicts the hashes that the crops of images have.

    Args:
        thumbnails: uint8 [n, 16, 16].

    Returns:
        uint64 [n, CROPS]; the first is the image's own, but for a few bits near their threshold,
        as the thumbnail has less to go by than the hash had.
    """
    starts = range(0, len(thumbnails), _AT_ONCE)
    parts = [_hashes_of_crops(thumbnails[start : start + _AT_ONCE]) for start in starts]
    return np.concatenate([np.empty((0, CROPS), np.uint64), *parts])


def _hashes_of_crops(thumbnails: np.ndarray) -> np.ndarray:
    halves = np.concatenate([_hash_basis() @ cut for cut in _cut_matrices()])
    frequencies = halves @ thumbnails.astype(np.float32) @ halves.T
    spectra = np.take(frequencies.reshape(len(thumbnails), -1), _places_of_bits(), axis=1)
    # numpy.median, and numpy.partition of two places, take over ten times as long.
    in_order = np.sort(spectra, axis=-1)
    middle = HASH_SIDE**2 // 2
    medians = (in_order[..., middle - 1] + in_order[..., middle]) / 2
    return pack_hashes(spectra > medians[..., None]).astype(np.uint64)


@functools.cache
def _places_of_bits() -> np.ndarray:
    """Where the frequencies of each crop lie among those of all: int64 [CROPS, 64]."""
    side = len(CUTS) * HASH_SIDE
    places = np.arange(side**2).reshape(len(CUTS), HASH_SIDE, len(CUTS), HASH_SIDE)
    return places.transpose(0, 2, 1, 3).reshape(CROPS, HASH_SIDE**2)[:, ORDER_OF_BITS]


def is_crop(
    wholes: np.ndarray, parts: np.ndarray, likely: np.ndarray, tolerated: np.ndarray
) -> np.ndarray:
    """Decides on pairs of images whether the second is a crop of the first, or the same.

    Args:
        wholes: uint8 [n, 16, 16].
        parts: uint8 [n, 16, 16].
        likely: int64 [n], the crop whose hash fits best; 0 is the whole.
        tolerated: float32 [n], as `tolerated_difference` says.

    Returns:
        bool [n].
    """
    targets = _normalize(_flatten(parts))
    vertical, horizontal = np.divmod(likely, len(CUTS))
    cuts = np.stack(_cut_matrices())
    cropped = cuts[vertical] @ wholes.astype(np.float32) @ cuts[horizontal].transpose(0, 2, 1)
    difference = 1 - (_normalize(_flatten(cropped)) * targets).sum(1)
    # The crop that fits best by its hash may not be the best one, but is not far from it. All 49
    # cost as much as everything else together, so they are tried only where it is close.
    close = (difference > tolerated) & (difference <= _CLOSE * tolerated)
    close &= tolerated > STRICT_TOLERANCE
    again = np.flatnonzero(close)
    for pairs in np.array_split(again, len(again) // _AT_ONCE + 1):
        fit = np.matmul(_normalize(_crop(wholes[pairs])), targets[pairs][:, :, None])
        difference[pairs] = 1 - fit[:, :, 0].max(1)
    return difference <= tolerated


def _crop(thumbnails: np.ndarray) -> np.ndarray:
    """All crops of images: [n, 16, 16] -> float32 [n, CROPS, 256]."""
    cuts = np.concatenate(_cut_matrices())
    pixels = cuts @ thumbnails.astype(np.float32) @ cuts.T
    blocks = pixels.reshape(-1, len(CUTS), THUMBNAIL_SIDE, len(CUTS), THUMBNAIL_SIDE)
    return blocks.transpose(0, 1, 3, 2, 4).reshape(-1, CROPS, THUMBNAIL_SIDE**2)


def _flatten(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(-1, THUMBNAIL_SIDE**2).astype(np.float32)


def _normalize(pixels: np.ndarray) -> np.ndarray:
    """Mean 0 and length 1 along the last axis: brightness and contrast do not count."""
    centered = pixels - pixels.mean(-1, keepdims=True)
    return centered / np.maximum(np.linalg.norm(centered, axis=-1, keepdims=True), 1e-6)


@functools.cache
def _cut_matrices() -> tuple[np.ndarray, ...]:
    """For each of `CUTS`, float32 [16, 16] that turns the cells of a row into those of its crop."""
    return tuple(_cut_matrix(before, after) for before, after in CUTS)


def _cut_matrix(before: float, after: float) -> np.ndarray:
    """Each cell of the crop is the mean, over its part, of a curve that has the cells' means.

    The curve is the slope of a cubic spline through the sums of the cells up to each border.
    """
    # Not above: an audit would take 0.3 s longer to say what is wrong with its arguments.
    from scipy.interpolate import CubicSpline

    side = THUMBNAIL_SIDE
    sums = np.vstack([np.zeros(side), np.cumsum(np.eye(side), axis=0)])
    spline = CubicSpline(np.arange(side + 1), sums, axis=0)
    borders = np.linspace(before * side, (1 - after) * side, side + 1)
    return (np.diff(spline(borders), axis=0) / (1 - before - after)).astype(np.float32)


@functools.cache
def _hash_basis() -> np.ndarray:
    """The cosines of the hash, float32 [8, 16], as they would be on the hash's own 32 cells.

    Where the hash has two cells of 32 the thumbnail has one of 16, which weakens the high
    frequencies by a known factor.
    """
    frequency = np.arange(HASH_SIDE)
    weakening = np.cos(np.pi * frequency / (4 * THUMBNAIL_SIDE))
    return (_cosines(HASH_SIDE, normalized=False) / weakening[:, None]).astype(np.float32)


def _cosines(count: int, normalized: bool = True) -> np.ndarray:
    """The first frequencies of the discrete cosine transform (type II), float32 [count, 16]."""
    frequency = np.arange(count)[:, None]
    angles = np.pi * frequency * (2 * np.arange(THUMBNAIL_SIDE) + 1) / (2 * THUMBNAIL_SIDE)
    scale = np.where(frequency, np.sqrt(2), 1) if normalized else 1.0
    return (np.cos(angles) * scale).astype(np.float32)
