"""How good a picture is: four figures of its gray, and what they mean for a person.

The kinds of poor pictures are those that CleanVision made the field's reference (Cleanlab 2022,
https://github.com/cleanlab/cleanvision). It measures percentiles and edges on the whole picture;
here four cheap figures of a small gray one stand in for them. The limits are set so that of 1,200
photos of cats and dogs and of 2,000 gray pictures of clothes at most two in a thousand are called
poor, and that such pictures made dark, bright, blurred or blank all are, but for one blurred photo
in twenty-five.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

Scores = npt.NDArray[np.float64]

GRAY_LEVELS = 256
LARGEST_GRAY = 255
_LEVELS = np.arange(GRAY_LEVELS)
_AT_ONCE = 8

DARK_BELOW = 0.25
"""Dark if all but a few pixels are below it. CleanVision has a limit for the 99th percentile."""

BRIGHT_ABOVE = 0.8
"""Bright if all but a few pixels are above it. CleanVision says 0.95 of the 5th percentile."""

DEVIATIONS = 2
"""Standard deviations from the mean that stand for "all but a few pixels": of a bell curve they
leave out a fortieth."""

BLURRY_BELOW = 0.03
"""Blurry if the Laplacian varies less than this share of what gray itself does. The variance of
the Laplacian is a measure of focus (Pech-Pacheco et al., "Diatom autofocusing in brightfield
microscopy", ICPR 2000); divided by the variance of gray it does not take a dim picture for a
blurred one. Half of the photos of cats and dogs are above 0.37; blurred by a hundredth of their
longer side, 96 % are below 0.03, by two hundredths all. Of pictures much smaller than 128 pixels
none is called blurry: enlarged, each of their pixels has edges."""

FLAT_CONTRAST = 0.02
"""Of low information if gray deviates less: five levels of 255, which is noise on a blank wall."""

POOR_ENTROPY = 0.5
"""Of low information if a pixel has fewer bits. CleanVision says 3, below which all of MNIST is:
thin strokes on black are a picture still."""

ODD_SIZE_FACTOR = 4.0
"""Odd if the side of a square of the same area is so many times the median's, or as many times
smaller: a thumbnail among photos, or a scan among thumbnails."""

ODD_ASPECT_FACTOR = 2.25
"""Odd if it is so many times as elongated as the median: among photos of 4:3 what is longer than
3:1, which resizing to a square distorts beyond recognition. Never portrait among landscape."""


class Quality(NamedTuple):
    """Four figures of one picture.

    Attributes:
        brightness: Mean of gray, 0 to 1.
        contrast: Standard deviation of gray, 0 to 0.5.
        sharpness: Variance of the Laplacian of gray in 0 to 255, from 0.
        entropy: Bits of the histogram of gray, 0 to 8.
    """

    brightness: float
    contrast: float
    sharpness: float
    entropy: float


@dataclasses.dataclass(frozen=True)
class Figures:
    """The figures of many pictures: each float64 [pictures], in the ranges of `Quality`."""

    brightness: Scores
    contrast: Scores
    sharpness: Scores
    entropy: Scores


def measure(pictures: Sequence[Image.Image]) -> list[Quality]:
    """Measures pictures, none of which changes what is found of another; 0.06 ms for 128x128.

    Args:
        pictures: Of mode L and of one size; 128x128 for the limits of this module to hold.
    """
    # A processor's cache has no room for the intermediate results of more.
    return [
        quality
        for start in range(0, len(pictures), _AT_ONCE)
        for quality in _measure(pictures[start : start + _AT_ONCE])
    ]


def _measure(pictures: Sequence[Image.Image]) -> list[Quality]:
    pixels = np.stack([np.asarray(picture) for picture in pictures])
    counts = np.array([picture.histogram() for picture in pictures])
    size = pixels[0].size
    # Whole numbers, whose sums do not depend on how many pictures are measured together.
    sums, squares = counts @ _LEVELS, counts @ _LEVELS**2
    variances = (size * squares - sums**2) / size**2
    figures = zip(
        sums / size / LARGEST_GRAY,
        np.sqrt(variances) / LARGEST_GRAY,
        _variances_of_laplacian(pixels),
        _entropies(counts / size),
        strict=True,
    )
    return [Quality(*map(float, one)) for one in figures]


def _entropies(shares: Scores) -> Scores:
    """Bits of histograms; [pictures, levels], 0 to 1 -> [pictures], 0 to 8."""
    logarithms = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    # Not -0.
    return 0.0 - (shares * logarithms).sum(axis=1)


def _variances_of_laplacian(pixels: np.ndarray) -> list[float]:
    """Of the four neighbors; uint8 [pictures, height, width] -> 0 and up; 0 below 3x3 pixels."""
    gray = pixels.astype(np.int16)
    laplacian = gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1]
    laplacian += gray[:, 1:-1, :-2]
    laplacian += gray[:, 1:-1, 2:]
    laplacian -= 4 * gray[:, 1:-1, 1:-1]
    if not laplacian[0].size:
        return [0.0] * len(pixels)
    # Half the time of numpy.var, which copies twice. A million squares fit into float32's range,
    # and its 7 digits are more than anyone needs.
    return [
        max(0.0, float(values @ values) / values.size - float(values.mean()) ** 2)
        for values in laplacian.reshape(len(pixels), -1).astype(np.float32)
    ]


def darkness(figures: Figures) -> Scores:
    """How far below the limit nearly all of each picture is: dark above 0, black at 1."""
    return 1 - (figures.brightness + DEVIATIONS * figures.contrast) / DARK_BELOW


def glare(figures: Figures) -> Scores:
    """How far above the limit nearly all of each picture is: bright above 0, white at 1."""
    darkest = figures.brightness - DEVIATIONS * figures.contrast
    return (darkest - BRIGHT_ABOVE) / (1 - BRIGHT_ABOVE)


def blur(figures: Figures) -> Scores:
    """How far below the limit the sharpness is: blurry above 0, without any edge at 1.

    What shows nothing is not blurry but of low information.
    """
    variance = (np.maximum(figures.contrast, FLAT_CONTRAST) * LARGEST_GRAY) ** 2
    score = 1 - figures.sharpness / variance / BLURRY_BELOW
    return np.where(emptiness(figures) > 0, -1.0, score)


def emptiness(figures: Figures) -> Scores:
    """How far below its limit contrast or entropy is: of low information above 0, blank at 1."""
    flat = 1 - figures.contrast / FLAT_CONTRAST
    poor = 1 - figures.entropy / POOR_ENTROPY
    return np.maximum(flat, poor)
