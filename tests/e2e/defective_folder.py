"""A folder with every defect that real folders have, each planted once or a few times."""

import dataclasses
import io
import os
import shutil
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from tests.image_files import make_exif, save_image
from tests.scenes import make_scene, write_scene

CLASSES = ('<b>cat & "dog", best', "Äpfel")
FIRST, SECOND = CLASSES
ORDINARY = {"train": 60, "validation": 30, "test": 30}
"""Ordinary images of each class, in each split."""


@dataclasses.dataclass(frozen=True)
class Planted:
    """What is in the folder beside ordinary images, by path below it.

    Attributes:
        rejected: The reason of each file that must be set aside.
        ignored: Files that are not even counted.
        transcoded: Files that TensorFlow does not decode as they are.
        duplicates: The file that is used, by the one that is left out.
        leaks: Pairs of files in different splits of the owner's, the stricter split first.
        near_copies: The original of each near-copy within a split.
        look_alike: Two files in different classes.
        quality: The kind of finding of each odd image.
    """

    rejected: Mapping[str, str]
    ignored: tuple[str, ...]
    transcoded: tuple[str, ...]
    duplicates: Mapping[str, str]
    leaks: tuple[tuple[str, str], ...]
    near_copies: Mapping[str, str]
    look_alike: tuple[str, str]
    quality: Mapping[str, str]

    @property
    def count(self) -> int:
        """Files that were added to the ordinary ones."""
        copies = len(self.duplicates) + len(self.near_copies) + len(self.leaks) + 1
        return len(self.rejected) - 1 + len(self.transcoded) + copies + len(self.quality)


def make_defective_folder(root: Path) -> Planted:
    """Makes a pre-split folder with every defect."""
    for number, (split, name) in enumerate((s, c) for s in ORDINARY for c in CLASSES):
        for seed in range(ORDINARY[split]):
            write_scene(root / split / name / f"{seed:03}.png", 1000 * number + seed)
    return Planted(
        rejected={**_plant_broken(root), **_plant_conflict(root)},
        ignored=_plant_left_behind(root),
        transcoded=_plant_formats(root),
        duplicates=_plant_duplicates(root),
        leaks=_plant_leaks(root),
        near_copies=_plant_near_copies(root),
        look_alike=_plant_look_alike(root),
        quality=_plant_odd(root),
    )


