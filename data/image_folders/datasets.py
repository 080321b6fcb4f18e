"""The data sets that can be made: their class names and their folder layouts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import numpy as np

from image_folders import cifar10
from image_folders.contract import ImageFile, ImageFolderError, ImageTree, LabelledImages
from image_folders.idx import read_idx_pair

# The order is that of the labels. The data set calls the first class "T-shirt/top";
# a folder name cannot hold a slash, so that one became "T-shirt".
FASHION_CLASSES = (
    "T-shirt",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
DIGIT_CLASSES = tuple(str(digit) for digit in range(10))
SAMPLE_IMAGES_PER_CLASS = 200
# Where the Debian package dataset-fashion-mnist puts its files.
FASHION_DEFAULT_SOURCE = Path("/usr/share/datasets/fashion-mnist")


@dataclass(frozen=True)
class Dataset:
    """A data set that can be made.

    Attributes:
        read: Turns the source into the tree to write.
        default_source: Where the source lies unless the user says otherwise.
    """

    read: Callable[[Path], ImageTree]
    default_source: Path | None = None


def read_fashion_mnist_sample(source: Path) -> ImageTree:
    """Takes the first 200 images of each class, in the order of the training file.

    The training file is shuffled, so its beginning is a fair sample, and the
    choice depends on nothing but the file.

    Args:
        source: The folder with the IDX files.

    Returns:
        A flat tree, `<class>/<index in the training file>.png`.

    Raises:
        ImageFolderError: The source cannot be read, or has too few images of a class.
    """
    images = read_idx_pair(source, "train", len(FASHION_CLASSES))
    files: list[ImageFile] = []
    for label, name in enumerate(FASHION_CLASSES):
        indices = np.flatnonzero(images.labels == label)[:SAMPLE_IMAGES_PER_CLASS]
        if len(indices) < SAMPLE_IMAGES_PER_CLASS:
            raise ImageFolderError(
                f"The sample takes {SAMPLE_IMAGES_PER_CLASS} images of each class. Received: "
                f"{len(indices)} of {name!r} in {source}. Use the complete training file."
            )
        files += [_image_file(PurePosixPath(name), i, images) for i in indices]
    return ImageTree(FASHION_CLASSES, files)


def read_fashion_mnist(source: Path) -> ImageTree:
    """Reads all of Fashion-MNIST from the folder with its four IDX files."""
    return _read_idx_dataset(source, FASHION_CLASSES)


def read_mnist(source: Path) -> ImageTree:
    """Reads all of MNIST from the folder with its four IDX files."""
    return _read_idx_dataset(source, DIGIT_CLASSES)


def read_cifar10(source: Path) -> ImageTree:
    """Reads all of CIFAR-10 from the archive of its binary version."""
    train, test = cifar10.read_cifar10(source)
    return _split_tree(cifar10.CLASSES, train, test)


DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        "fashion-mnist-sample": Dataset(read_fashion_mnist_sample, FASHION_DEFAULT_SOURCE),
        "fashion-mnist": Dataset(read_fashion_mnist, FASHION_DEFAULT_SOURCE),
        "mnist": Dataset(read_mnist),
        "cifar10": Dataset(read_cifar10),
    }
)


def _read_idx_dataset(source: Path, classes: tuple[str, ...]) -> ImageTree:
    train = read_idx_pair(source, "train", len(classes))
    test = read_idx_pair(source, "t10k", len(classes))
    return _split_tree(classes, train, test)


def _split_tree(classes: tuple[str, ...], train: LabelledImages, test: LabelledImages) -> ImageTree:
    """Returns the tree `{train,test}/<class>/<index in its part>.png`."""
    files = [*_part_files("train", classes, train), *_part_files("test", classes, test)]
    return ImageTree(classes, files)


def _part_files(part: str, classes: tuple[str, ...], images: LabelledImages) -> Iterator[ImageFile]:
    for index, label in enumerate(images.labels):
        yield _image_file(PurePosixPath(part, classes[label]), index, images)


def _image_file(folder: PurePosixPath, index: int, images: LabelledImages) -> ImageFile:
    # Five digits hold every index of these data sets, so names sort as the source does.
    return ImageFile(folder / f"{index:05d}.png", images.pixels[index])
