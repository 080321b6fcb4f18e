"""Names in the serving directory, which versions there are, and files that survive a power cut."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator

from components.errors import PipelineError
from components.storage import flush_folder

MODEL_FILE = "saved_model.pb"
EXTRA_FOLDER = "assets.extra"
LOG_FILE = "releases.jsonl"
LOCK_FILE = ".lock"
IDENTITY_FILE = ".directory_id"
# Neither TensorFlow Serving nor `list_versions` takes a name that is not a number.
UNFINISHED = ".unfinished-"
REMOVED = ".removed-"
# TensorFlow Serving reads signed numbers of 64 bits, and passes over what is higher.
HIGHEST_VERSION = 2**63 - 1


def is_version(name: str) -> bool:
    """Whether a folder of this name is a version: a plain whole number, without leading zeros."""
    return re.fullmatch("0|[1-9][0-9]*", name) is not None and int(name) <= HIGHEST_VERSION


def version_folder(model_folder: str, version: int) -> str:
    """The folder of a version, which need not exist."""
    return os.path.join(model_folder, str(version))


def list_numbers(model_folder: str) -> list[int]:
    """All numbers that are taken, in increasing order, whatever lies there."""
    if not os.path.isdir(model_folder):
        return []
    return sorted(int(name) for name in os.listdir(model_folder) if is_version(name))


def highest_number(model_folder: str) -> int:
    """The highest number that a server reads in any name, or -1; 007 is 7 for it."""
    numbers = (int(name) for name in os.listdir(model_folder) if re.fullmatch("[0-9]+", name))
    return max((number for number in numbers if number <= HIGHEST_VERSION), default=-1)


def list_versions(model_folder: str) -> list[int]:
    """Versions that hold a model, in increasing order; servers take the last."""
    return [
        number
        for number in list_numbers(model_folder)
        if os.path.isfile(os.path.join(version_folder(model_folder, number), MODEL_FILE))
    ]


def find_serving(model_folder: str) -> int | None:
    """The version that servers take: the newest; None where there is none."""
    return max(list_versions(model_folder), default=None)


def make_model_folder(model_folder: str) -> None:
    """Makes a serving directory that lasts, if it is not there.

    Raises:
        PipelineError: It is an address of an object store, or cannot be made.
    """
    if "://" in model_folder:
        raise PipelineError(
            "The serving directory must be on a file system that renames and locks, which a push "
            "that is whole or not at all rests on; object stores do neither. "
            f"Received: {model_folder}. Give a local folder or a mounted volume."
        )
    with usable(model_folder):
        if not os.path.isdir(model_folder):
            os.makedirs(model_folder, exist_ok=True)
            flush_folder(os.path.dirname(os.path.abspath(model_folder)))


@contextlib.contextmanager
def usable(path: str) -> Iterator[None]:
    """Says in the words of its user why something in a serving directory cannot be used.

    Raises:
        PipelineError: Instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise PipelineError(
            "The serving directory must be a folder that can be written. "
            f"Received: {path}: {error.strerror}. Change its permissions, or give another folder."
        ) from error


def flush_folders(folder: str) -> None:
    """Flushes a folder and all below it, the deepest first."""
    for parent, _, _ in os.walk(folder, topdown=False):
        flush_folder(parent)


def copy_file(source: str, destination: str) -> None:
    """Copies the content of a file to a new one, and flushes it; folders above it are made."""
    os.makedirs(os.path.dirname(destination), exist_ok=True)
    with open(source, "rb") as reading, open(destination, "xb") as writing:
        shutil.copyfileobj(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())


def write_text(path: str, text: str) -> None:
    """Writes a new file, and flushes it; folders above it are made."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "xb") as file:
        file.write(_encode(text))
        file.flush()
        os.fsync(file.fileno())


def append_line(path: str, line: str) -> None:
    """Adds a line to a file, and flushes it; ends a line before it that was cut off."""
    with open(path, "ab+") as file:
        end = file.tell()
        file.seek(max(0, end - 1))
        is_cut_off = file.read() not in (b"", b"\n")
        # One call, so that a crash leaves a part of this line at most.
        file.write(b"\n" * is_cut_off + _encode(line) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _encode(text: str) -> bytes:
    """JSON as UTF-8; names that are no UTF-8 become the escapes by which JSON reads them back."""
    return text.encode(errors="backslashreplace")
