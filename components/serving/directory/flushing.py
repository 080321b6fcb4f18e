"""Files and folders that survive a power cut: written, and flushed to the disk."""

import os
import shutil

from components.storage import flush_folder


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
