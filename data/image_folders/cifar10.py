"""Reader for the binary version of CIFAR-10, `cifar-10-binary.tar.gz`.

Each batch file is a row of records of 3,073 bytes: one label, then 32 * 32 red,
as many green and as many blue values. The archive is read in place: nothing is
unpacked, so no name in it can reach the disk.
"""

import gzip
import tarfile
import zlib
from pathlib import Path, PurePosixPath

import numpy as np

from image_folders.contract import ImageFolderError, LabelledImages
from image_folders.idx import check_labels

ARCHIVE_NAME = "cifar-10-binary.tar.gz"
CLASSES = (
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
TRAIN_BATCHES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_BATCHES = ("test_batch.bin",)
SIDE = 32
RECORD_SIZE = 1 + 3 * SIDE * SIDE
_PYTHON_VERSION_FOLDER = "cifar-10-batches-py"


def read_cifar10(source: Path) -> tuple[LabelledImages, LabelledImages]:
    """Reads the training and the test images.

    Args:
        source: The archive, or the folder that holds it under its own name.

    Returns:
        The training images and the test images, RGB, in the order of the batches.

    Raises:
        ImageFolderError: The archive is missing, damaged, or not the binary version.
    """
    archive = source / ARCHIVE_NAME if source.is_dir() else source
    members = _read_members(archive)
    _check_classes(members["batches.meta.txt"], archive)
    train = b"".join(_checked_batch(members, name, archive) for name in TRAIN_BATCHES)
    test = b"".join(_checked_batch(members, name, archive) for name in TEST_BATCHES)
    return _records_to_images(train, archive), _records_to_images(test, archive)


def _read_members(archive: Path) -> dict[str, bytes]:
    """Returns the content of the files that are needed, by file name."""
    needed = {"batches.meta.txt", *TRAIN_BATCHES, *TEST_BATCHES}
    try:
        members = _unpack(archive, needed)
    except FileNotFoundError as error:
        raise ImageFolderError(
            f"The source must be {ARCHIVE_NAME}, or the folder that holds it. Received: "
            f"{archive}, which does not exist. data/README.md says where to get it."
        ) from error
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ImageFolderError(
            f"The source must be a complete .tar.gz archive. Received: {archive} ({error}). "
            "Download it again."
        ) from error
    if missing := sorted(needed - members.keys()):
        raise ImageFolderError(
            f"The archive must hold the files of CIFAR-10's binary version. Received: {archive} "
            f"without {', '.join(missing)}. Use the original {ARCHIVE_NAME}."
        )
    return members


def _unpack(archive: Path, needed: set[str]) -> dict[str, bytes]:
    """Reads those needed files that the archive has into memory."""
    members: dict[str, bytes] = {}
    with gzip.open(archive) as stream:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                _refuse_python_version(path, archive)
                wanted = member.isfile() and path.name in needed
                content = tar.extractfile(member) if wanted else None
                if content is not None:
                    members[path.name] = content.read()
        # tarfile stops before the end of the gzip stream, where its checksum is.
        stream.read()
    return members


def _refuse_python_version(path: PurePosixPath, archive: Path) -> None:
    if _PYTHON_VERSION_FOLDER in path.parts:
        raise ImageFolderError(
            f"CIFAR-10 must come as the binary version. Received: {archive}, the Python version: "
            "its batches are pickles, which can run any code when they are opened, so they are "
            f"never opened here. Download {ARCHIVE_NAME} instead."
        )


def _check_classes(meta: bytes, archive: Path) -> None:
    """Refuses a label order other than the standard one: images would get wrong classes."""
    names = tuple(meta.decode("utf-8", "replace").split())
    if names != CLASSES:
        raise ImageFolderError(
            f"batches.meta.txt must list the classes {', '.join(CLASSES)}. Received: "
            f"{', '.join(names) or 'nothing'} in {archive}. Use the original {ARCHIVE_NAME}."
        )


def _checked_batch(members: dict[str, bytes], name: str, archive: Path) -> bytes:
    """Returns a batch after checking that it consists of whole records."""
    batch = members[name]
    if not batch or len(batch) % RECORD_SIZE:
        raise ImageFolderError(
            f"A batch must consist of records of {RECORD_SIZE} bytes. Received: {len(batch)} "
            f"bytes in {name} of {archive}. Use the original {ARCHIVE_NAME}."
        )
    return batch


def _records_to_images(records: bytes, archive: Path) -> LabelledImages:
    """Splits records into labels and images, color planes last as PNG wants them."""
    table = np.frombuffer(records, np.uint8).reshape(-1, RECORD_SIZE)
    labels = table[:, 0]
    check_labels(labels, len(CLASSES), archive)
    planes = table[:, 1:].reshape(-1, 3, SIDE, SIDE)
    # (count, 3, height, width) -> (count, height, width, 3)
    return LabelledImages(np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels)
