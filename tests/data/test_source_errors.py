"""Each source file that cannot be used is refused with a message that says what to do."""

import gzip
import struct
from pathlib import Path

import pytest
from image_folders.cifar10 import read_cifar10
from image_folders.contract import ImageFolderError
from image_folders.idx import read_idx_pair

from tests.data.source_files import (
    cifar10_members,
    write_archive,
    write_idx_folder,
    write_idx_labels,
)

IMAGES = "train-images-idx3-ubyte.gz"
LABELS = "train-labels-idx1-ubyte.gz"
META = "cifar-10-batches-bin/batches.meta.txt"
FIRST_BATCH = "cifar-10-batches-bin/data_batch_1.bin"


def _idx_message(folder: Path) -> str:
    with pytest.raises(ImageFolderError) as caught:
        read_idx_pair(folder, "train", 10)
    return str(caught.value)


def _cifar10_message(source: Path) -> str:
    with pytest.raises(ImageFolderError) as caught:
        read_cifar10(source)
    return str(caught.value)


def test_missing_idx_file(tmp_path: Path) -> None:
    write_idx_folder(tmp_path)
    (tmp_path / LABELS).unlink()
    assert _idx_message(tmp_path) == (
        f"The source folder must hold {LABELS}. Received: {tmp_path}, which does not. Point "
        "--source at the folder with the standard files; data/README.md says where they come from."
    )


def test_idx_file_that_is_not_gzip(tmp_path: Path) -> None:
    write_idx_folder(tmp_path)
    (tmp_path / IMAGES).write_bytes(b"<html>Not found</html>")
    assert _idx_message(tmp_path) == (
        f"The source must be a complete gzip file. Received: {tmp_path / IMAGES} "
        "(Not a gzipped file (b'<h')). Download the file again."
    )


def test_truncated_download(tmp_path: Path) -> None:
    write_idx_folder(tmp_path)
    complete = (tmp_path / IMAGES).read_bytes()
    (tmp_path / IMAGES).write_bytes(complete[:-20])
    assert _idx_message(tmp_path) == (
        f"The source must be a complete gzip file. Received: {tmp_path / IMAGES} (Compressed file "
        "ended before the end-of-stream marker was reached). Download the file again."
    )


def test_damaged_download(tmp_path: Path) -> None:
    write_idx_folder(tmp_path)
    damaged = bytearray((tmp_path / IMAGES).read_bytes())
    damaged[-5] ^= 0xFF  # in the checksum
    (tmp_path / IMAGES).write_bytes(damaged)
    assert _idx_message(tmp_path).startswith(
        f"The source must be a complete gzip file. Received: {tmp_path / IMAGES} (CRC check failed"
    )


@pytest.mark.parametrize(
    ("content", "rule", "received"),
    [
        (
            b"\x00\x00\x08",
            "An IDX file must begin with a header of 16 bytes.",
            "3 bytes in {path}. Download the file again.",
        ),
        (
            struct.pack(">4I", 2049, 1, 1, 1) + b"x",
            "This IDX file must begin with the magic number 2051.",
            "2049 in {path}. Check that image and label files are not exchanged or renamed.",
        ),
        (
            struct.pack(">4I", 2051, 12, 2, 3) + bytes(71),
            "An IDX file must hold as many bytes as its header announces.",
            "71 instead of 72 bytes after the header of {path}. Download the file again.",
        ),
        (
            struct.pack(">4I", 2051, 12, 2, 3) + bytes(73),
            "An IDX file must hold as many bytes as its header announces.",
            "73 instead of 72 bytes after the header of {path}. Download the file again.",
        ),
        (
            struct.pack(">4I", 2051, 0, 28, 28),
            "An IDX file must not be empty.",
            "dimensions [0, 28, 28] in {path}. Download the file again.",
        ),
    ],
    ids=["short header", "labels as images", "too short", "too long", "no images"],
)
def test_wrong_idx_content(tmp_path: Path, content: bytes, rule: str, received: str) -> None:
    write_idx_folder(tmp_path)
    (tmp_path / IMAGES).write_bytes(gzip.compress(content))
    path = tmp_path / IMAGES
    assert _idx_message(tmp_path) == f"{rule} Received: {received.format(path=path)}"


