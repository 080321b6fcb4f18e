"""Many distinct photos, made of few."""

import multiprocessing
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
QUALITY = 90
ORIENTATIONS = (None, *Image.Transpose)


def list_photos(folder: Path) -> list[Path]:
    """All images below a folder, by the ends of their names, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def multiply(paths: Sequence[Path], destination: Path, times: int) -> None:
    """Writes each photo in up to eight orientations, then those of its negative, as JPEG.

    None of them is a near-duplicate of another, as ingestion understands it.

    Args:
        paths: Photos, in one folder a class.
        destination: Where to make one folder a class.
        times: 1 to 16.
    """
    for name in {path.parent.name for path in paths}:
        (destination / name).mkdir(parents=True, exist_ok=True)
    work = [(number, path, destination, times) for number, path in enumerate(paths)]
    with multiprocessing.get_context("spawn").Pool() as pool:
        pool.starmap(_multiply, work, chunksize=16)


def _multiply(number: int, path: Path, destination: Path, times: int) -> None:
    photo = Image.open(path).convert("RGB")
    for copy in range(times):
        is_negative, orientation = divmod(copy, len(ORIENTATIONS))
        image = ImageOps.invert(photo) if is_negative else photo
        method = ORIENTATIONS[orientation]
        image = image if method is None else image.transpose(method)
        image.save(destination / path.parent.name / f"{number:06}-{copy}.jpg", quality=QUALITY)
