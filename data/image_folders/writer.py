"""Writes a tree of PNG files: all of it, or nothing."""

import io
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import track

from image_folders.contract import ImageFolderError, ImageTree


def write_tree(tree: ImageTree, output: Path, console: Console) -> int:
    """Writes the images to a folder beside the output and renames it at the end.

    An interrupted or failed run therefore leaves no half-filled output.

    Args:
        tree: What to write.
        output: The folder to make; it may exist if it is empty.
        console: Where the progress bar is shown.

    Returns:
        The size of all images together, in bytes.

    Raises:
        ImageFolderError: The output is a file, or a folder that is not empty.
        OSError: The disk refuses, for instance because it is full.
    """
    target = output.resolve()
    check_output(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        # A folder inside it, because the temporary one itself is closed to other users.
        root = Path(scratch, "tree")
        for folder in sorted({image.path.parent for image in tree.files}):
            (root / folder).mkdir(parents=True)
        size = 0
        for image in track(tree.files, f"Writing {len(tree.files):,} images", console=console):
            content = encode_png(image.pixels)
            (root / image.path).write_bytes(content)
            size += len(content)
        root.replace(target)
    return size


def check_output(output: Path) -> None:
    """Raises an `ImageFolderError` unless the output is absent or an empty folder."""
    if output.exists() and not output.is_dir():
        raise ImageFolderError(
            f"The output must be a folder. Received: {output}, a file. Name another --output."
        )
    if output.is_dir() and any(output.iterdir()):
        raise ImageFolderError(
            f"The output folder must be new or empty. Received: {output}, which holds files. "
            "Name another --output, or remove that folder first."
        )


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encodes one image as a PNG file, as small as zlib makes it.

    Args:
        pixels: uint8 in [0, 255], shape (height, width) or (height, width, 3).

    Returns:
        The content of the PNG file.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
