"""Measures how time and memory grow with the images: a tenth of a folder against all of it.

    python benchmarks/growth.py FOLDER [--repeats 3] [--times 8]

For each size the audit and ingestion run in fresh processes, in turn; the median counts. What is
loaded before the work begins is not counted as time, but as memory it is: a small folder must not
cost much less than a large one.
"""

import argparse
import collections
import dataclasses
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from photos import list_photos, multiply
from processes import Cost, measure
from running import default_rules, prepare_audit, prepare_ingestion

WORKS = ("audit", "ingestion")
TENTH, ALL = "a tenth", "all"
MOST_TIME, MOST_MEMORY = 10.5, 1.3


def link_some(paths: Sequence[Path], root: Path, destination: Path, step: int) -> int:
    """Links every so manieth file of each folder to another place; returns how many."""
    numbers: collections.Counter[Path] = collections.Counter()
    linked = 0
    for path in paths:
        number = numbers[path.parent]
        numbers[path.parent] += 1
        if number % step == 0:
            place = destination / path.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, place)
            except OSError:
                shutil.copyfile(path, place)
            linked += 1
    return linked


def measure_here(work: str, root: Path) -> Cost:
    """Runs a work in this process."""
    with tempfile.TemporaryDirectory(dir=root.parent) as folder:
        rules = default_rules(root, 1.0)
        return measure(
            prepare_audit(root, rules)
            if work == "audit"
            else prepare_ingestion(root, Path(folder) / "examples", rules)
        )


def measure_elsewhere(work: str, root: Path) -> Cost:
    """Runs a work in a fresh process.

    Raises:
        subprocess.CalledProcessError: It failed; standard error says why.
    """
    command = [sys.executable, __file__, str(root), "--only", work]
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(finished.stdout.splitlines()[-1]))


def compare(
    roots: dict[str, Path], repeats: int, console: Console
) -> dict[tuple[str, str], list[Cost]]:
    """Measures all works on all roots in turn."""
    costs: dict[tuple[str, str], list[Cost]] = collections.defaultdict(list)
    for _ in range(repeats):
        for work in WORKS:
            for size, root in roots.items():
                cost = measure_elsewhere(work, root)
                costs[work, size].append(cost)
                console.print(f"{work} of {size}: {cost}", style="dim")
    return costs


def show(
    costs: dict[tuple[str, str], list[Cost]], counts: dict[str, int], console: Console
) -> None:
    """Prints the table."""
    title = f"{counts[TENTH]:,} and {counts[ALL]:,} images"
    table = Table("", TENTH, ALL, "factor", "at most", title=title)
    for work in WORKS:
        of_work = {size: costs[work, size] for size in (TENTH, ALL)}
        for row in _rows(work, of_work.__getitem__):
            table.add_row(*row)
    console.print(table)


def _rows(work: str, costs_of: Callable[[str], list[Cost]]) -> Iterator[tuple[str, ...]]:
    quantities: tuple[tuple[str, Callable[[Cost], float], float], ...] = (
        ("seconds", lambda cost: cost.seconds, MOST_TIME),
        ("processor seconds", lambda cost: cost.processor, MOST_TIME),
        ("memory of main process, MB", lambda cost: cost.main_memory / 1e6, MOST_MEMORY),
        ("memory of largest worker, MB", lambda cost: cost.child_memory / 1e6, MOST_MEMORY),
    )
    for name, value_of, most in quantities:
        small, large = (
            statistics.median(value_of(cost) for cost in costs_of(size)) for size in (TENTH, ALL)
        )
        factor = f"{large / small:.2f}" if small else "-"
        yield f"{work}: {name}", f"{small:.1f}", f"{large:.1f}", factor, f"{most:g}"


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line (`sys.argv` if `arguments` is None)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="images, in folders of two classes or more")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each kind")
    parser.add_argument(
        "--times", type=int, default=0, choices=range(17), help="distinct photos made of each image"
    )
    parser.add_argument("--only", choices=WORKS, help="only this, on the folder as it is, as JSON")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit status."""
    options = parse_arguments(arguments)
    if options.only:
        print(json.dumps(dataclasses.asdict(measure_here(options.only, options.folder))))
        return 0
    console = Console()
    root = options.folder
    if not list_photos(root):
        console.print(f"A benchmark needs images. Received: {root} with none.")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        if options.times:
            multiply(list_photos(root), folder / "photos", options.times)
            root = folder / "photos"
        paths = list_photos(root)
        roots = {TENTH: folder / "tenth", ALL: folder / "all"}
        steps = {TENTH: 10, ALL: 1}
        counts = {size: link_some(paths, root, roots[size], steps[size]) for size in roots}
        show(compare(roots, options.repeats, console), counts, console)
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
