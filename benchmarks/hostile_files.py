"""Examines hostile files one by one: what becomes of each, its time, and a worker's memory.

    python benchmarks/hostile_files.py FOLDER

Each file of the folder goes through a sandbox of its own, as ingestion has it, and, if it was
accepted, through TensorFlow as well, as when its record is made.
"""

import argparse
import dataclasses
import functools
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from processes import Meter
from running import default_rules

from components.ingestion import examine as examination
from components.ingestion.examine import Item, finish, look_at_file
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.ingestion_rules import IngestionRules
from components.sandbox import Sandbox

CLASS = "hostile"
WIDTH = 150
"""Columns of the table, on a terminal or in a file."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a file.

    Attributes:
        name: Of the file.
        size: Bytes.
        said: The treatment, or the reason and detail of the rejection.
        examined: Seconds of its examination.
        recorded: Seconds that it took to make its record.
        memory: Bytes of the worker at their most.
    """

    name: str
    size: int
    said: str
    examined: float
    recorded: float
    memory: int


def item(path: Path) -> Item:
    """What a worker is given of a file."""
    return str(path.parent), ImageRecord(path.name, CLASS, None), None


def reject(item: Item, reason: str, detail: str) -> Rejection:
    """The outcome of a file that ends its worker."""
    return item[1].rejected(reason, detail)


def examine(path: Path, rules: IngestionRules) -> tuple[ImageRecord | Rejection, float, int]:
    """Outcome, seconds and memory of one file, by a worker that has done nothing else."""
    with Sandbox(
        functools.partial(look_at_file, rules.image),
        reject,
        preload=examination.__name__,
        limits=rules.limits,
        finish=finish,
    ) as sandbox:
        # The first one waits for the workers to begin.
        list(sandbox.map([item(path.with_name("no such file"))]))
        with Meter() as meter:
            start = time.perf_counter()
            [outcome] = sandbox.map([item(path)])
            seconds = time.perf_counter() - start
    return outcome, seconds, meter.cost.child_memory


def record(image: ImageRecord, folder: Path, rules: IngestionRules) -> tuple[str, float]:
    """The treatment of an accepted file, or the reason why it has no record; and seconds."""
    # Not above: workers load what stands there, and TensorFlow takes seconds.
    from components.ingestion.record_maker import RecordMaker

    maker = RecordMaker(str(folder), rules.image)
    start = time.perf_counter()
    [(_, made)] = maker.make([image])
    seconds = time.perf_counter() - start
    maker.close()
    return describe(made) if isinstance(made, Rejection) else made[1], seconds


def describe(rejection: Rejection) -> str:
    """Reason and detail."""
    return f"rejected: {rejection.reason}: {rejection.detail}"


def run(folder: Path, rules: IngestionRules) -> Iterator[Outcome]:
    """Goes through all files of a folder."""
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        found, examined, memory = examine(path, rules)
        said, recorded = (
            (describe(found), 0.0) if isinstance(found, Rejection) else record(found, folder, rules)
        )
        yield Outcome(path.name, path.stat().st_size, said, examined, recorded, memory)


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Prints the table, and the extremes."""
    table = Table("file", "bytes", "outcome", "examined, s", "record, s", "worker, MB")
    for each in outcomes:
        times = (f"{each.examined:.3f}", f"{each.recorded:.3f}", f"{each.memory / 1e6:.0f}")
        table.add_row(each.name, f"{each.size:,}", each.said, *times)
    console.print(table)
    slowest = max(outcomes, key=lambda each: each.examined + each.recorded)
    largest = max(outcomes, key=lambda each: each.memory)
    rejected = sum(each.said.startswith("rejected") for each in outcomes)
    console.print(
        f"{len(outcomes)} files, {rejected} rejected, {len(outcomes) - rejected} records. "
        f"Longest: {slowest.examined + slowest.recorded:.2f} s, {slowest.name}. "
        f"Largest worker: {largest.memory / 1e6:.0f} MB, {largest.name}."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="files, directly in it")
    folder = parser.parse_args(arguments).folder
    console = Console(width=WIDTH)
    outcomes = list(run(folder, default_rules(folder)))
    if not outcomes:
        console.print(f"A benchmark needs files. Received: {folder} with none.")
        return 1
    show(outcomes, console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
