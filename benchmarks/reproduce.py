"""Runs the whole pipeline with the ready configurations, and tells what each model reached.

    python benchmarks/reproduce.py                          # every row whose images are there
    python benchmarks/reproduce.py mnist_cnn cifar10_cnn --data data/full --peer

Images are looked for in FOLDER/mnist, FOLDER/fashion_mnist, FOLDER/cifar10 (data/README.md tells
how they are made) and FOLDER/cats_dogs, with train/ and test/ in each. `--peer` runs the same
program in plain Keras after each row and gives the ratio of the times, imports included.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).parents[1]
REFUSED = 3
"""The exit status of a run whose model was not good enough to be pushed."""
PEER = Path(__file__).with_name("plain_keras.py")


@dataclasses.dataclass(frozen=True)
class Row:
    """A configuration and what it must reach.

    Attributes:
        images: Name of the folder of images.
        target: Test accuracy to reach.
        has_weights: Whether it takes weights of MobileNetV2.
        peer: Name of the program in plain Keras; empty if there is none.
    """

    images: str
    target: float
    has_weights: bool = False
    peer: str = ""


ROWS = {
    "mnist_dense": Row("mnist", 0.978, peer="mnist_dense"),
    "fashion_mnist_dense": Row("fashion_mnist", 0.87, peer="fashion_mnist_dense"),
    "mnist_cnn": Row("mnist", 0.9918, peer="mnist_cnn"),
    "cifar10_cnn": Row("cifar10", 0.70, peer="cifar10_cnn"),
    "cats_dogs_224": Row("cats_dogs", 0.98, has_weights=True, peer="cats_dogs_224"),
    "cats_dogs_160": Row("cats_dogs", 0.96, has_weights=True, peer="cats_dogs_160"),
    "fashion_mnist_best": Row("fashion_mnist", 0.93),
    "cifar10_best": Row("cifar10", 0.85),
    "cats_dogs_best": Row("cats_dogs", 0.985, has_weights=True, peer="cats_dogs_160"),
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a run came to: test accuracy, and seconds of the whole process."""

    accuracy: float
    seconds: float


def main() -> int:
    """Runs the rows; the status is 1 if one of them is below its target, 2 if none can be run."""
    arguments = _parse_arguments()
    console = Console()
    chosen = [name for name in arguments.rows or ROWS if _is_there(name, arguments.data, console)]
    table = Table(
        "configuration", "target", "reached", "seconds", "plain Keras", "seconds", "ratio"
    )
    is_reached = bool(chosen)
    for name in chosen:
        outcome = run_pipeline(name, arguments)
        peer = run_peer(name, arguments) if arguments.peer and ROWS[name].peer else None
        cells = _cells(name, outcome, peer)
        table.add_row(*cells)
        # At once, too: whoever interrupts the next row keeps this one.
        console.print(*cells, sep=" | ")
        is_reached &= outcome.accuracy >= ROWS[name].target
    console.print(table)
    if not chosen:
        return 2
    return 0 if is_reached else 1


def run_pipeline(name: str, arguments: argparse.Namespace) -> Outcome:
    """Runs a row from the images to the pushed model, and shows the run as it goes."""
    with tempfile.TemporaryDirectory(dir=arguments.output) as folder:
        command = [sys.executable, str(REPOSITORY / "runner_local.py")]
        command += ["--config", str(REPOSITORY / "configs" / f"{name}.yaml")]
        command += ["--data", str(arguments.data / ROWS[name].images)]
        command += ["--output", f"{folder}/output", "--serving", f"{folder}/serving"]
        command += ["--schema", f"{folder}/schema.pbtxt"]
        if ROWS[name].has_weights and arguments.weights:
            command += ["--train.options.weights", arguments.weights]
        start = time.perf_counter()
        status = subprocess.run(command, check=False).returncode
        seconds = time.perf_counter() - start
        # A model that was refused has been measured all the same.
        if status not in (0, REFUSED):
            raise SystemExit(status)
        return Outcome(_read_accuracy(Path(folder)), seconds)


def run_peer(name: str, arguments: argparse.Namespace) -> Outcome:
    """Runs the program in plain Keras."""
    row = ROWS[name]
    command = [sys.executable, str(PEER), row.peer, str(arguments.data / row.images)]
    if row.has_weights and arguments.weights:
        command += ["--weights", arguments.weights]
    start = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - start
    return Outcome(json.loads(done.stdout.splitlines()[-1])["accuracy"], seconds)


def _read_accuracy(folder: Path) -> float:
    [metrics] = folder.glob("output/*/artifacts/ModelReport/report/*/metrics.json")
    return float(json.loads(metrics.read_text())["accuracy"]["value"])


def _cells(name: str, ours: Outcome, theirs: Outcome | None) -> list[str]:
    cells = [name, f"{ROWS[name].target:.4f}", f"{ours.accuracy:.4f}", f"{ours.seconds:.0f}"]
    if theirs:
        ratio = ours.seconds / theirs.seconds
        cells += [f"{theirs.accuracy:.4f}", f"{theirs.seconds:.0f}", f"{ratio:.2f}"]
    return cells


def _is_there(name: str, data: Path, console: Console) -> bool:
    folder = data / ROWS[name].images
    if not folder.is_dir():
        console.print(f"{name} is left out: there is no folder {folder} (see data/README.md).")
    return folder.is_dir()


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", choices=[*ROWS, []], help=", ".join(ROWS))
    parser.add_argument("--data", type=Path, default=REPOSITORY / "data/full", metavar="FOLDER")
    parser.add_argument("--weights", default="", metavar="FILE", help="of MobileNetV2, no top")
    parser.add_argument("--output", metavar="FOLDER", help="for the runs, which are removed")
    parser.add_argument("--peer", action="store_true", help="run plain Keras too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