def test_images_and_labels_of_different_downloads(tmp_path: Path) -> None:
    write_idx_folder(tmp_path)
    write_idx_labels(tmp_path / LABELS, [0, 1])
    assert _idx_message(tmp_path) == (
        "An image file and its label file must hold the same number of items. Received: 12 images "
        f"in {tmp_path / IMAGES} and 2 labels in {tmp_path / LABELS}. Take both files from one "
        "download of the data set."
    )


def test_labels_out_of_range(tmp_path: Path) -> None:
    write_idx_folder(tmp_path)
    write_idx_labels(tmp_path / LABELS, [0] * 11 + [10])
    assert _idx_message(tmp_path) == (
        f"Labels must lie between 0 and 9. Received: 10 in {tmp_path / LABELS}. "
        "Use the standard files of this data set."
    )


def test_missing_cifar10_archive(tmp_path: Path) -> None:
    archive = tmp_path / "cifar-10-binary.tar.gz"
    assert _cifar10_message(tmp_path) == (
        "The source must be cifar-10-binary.tar.gz, or the folder that holds it. Received: "
        f"{archive}, which does not exist. data/README.md says where to get it."
    )


def test_python_version_of_cifar10_is_never_opened(tmp_path: Path) -> None:
    archive = write_archive(
        tmp_path / "cifar-10-python.tar.gz", {"cifar-10-batches-py/data_batch_1": b"pickle"}
    )
    assert _cifar10_message(archive) == (
        f"CIFAR-10 must come as the binary version. Received: {archive}, the Python version: its "
        "batches are pickles, which can run any code when they are opened, so they are never "
        "opened here. Download cifar-10-binary.tar.gz instead."
    )


@pytest.mark.parametrize("kept_bytes", [10, 100, -4], ids=["start", "middle", "no checksum"])
def test_truncated_cifar10_archive(tmp_path: Path, kept_bytes: int) -> None:
    archive = write_archive(tmp_path / "cifar.tar.gz", cifar10_members())
    archive.write_bytes(archive.read_bytes()[:kept_bytes])
    message = _cifar10_message(archive)
    assert message.startswith(
        f"The source must be a complete .tar.gz archive. Received: {archive} ("
    )
    assert message.endswith("). Download it again.")


def test_archive_without_a_batch(tmp_path: Path) -> None:
    members = cifar10_members()
    del members[FIRST_BATCH]
    archive = write_archive(tmp_path / "cifar.tar.gz", members)
    assert _cifar10_message(archive) == (
        f"The archive must hold the files of CIFAR-10's binary version. Received: {archive} "
        "without data_batch_1.bin. Use the original cifar-10-binary.tar.gz."
    )


def test_other_class_names(tmp_path: Path) -> None:
    archive = write_archive(
        tmp_path / "cifar.tar.gz", {**cifar10_members(), META: b"../outside\n/etc\n"}
    )
    assert _cifar10_message(archive) == (
        "batches.meta.txt must list the classes airplane, automobile, bird, cat, deer, dog, frog, "
        f"horse, ship, truck. Received: ../outside, /etc in {archive}. Use the original "
        "cifar-10-binary.tar.gz."
    )


@pytest.mark.parametrize("size", [0, 3072])
def test_batch_with_a_partial_record(tmp_path: Path, size: int) -> None:
    archive = write_archive(
        tmp_path / "cifar.tar.gz", {**cifar10_members(), FIRST_BATCH: bytes(size)}
    )
    assert _cifar10_message(archive) == (
        f"A batch must consist of records of 3073 bytes. Received: {size} bytes in "
        f"data_batch_1.bin of {archive}. Use the original cifar-10-binary.tar.gz."
    )


def test_cifar10_label_out_of_range(tmp_path: Path) -> None:
    members = {**cifar10_members(), FIRST_BATCH: bytes([10]) + bytes(3072)}
    archive = write_archive(tmp_path / "cifar.tar.gz", members)
    assert _cifar10_message(archive) == (
        f"Labels must lie between 0 and 9. Received: 10 in {archive}. "
        "Use the standard files of this data set."
    )