def _plant_broken(root: Path) -> dict[str, str]:
    folder = root / "train" / SECOND
    jpeg = save_image(make_scene(9_000), "JPEG")
    contents = {
        "page.jpg": (b"<!DOCTYPE html><html></html>", "not an image"),
        "empty.png": (b"", "empty file"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "broken jpeg"),
        "cut.png": (save_image(make_scene(9_001), "PNG")[:900], "broken png"),
        "bomb.png": (_png_of_size(30_000, 30_000), "too large"),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    planted = {f"train/{SECOND}/{name}": reason for name, (_, reason) in contents.items()}
    (root / "readme.txt").write_text("two classes")
    (folder / "outside.png").symlink_to("/etc/hostname")
    (folder / "gone.png").symlink_to("nowhere.png")
    (folder / "loop.png").symlink_to("loop.png")
    os.mkfifo(folder / "pipe.png")
    with open(os.fsencode(folder) + b"/\xff.png", "wb") as file:
        file.write(jpeg)
    return planted | {
        "readme.txt": "outside of any class folder",
        f"train/{SECOND}/outside.png": "link to a folder or out of the data folder",
        f"train/{SECOND}/gone.png": "unreadable",
        f"train/{SECOND}/loop.png": "unreadable",
        f"train/{SECOND}/pipe.png": "not a regular file",
        f"train/{SECOND}/\N{REPLACEMENT CHARACTER}.png": "file name is not UTF-8",
    }


def _plant_left_behind(root: Path) -> tuple[str, ...]:
    names = (f"train/{SECOND}/.DS_Store", f"test/{SECOND}/@eaDir/1.jpg/SYNOPHOTO_THUMB_S.jpg")
    for name in (*names, "Thumbs.db", "__MACOSX/train/._1.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(save_image(make_scene(9_002), "JPEG"))
    return (*names, "Thumbs.db", "__MACOSX/train/._1.png")


def _png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header claims a size, as decompression bombs do."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _plant_conflict(root: Path) -> dict[str, str]:
    original, copy = f"train/{FIRST}/000.png", f"train/{SECOND}/mine too.png"
    shutil.copy(root / original, root / copy)
    return dict.fromkeys((original, copy), "same image in two classes")


def _plant_formats(root: Path) -> tuple[str, ...]:
    # Not above: few tests need libheif.
    from pillow_heif import from_pillow

    folder = f"train/{FIRST}"
    transparent = make_scene(9_010).convert("RGBA")
    transparent.putalpha(make_scene(9_011).convert("L"))
    files = {
        "photo.tiff": save_image(make_scene(9_012), "TIFF"),
        "photo.avif": save_image(make_scene(9_013), "AVIF"),
        "transparent.png": save_image(transparent, "PNG"),
        "rotated.png": save_image(make_scene(9_014), "PNG", exif=make_exif(6)),
        "lossless.webp": save_image(transparent.rotate(180), "WEBP", lossless=True),
    }
    heic = io.BytesIO()
    from_pillow(make_scene(9_015)).save(heic)
    files["photo.heic"] = heic.getvalue()
    for name, content in files.items():
        (root / folder / name).write_bytes(content)
    return tuple(f"{folder}/{name}" for name in files)


def _plant_duplicates(root: Path) -> dict[str, str]:
    folder = f"train/{FIRST}"
    shutil.copy(root / folder / "001.png", root / folder / "same bytes.png")
    make_scene(2).save(root / folder / "same pixels.bmp")
    return {
        f"{folder}/same bytes.png": f"{folder}/001.png",
        f"{folder}/same pixels.bmp": f"{folder}/002.png",
    }


def _plant_leaks(root: Path) -> tuple[tuple[str, str], ...]:
    copies = {"smaller.jpg": {"size": (120, 90)}, "recompressed.jpg": {"quality": 40}}
    leaks = []
    for seed, (name, options) in enumerate(copies.items(), 10):
        write_scene(root / "test" / FIRST / name, seed, **options)
        leaks.append((f"test/{FIRST}/{name}", f"train/{FIRST}/{seed:03}.png"))
    write_scene(root / "validation" / FIRST / "cropped.png", 12, crop=(0.03, 0.03, 0.97, 0.97))
    return (*leaks, (f"validation/{FIRST}/cropped.png", f"train/{FIRST}/012.png"))


def _plant_near_copies(root: Path) -> dict[str, str]:
    folder = f"train/{FIRST}"
    for seed in range(20, 24):
        write_scene(root / folder / f"again {seed}.jpg", seed, quality=50)
    return {f"{folder}/again {seed}.jpg": f"{folder}/{seed:03}.png" for seed in range(20, 24)}


def _plant_look_alike(root: Path) -> tuple[str, str]:
    copy = f"train/{SECOND}/disguised.jpg"
    write_scene(root / copy, 30, quality=50)
    return f"train/{FIRST}/030.png", copy


def _plant_odd(root: Path) -> dict[str, str]:
    folder = f"train/{SECOND}"
    dark = make_scene(9_020).point(lambda value: value // 20)
    bright = make_scene(9_021).point(lambda value: 255 - value // 30)
    images = {
        "dark": dark,
        "bright": bright,
        "blurry": make_scene(9_022).filter(ImageFilter.GaussianBlur(12)),
        "low_information": Image.new("RGB", (240, 180), (120, 130, 140)),
        "odd_size": make_scene(9_023, (2_600, 1_950)),
        "odd_aspect": make_scene(9_024, (1_400, 60)),
    }
    for kind, image in images.items():
        image.save(root / folder / f"{kind}.png")
    return {f"{folder}/{kind}.png": kind for kind in images}


def pixels_of(root: Path, path: str) -> np.ndarray:
    """Gray pixels of a file, 32 x 32, to compare images with."""
    with Image.open(root / path) as image:
        return np.asarray(image.convert("L").resize((32, 32)), dtype=np.float32)
