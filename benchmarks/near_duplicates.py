"""Plants near-duplicates of the photos of a folder and counts which of them are found.

    python benchmarks/near_duplicates.py FOLDER [--distances 0 4 6 8 10 12 16] [--sheet PAIRS.png]

Prints the share found of each kind of copy, for each setting of the distance; mirror images, which
must not be found; and the pairs found among the photos themselves, which are either duplicates that
the folder holds or mistakes: look at them on the sheet.
"""

import argparse
import collections
import dataclasses
import io
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageOps
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from components.ingestion.ingestion_rules import DEFAULT_DISTANCE
from components.ingestion.near_duplicates import (
    BATCH_SIZE,
    find_pairs,
    make_batch,
    make_gallery,
)
from components.ingestion.perceptual_hash import perceptual_signatures

ORIGINAL = "original"
MIRRORED = "mirrored"
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"}

Box = tuple[float, float, float, float]
Copier = Callable[[Image.Image, random.Random], bytes]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one setting finds.

    Attributes:
        found: Number of copies found, by kind.
        pairs: Pairs of originals taken for near-duplicates.
        seconds: Time of the search, on one core.
    """

    found: collections.Counter[str]
    pairs: tuple[tuple[str, str], ...]
    seconds: float


def encode(image: Image.Image, quality: int = 90) -> bytes:
    """The image as a JPEG file."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def rescale(image: Image.Image, factor: float) -> Image.Image:
    """The image in another size, by the filter that Pillow uses by default."""
    width, height = (max(1, round(side * factor)) for side in image.size)
    return image.resize((width, height))


def crop(image: Image.Image, box: Box) -> Image.Image:
    """Cuts shares of the width and height off: left, top, right, bottom."""
    width, height = image.size
    left, top, right, bottom = box
    return image.crop(
        (
            round(left * width),
            round(top * height),
            max(round(left * width) + 1, width - round(right * width)),
            max(round(top * height) + 1, height - round(bottom * height)),
        )
    )


def crop_anywhere(image: Image.Image, dice: random.Random) -> Image.Image:
    """Cuts 0 to 5 % off each side."""
    left, top, right, bottom = (dice.uniform(0, 0.05) for _ in range(4))
    return crop(image, (left, top, right, bottom))


def _recompressed(quality: int) -> Copier:
    return lambda image, _: encode(image, quality)


def _rescaled(factor: float) -> Copier:
    return lambda image, _: encode(rescale(image, factor))


def _cropped(*box: float) -> Copier:
    left, top, right, bottom = box
    return lambda image, _: encode(crop(image, (left, top, right, bottom)))


KINDS: dict[str, Copier] = {
    "JPEG quality 30": _recompressed(30),
    "JPEG quality 50": _recompressed(50),
    "JPEG quality 75": _recompressed(75),
    "JPEG quality 95": _recompressed(95),
    "size x 0.25": _rescaled(0.25),
    "size x 0.5": _rescaled(0.5),
    "size x 2": _rescaled(2),
    "2.5 % off each side": _cropped(0.025, 0.025, 0.025, 0.025),
    "5 % off each side": _cropped(0.05, 0.05, 0.05, 0.05),
    "0 to 5 % off each side": lambda image, dice: encode(crop_anywhere(image, dice)),
    "10 % off the left": _cropped(0.1, 0, 0, 0),
    "10 % off the top": _cropped(0, 0.1, 0, 0),
    "10 % off the right": _cropped(0, 0, 0.1, 0),
    "10 % off the bottom": _cropped(0, 0, 0, 0.1),
    "10 % off left and top": _cropped(0.1, 0.1, 0, 0),
    "cropped, x 0.5, quality 50": lambda image, dice: encode(
        rescale(crop_anywhere(image, dice), 0.5), 50
    ),
    "gray": lambda image, _: encode(image.convert("L")),
    "8 % off each side": _cropped(0.08, 0.08, 0.08, 0.08),
    MIRRORED: lambda image, _: encode(ImageOps.mirror(image)),
}
BEYOND_THE_PROMISE = ("8 % off each side", MIRRORED)


def sign(encoded: bytes) -> bytes:
    """The signature of a file, decoded as ingestion does it."""
    image = Image.open(io.BytesIO(encoded))
    image.draft("L", (128, 128))
    gray = image.convert("L").resize((128, 128), Image.Resampling.BOX)
    [signature] = perceptual_signatures([gray])
    return signature


