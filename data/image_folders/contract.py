"""What the readers, the data sets and the writer hand to each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray


class ImageFolderError(ValueError):
    """A source or an output that cannot be used; the message says what to do."""


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images and their labels, in the order of the source file.

    Attributes:
        pixels: uint8 in [0, 255], shape (count, height, width) for grayscale or
            (count, height, width, 3) for RGB.
        labels: uint8, shape (count,), the index of each image's class.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ImageFile:
    """One image to write.

    Attributes:
        path: Where it goes, relative to the root of the tree.
        pixels: uint8 in [0, 255], shape (height, width) or (height, width, 3).
    """

    path: PurePosixPath
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ImageTree:
    """A whole folder of images to write.

    Attributes:
        classes: The class names; each is a folder name.
        files: Every image of the tree.
    """

    classes: tuple[str, ...]
    files: Sequence[ImageFile]
