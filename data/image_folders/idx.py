"""Reader for gzipped IDX files, the form in which MNIST and Fashion-MNIST are given out.

An IDX file is a big-endian header, then the values, one unsigned byte each:

    images: magic 2051, count, rows, columns, then count * rows * columns pixels
    labels: magic 2049, count, then count labels
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from image_folders.contract import ImageFolderError, LabelledImages

# Both magic numbers mean "unsigned bytes"; the last byte is the number of dimensions.
IMAGES_MAGIC = 0x0803
LABELS_MAGIC = 0x0801


def read_idx_pair(folder: Path, prefix: str, class_count: int) -> LabelledImages:
    """Reads the image file and the label file of one part of a data set.

    Args:
        folder: The folder that holds the files.
        prefix: "train" or "t10k", the first word of the file names.
        class_count: How many classes there are; labels lie in [0, class_count).

    Returns:
        The images with their labels, in file order.

    Raises:
        ImageFolderError: A file is missing, damaged or of another kind, or the
            two files do not belong together.
    """
    images_path = folder / f"{prefix}-images-idx3-ubyte.gz"
    labels_path = folder / f"{prefix}-labels-idx1-ubyte.gz"
    pixels = read_idx(images_path, IMAGES_MAGIC)
    labels = read_idx(labels_path, LABELS_MAGIC)
    if len(pixels) != len(labels):
        raise ImageFolderError(
            "An image file and its label file must hold the same number of items. "
            f"Received: {len(pixels)} images in {images_path} and {len(labels)} labels in "
            f"{labels_path}. Take both files from one download of the data set."
        )
    check_labels(labels, class_count, labels_path)
    return LabelledImages(pixels, labels)


def read_idx(path: Path, magic: int) -> NDArray[np.uint8]:
    """Reads one gzipped IDX file.

    Args:
        path: The file.
        magic: `IMAGES_MAGIC` or `LABELS_MAGIC`, the kind that is expected.

    Returns:
        uint8 values: (count, rows, columns) for images, (count,) for labels.

    Raises:
        ImageFolderError: The file is missing, damaged or of another kind.
    """
    content = _decompressed(path)
    dimensions = magic & 0xFF
    header_size = 4 * (1 + dimensions)
    if len(content) < header_size:
        raise ImageFolderError(
            f"An IDX file must begin with a header of {header_size} bytes. "
            f"Received: {len(content)} bytes in {path}. Download the file again."
        )
    found_magic, *shape = struct.unpack(f">{1 + dimensions}I", content[:header_size])
    if found_magic != magic:
        raise ImageFolderError(
            f"This IDX file must begin with the magic number {magic}. Received: {found_magic} "
            f"in {path}. Check that image and label files are not exchanged or renamed."
        )
    if len(content) != header_size + math.prod(shape):
        raise ImageFolderError(
            f"An IDX file must hold as many bytes as its header announces. Received: "
            f"{len(content) - header_size} instead of {math.prod(shape)} bytes after the header "
            f"of {path}. Download the file again."
        )
    if not math.prod(shape):
        raise ImageFolderError(
            f"An IDX file must not be empty. Received: dimensions {shape} in {path}. "
            "Download the file again."
        )
    return np.frombuffer(content, np.uint8, offset=header_size).reshape(shape)


def check_labels(labels: NDArray[np.uint8], class_count: int, path: Path) -> None:
    """Raises an `ImageFolderError` unless all labels lie in [0, class_count).

    Args:
        labels: uint8, shape (count,), not empty.
        class_count: How many classes there are.
        path: The file they come from, for the message.
    """
    if labels.max() >= class_count:
        raise ImageFolderError(
            f"Labels must lie between 0 and {class_count - 1}. Received: {labels.max()} "
            f"in {path}. Use the standard files of this data set."
        )


def _decompressed(path: Path) -> bytes:
    """Returns the content of a gzipped file."""
    try:
        with gzip.open(path) as stream:
            return stream.read()
    except FileNotFoundError as error:
        raise ImageFolderError(
            f"The source folder must hold {path.name}. Received: {path.parent}, which does not. "
            "Point --source at the folder with the standard files; data/README.md says where "
            "they come from."
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ImageFolderError(
            f"The source must be a complete gzip file. Received: {path} ({error}). "
            "Download the file again."
        ) from error