def plant(paths: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Signs each photo and its copies: ("<kind>|<path>", signature)."""
    for path in paths:
        encoded = path.read_bytes()
        yield f"{ORIGINAL}|{path}", sign(encoded)
        image = Image.open(io.BytesIO(encoded)).convert("RGB")
        dice = random.Random(path.name)
        for kind, copy in KINDS.items():
            yield f"{kind}|{path}", sign(copy(image, dice))


def find(signed: Sequence[tuple[str, bytes]], distance: int) -> set[tuple[str, str]]:
    """Finds pairs, without Beam."""
    comparable = [element for element in signed if element[1]]
    batches = [
        make_batch(comparable[start : start + BATCH_SIZE])
        for start in range(0, len(comparable), BATCH_SIZE)
    ]
    gallery = make_gallery(batches)
    return {pair for batch in batches for pair in find_pairs(batch, gallery, distance)}


def measure(signed: Sequence[tuple[str, bytes]], distance: int) -> Outcome:
    """Searches each kind of copy among the originals, and the originals among themselves."""
    kinds = collections.defaultdict(list)
    for key, signature in signed:
        kinds[key.partition("|")[0]].append((key, signature))
    start = time.process_time()
    found = collections.Counter(
        {kind: _count(find(kinds[ORIGINAL] + kinds[kind], distance)) for kind in KINDS}
    )
    pairs = sorted(find(kinds[ORIGINAL], distance))
    return Outcome(found, tuple(pairs), time.process_time() - start)


def _count(pairs: set[tuple[str, str]]) -> int:
    """How many copies were paired with their own original."""
    return sum(first.partition("|")[2] == second.partition("|")[2] for first, second in pairs)


def show(outcomes: dict[int, Outcome], photos: int, console: Console) -> None:
    """Prints the share found by kind and distance."""
    table = Table(title=f"Share of copies found, of {photos:,} photos, by distance in bits")
    table.add_column("copy")
    for distance in outcomes:
        is_default = distance == DEFAULT_DISTANCE
        table.add_column(f"{distance}{' (default)' if is_default else ''}", justify="right")
    for kind in KINDS:
        name = f"{kind} (not promised)" if kind in BEYOND_THE_PROMISE else kind
        shares = [f"{outcome.found[kind] / photos:.4f}" for outcome in outcomes.values()]
        table.add_row(name, *shares)
    promised = [kind for kind in KINDS if kind not in BEYOND_THE_PROMISE]
    means = [
        sum(outcome.found[kind] for kind in promised) / (photos * len(promised))
        for outcome in outcomes.values()
    ]
    table.add_section()
    table.add_row("all that are promised", *(f"{mean:.4f}" for mean in means))
    table.add_row("pairs of originals", *(str(len(outcome.pairs)) for outcome in outcomes.values()))
    table.add_row("seconds", *(f"{outcome.seconds:.1f}" for outcome in outcomes.values()))
    console.print(table)


def draw_sheet(pairs: Sequence[tuple[str, str]], path: Path, side: int = 96) -> None:
    """Draws pairs side by side, eight pairs a row, at most 200."""
    shown = pairs[:200]
    rows = max(1, math.ceil(len(shown) / 8))
    sheet = Image.new("RGB", (8 * (2 * side + 8), rows * (side + 8)), "white")
    for number, pair in enumerate(shown):
        for place, key in enumerate(pair):
            photo = Image.open(key.partition("|")[2]).convert("RGB").resize((side, side))
            left = number % 8 * (2 * side + 8) + place * side
            sheet.paste(photo, (left, number // 8 * (side + 8)))
    sheet.save(path)


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line (`sys.argv` if `arguments` is None)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="images, in folders or not")
    parser.add_argument("--distances", type=int, nargs="+", default=[0, 4, 6, 8, 10, 12, 16])
    parser.add_argument("--most", type=int, default=2000, help="photos to use, evenly chosen")
    parser.add_argument("--sheet", type=Path, help="where to draw the pairs among the photos")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit status."""
    options = parse_arguments(arguments)
    console = Console()
    paths = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        console.print(f"A benchmark needs images. Received: {options.folder} with none.")
        return 1
    paths = paths[:: math.ceil(len(paths) / options.most)]
    signed = list(plant(paths))
    outcomes = {distance: measure(signed, distance) for distance in options.distances}
    show(outcomes, len(paths), console)
    pairs = max(outcomes.values(), key=lambda outcome: len(outcome.pairs)).pairs
    for first, second in pairs[:20]:
        console.print(f"{first.partition('|')[2]}\n    {second.partition('|')[2]}", style="dim")
    if options.sheet:
        draw_sheet(pairs, options.sheet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
