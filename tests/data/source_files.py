"""Small stand-ins for the standard files of the data sets."""

import gzip
import io
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CIFAR10_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


def write_idx_images(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Writes images, uint8 (count, rows, columns), as the data sets do."""
    path.write_bytes(gzip.compress(struct.pack(">4I", 2051, *pixels.shape) + pixels.tobytes()))


def write_idx_labels(path: Path, labels: list[int]) -> None:
    """Writes labels as the data sets do."""
    path.write_bytes(gzip.compress(struct.pack(">2I", 2049, len(labels)) + bytes(labels)))


def write_idx_folder(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Writes 12 training images (labels 0 to 9, 0, 1) and 2 test images (labels 9, 3).

    Returns:
        The training and the test pixels, uint8 (count, 2, 3), all different.
    """
    folder.mkdir(parents=True, exist_ok=True)
    train = np.arange(72, dtype=np.uint8).reshape(12, 2, 3)
    test = np.arange(200, 212, dtype=np.uint8).reshape(2, 2, 3)
    write_idx_images(folder / "train-images-idx3-ubyte.gz", train)
    write_idx_labels(folder / "train-labels-idx1-ubyte.gz", [*range(10), 0, 1])
    write_idx_images(folder / "t10k-images-idx3-ubyte.gz", test)
    write_idx_labels(folder / "t10k-labels-idx1-ubyte.gz", [9, 3])
    return train, test


def cifar10_record(label: int, red: int, green: int, blue: int) -> bytes:
    """A record of one color, but for (1, 2, 3) in the corner and (99, 99, 99) right of it."""
    colors = ((1, red), (2, green), (3, blue))
    planes = [bytes([corner, 99]) + bytes([rest]) * 1022 for corner, rest in colors]
    return bytes([label]) + b"".join(planes)


def cifar10_members() -> dict[str, bytes]:
    """One record in each batch: labels 0 to 4 for training, 9 for testing."""
    members = {
        f"cifar-10-batches-bin/data_batch_{number}.bin": cifar10_record(number - 1, 10, 20, number)
        for number in range(1, 6)
    }
    members["cifar-10-batches-bin/test_batch.bin"] = cifar10_record(9, 70, 80, 90)
    # The original ends in an empty line too.
    meta = "\n".join(CIFAR10_NAMES) + "\n\n"
    members["cifar-10-batches-bin/batches.meta.txt"] = meta.encode()
    return members


def write_archive(path: Path, members: Mapping[str, bytes]) -> Path:
    """Writes a .tar.gz archive and returns its path."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path
