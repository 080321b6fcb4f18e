"""Compares ingestion and the audit with a bare loop that opens and decodes the same photos.

    python benchmarks/ingest.py FOLDER [--times 16] [--repeats 5]

The bare loop is `PIL.Image.open(path).load()` in a process for each core. All three run in turn,
several times, on all cores; what is loaded before the work begins is not counted. Other work on the
machine disturbs the seconds more than the processor time, so both are compared; the median of the
repeats counts.
"""

import argparse
import functools
import multiprocessing
import multiprocessing.pool
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from photos import list_photos, multiply
from processes import Cost, measure
from running import default_rules, prepare_audit, prepare_ingestion

from components.resources import cores

BARE, AUDIT, INGEST = "bare loop", "audit", "ingestion"
CHUNK = 16


def decode(path: str) -> None:
    """What the bare loop does with one photo."""
    Image.open(path).load()


def decode_all(paths: Sequence[str], pool: multiprocessing.pool.Pool) -> None:
    """The bare loop."""
    for _ in pool.imap_unordered(decode, paths, chunksize=CHUNK):
        pass


def measure_bare_loop(paths: Sequence[str]) -> Cost:
    """Decodes in new processes.

    Those of an earlier round would do it as fast, or as slowly, as before: that depends by a fifth
    on how their memory happens to lie.
    """
    with multiprocessing.get_context("spawn").Pool(cores()) as pool:
        decode_all(paths[: 2 * CHUNK], pool)
        return measure(functools.partial(decode_all, paths, pool))


def measure_ingestion(root: Path) -> Cost:
    """Ingests into a folder that is removed again."""
    with tempfile.TemporaryDirectory(dir=root.parent) as folder:
        return measure(prepare_ingestion(root, Path(folder) / "examples", default_rules(root, 1.0)))


def measure_audit(root: Path) -> Cost:
    """Looks through a folder."""
    return measure(prepare_audit(root, default_rules(root)))


def take_turns(
    works: Mapping[str, Callable[[], Cost]], repeats: int, console: Console
) -> dict[str, list[Cost]]:
    """Runs all in turn; the first round only warms up."""
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            cost = work()
            console.print(
                f"{name}: {cost.seconds:.2f} s, processor {cost.processor:.2f} s", style="dim"
            )
            if turn:
                costs[name].append(cost)
    return costs


def ratio(bare: Sequence[Cost], other: Sequence[Cost], attribute: str) -> float:
    """How fast a work is, compared with the bare loop in the same round: the median."""
    return statistics.median(
        getattr(mine, attribute) / getattr(theirs, attribute)
        for mine, theirs in zip(bare, other, strict=True)
    )


def show(costs: dict[str, list[Cost]], photos: int, console: Console) -> None:
    """Prints the table."""
    table = Table("", "bare loop", "audit", "ingestion", title=f"{photos:,} photos")

    def row(title: str, describe: Callable[[list[Cost]], str]) -> None:
        table.add_row(title, *(describe(costs[name]) for name in (BARE, AUDIT, INGEST)))

    def median(each: list[Cost], attribute: str) -> float:
        return statistics.median(getattr(cost, attribute) for cost in each)

    row("seconds", lambda each: f"{median(each, 'seconds'):.2f}")
    row("images/s", lambda each: f"{photos / median(each, 'seconds'):,.0f}")
    row("ratio of images/s", lambda each: f"{ratio(costs[BARE], each, 'seconds'):.2f}")
    row("ratio by processor time", lambda each: f"{ratio(costs[BARE], each, 'processor'):.2f}")
    row("processor s, main process", lambda each: f"{median(each, 'main_processor'):.2f}")
    row("processor s, workers", lambda each: f"{median(each, 'children_processor'):.2f}")
    row("memory, main process, MB", lambda each: f"{median(each, 'main_memory') / 1e6:.0f}")
    row("memory, largest worker, MB", lambda each: f"{median(each, 'child_memory') / 1e6:.0f}")
    console.print(table)


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line (`sys.argv` if `arguments` is None)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="photos, in folders of two classes or more")
    parser.add_argument(
        "--times", type=int, default=16, choices=range(1, 17), help="distinct photos made of each"
    )
    parser.add_argument("--repeats", type=int, default=5, help="rounds that count")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit status."""
    options = parse_arguments(arguments)
    console = Console()
    photos = list_photos(options.folder)
    if not photos:
        console.print(f"A benchmark needs images. Received: {options.folder} with none.")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        root = folder / "photos"
        multiply(photos, root, options.times)
        paths = [str(path) for path in list_photos(root)]
        works = {
            BARE: functools.partial(measure_bare_loop, paths),
            AUDIT: functools.partial(measure_audit, root),
            INGEST: functools.partial(measure_ingestion, root),
        }
        show(take_turns(works, options.repeats, console), len(paths), console)
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
