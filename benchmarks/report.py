"""Builds the report of a made-up run, and opens it in a browser.

    python benchmarks/report.py [--images 10000] [--classes 100] [--data FOLDER] [--to FOLDER]

Prints the size of the page, the seconds to build all files of the report, and, where Chromium and
its driver are installed, the seconds until a reader can use the page, as the browser measures it.
The predictions are made up, with noise and wrong labels; the images are generated, or those of a
data folder, one sub-folder a class.
"""

import argparse
import dataclasses
import hashlib
import io
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from components import features
from components.audit import Audit, FindingsOfKind
from components.lineage import ArtifactOrigin
from components.metrics import Metrics, wilson
from components.predictions import ModelPredictions, Predictions
from components.release.release_verdict import (
    AT_LEAST,
    AT_MOST,
    FAILED,
    NOT_ENOUGH_EVIDENCE,
    PASSED,
    Check,
    ModelVerdict,
)
from components.reporting.run_facts import RunFacts
from components.serving.serving_facts import GoldenResult, ServingFacts
from components.validation.validation_result import Anomaly, ValidationResult

SIDE = 224
DIFFERENT_IMAGES = 200
"""The page shows a few hundred; making all of them would take longer than all the rest."""
WRONG_LABELS = 0.02
CERTAINTY = 5.0
"""Of the made-up model: about nine in ten predictions are correct."""
CONFIDENCE = 0.95
LOADS = 5
WARNING = Anomaly("drift", "train", "image/brightness", "moved by 0.12, at most 0.1")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRIVER = "chromedriver"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


@dataclasses.dataclass(frozen=True)
class Photo:
    """One test image: its path below the data folder, its class, and the file."""

    filename: str
    class_text: str
    encoded: bytes


def generate_photos(images: int, classes: int) -> list[Photo]:
    """Smooth colors with some grain, which compress about as photos do."""
    dice = np.random.default_rng(0)
    encoded = [_generate(dice) for _ in range(min(images, DIFFERENT_IMAGES))]
    names = [f"class {number:03}" for number in range(classes)]
    labels = dice.integers(0, classes, images)
    return [
        Photo(f"{names[label]}/{number:05}.jpg", names[label], encoded[number % len(encoded)])
        for number, label in enumerate(labels)
    ]


def _generate(dice: np.random.Generator) -> bytes:
    coarse = Image.fromarray(dice.integers(0, 256, (7, 7, 3), np.uint8))
    smooth = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float64)
    grain = Image.fromarray(dice.integers(0, 256, (SIDE, SIDE), np.uint8))
    texture = np.asarray(grain.filter(ImageFilter.GaussianBlur(1.5)), np.float64)[..., None] - 128
    stream = io.BytesIO()
    pixels = np.clip(smooth + texture, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def read_photos(folder: Path, images: int) -> list[Photo]:
    """The files of a data folder, evenly chosen."""
    paths = sorted(path for path in folder.glob("*/*") if path.is_file())
    chosen = paths[:: -(-len(paths) // images)]
    return [
        Photo(str(path.relative_to(folder)), path.parent.name, path.read_bytes()) for path in chosen
    ]


def make_predictions(photos: Sequence[Photo]) -> Predictions:
    """Predictions with noise, more often confused with the next class, and a few wrong labels."""
    dice = np.random.default_rng(1)
    names = tuple(sorted({photo.class_text for photo in photos}))
    labels = np.array([names.index(photo.class_text) for photo in photos])
    truth = labels.copy()
    wrong = dice.random(len(labels)) < WRONG_LABELS
    truth[wrong] = dice.integers(0, len(names), int(wrong.sum()))
    photos_in_order = np.argsort([photo.filename for photo in photos])
    new, old = (_predict(truth, len(names), CERTAINTY - less, dice) for less in (0.0, 0.3))
    return Predictions(
        filenames=np.array([photos[at].filename for at in photos_in_order], object),
        sha256s=np.array([digest(photos[at]) for at in photos_in_order], object),
        class_texts=np.array([photos[at].class_text for at in photos_in_order], object),
        model=ModelPredictions(names, new[photos_in_order]),
        baseline=ModelPredictions(names, old[photos_in_order]),
    )


def _predict(
    truth: np.ndarray, classes: int, certainty: float, dice: np.random.Generator
) -> np.ndarray:
    rows = np.arange(len(truth))
    logits = dice.normal(0, 1, (len(truth), classes))
    logits[rows, truth] += certainty
    logits[rows, (truth + 1) % classes] += dice.gamma(1.2, 1.4, len(truth))
    powers = np.exp(1.3 * logits - (1.3 * logits).max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def digest(photo: Photo) -> str:
    """Stands for the SHA-256 of the file: the same bytes serve for several images."""
    return hashlib.sha256(photo.filename.encode()).hexdigest()


def write_records(photos: Sequence[Photo], folder: Path) -> None:
    """Writes what the report reads of the records of the test split."""
    import tensorflow as tf

    path = folder / f"Split-{features.TEST_SPLIT}" / "data_tfrecord-00000-of-00001.gz"
    path.parent.mkdir(parents=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=0)
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for photo in photos:
            values = {
                features.IMAGE_ENCODED: photo.encoded,
                features.IMAGE_SHA256: digest(photo).encode(),
            }
            listed = {
                key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
                for key, value in values.items()
            }
            record = tf.train.Example(features=tf.train.Features(feature=listed))
            writer.write(record.SerializeToString())


def make_facts(predictions: Predictions) -> RunFacts:
    """All that a report tells, made up."""
    accuracy = float(predictions.model.is_correct(predictions.class_texts).mean())
    return RunFacts(
        pipeline="made_up",
        run="2026-01-01T12-00-00.000000",
        configuration={"name": "made_up", "train": {"trainer": "cnn", "epochs": 12}},
        verdict=make_verdict(predictions, accuracy),
        metrics=Metrics(predictions, CONFIDENCE),
        audit=make_audit(predictions),
        data_verdict=ValidationResult(warnings=(WARNING,), has_baseline=True),
        data_fingerprint="ab" * 32,
        history=make_history(),
        exports={},
        serving=make_serving(),
        origins=tuple(make_origins()),
        versions={"python": "3.11.2", "tensorflow": "2.21.0", "keras": "3.15.0"},
    )


def make_verdict(predictions: Predictions, accuracy: float) -> ModelVerdict:
    """A verdict with checks of all outcomes."""
    images = len(predictions)
    low, high = wilson(round(accuracy * images), images, CONFIDENCE)
    overall = (
        Check("accuracy", "Accuracy", accuracy, low, high, 0.8, AT_LEAST, "", PASSED, "Wilson"),
        Check("size", "Size of the model", 1.9, 1.9, 1.9, 50, AT_MOST, "MB", PASSED),
        Check("latency", "Latency of one image", 3.4, 3.1, 3.9, 20, AT_MOST, "ms", PASSED, "order"),
    )
    of_classes = tuple(_check_recall(predictions, name) for name in predictions.model.class_names)
    checks = overall + of_classes
    failed = [check for check in checks if check.outcome == FAILED]
    return ModelVerdict(
        is_released=not failed,
        sentence=f"Refused: {failed[0].title} is {failed[0].value:.4f} and must be at least 0.7500."
        if failed
        else f"Released: accuracy {accuracy:.4f} reaches its threshold, and so does every class.",
        checks=checks,
        test_images=images,
        baseline="1795344506",
        baseline_note="",
        policy="refuse",
        confidence=CONFIDENCE,
    )


def _check_recall(predictions: Predictions, name: str) -> Check:
    inside = predictions.class_texts == name
    right = int((predictions.model.is_correct(predictions.class_texts) & inside).sum())
    low, high = wilson(right, int(inside.sum()), CONFIDENCE)
    outcome = PASSED if low >= 0.75 else FAILED if high < 0.75 else NOT_ENOUGH_EVIDENCE
    value = right / int(inside.sum())
    title = f"Recall of {name}"
    return Check(
        f"recall/{name}", title, value, low, high, 0.75, AT_LEAST, "", outcome, "Wilson interval"
    )


def make_audit(predictions: Predictions) -> Audit:
    """Counts that add up."""
    names, counts = np.unique(predictions.class_texts.astype(str), return_counts=True)
    test = dict(zip(names.tolist(), counts.tolist(), strict=True))
    images = {
        features.TRAIN_SPLIT: {name: 8 * count for name, count in test.items()},
        features.EVAL_SPLIT: test,
        features.TEST_SPLIT: test,
    }
    used = 10 * len(predictions)
    return Audit(
        data_folder="photos",
        found=used + 17,
        used=used,
        rejected=12,
        duplicates=5,
        images=images,
        reasons={"broken jpeg": 9, "not an image": 3},
        formats={"jpeg": used},
        treatments={},
        sizes={},
        quality={},
        findings={
            "rejected": FindingsOfKind(12, 12, ()),
            "near_duplicate": FindingsOfKind(40, 93, ()),
            "dark": FindingsOfKind(4, 4, ()),
        },
    )


def make_history() -> dict[str, Any]:
    """A training of two phases."""
    epochs = np.arange(12)
    loss, val_loss = 2.2 * np.exp(-epochs / 3) + 0.2, 2.1 * np.exp(-epochs / 2.6) + 0.3
    return {
        "trainer": "mobilenet_v2",
        "parameters": 2_257_984,
        "precision": "float32",
        "kept_epoch": 11,
        "settings": {"train": {"epochs": 8}, "fine_tune": {"epochs": 4}},
        "phases": [
            {"name": "training", "epochs": 8, "seconds": 95.2, "images_per_second": 812.0},
            {"name": "fine-tuning", "epochs": 4, "seconds": 412.0, "images_per_second": 96.1},
        ],
        "epochs": {
            "loss": loss.tolist(),
            "accuracy": (1 - loss / 4).tolist(),
            "val_loss": val_loss.tolist(),
            "val_accuracy": (1 - val_loss / 4).tolist(),
        },
    }


def make_serving() -> ServingFacts:
    """A model that can be served."""
    dice = np.random.default_rng(2)
    kinds = ("JPEG", "PNG", "PNG, 16 bits", "GIF", "BMP", "1 x 1 pixels", "a batch of 64")
    return ServingFacts(
        problems=(),
        golden=tuple(GoldenResult(kind, 64 if "64" in kind else 1) for kind in kinds),
        compared_images=64,
        largest_difference=2.1e-7,
        load_seconds=1.8,
        model_bytes=9_412_332,
        latencies={
            "1": tuple(dice.gamma(9, 0.4, 100).tolist()),
            "64": tuple(dice.gamma(80, 1, 30).tolist()),
        },
    )


def make_origins() -> Iterator[ArtifactOrigin]:
    """Steps with their time and memory."""
    steps = (
        ("ImageFolderExampleGen", "examples", "Examples", 7_200),
        ("Trainer", "model", "Model", 512_000),
        ("Trainer", "model_run", "ModelRun", 512_000),
        ("Evaluator", "evaluation", "ModelEvaluation", 5_700),
        ("ReleaseGate", "verdict", "ReleaseVerdict", None),
    )
    for number, (step, key, kind, milliseconds) in enumerate(steps, 1):
        yield ArtifactOrigin(
            step,
            "2026-01-01T12-00-00.000000",
            key,
            number,
            number,
            kind,
            f"output/made_up/artifacts/{step}/{key}/{number}",
            milliseconds,
            1_100_000_000 if milliseconds else None,
        )


class Browser:
    """Chromium, driven through its driver as the WebDriver standard describes it."""

    def __init__(self, binary: str, folder: Path):
        """Starts it.

        Args:
            binary: Chromium.
            folder: For its profile; a new one.
        """
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._address = f"http://127.0.0.1:{port}/session"
        self._process = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL)
        options = {"binary": binary, "args": [*FLAGS, f"--user-data-dir={folder}"]}
        capabilities = {"alwaysMatch": {"goog:chromeOptions": options}}
        answer = self._ask("", {"capabilities": capabilities})
        self._address += f"/{answer['sessionId']}"

    def seconds_to_interactive(self, path: Path) -> float:
        """Opens a page; from the start of loading to what browsers call domInteractive."""
        self._ask("/url", {"url": path.resolve().as_uri()})
        script = "return performance.getEntriesByType('navigation')[0].domInteractive"
        return float(self._ask("/execute/sync", {"script": script, "args": []})) / 1000

    def close(self) -> None:
        """Ends it."""
        urllib.request.urlopen(urllib.request.Request(self._address, method="DELETE")).close()
        self._process.terminate()
        self._process.wait()

    def _ask(self, command: str, values: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self._address + command,
            json.dumps(values).encode(),
            {"Content-Type": "application/json"},
        )
        for _ in range(100):
            try:
                with urllib.request.urlopen(request) as response:
                    return json.load(response)["value"]
            except urllib.error.HTTPError:
                raise
            except urllib.error.URLError:
                # The driver is not listening yet.
                time.sleep(0.1)
        raise TimeoutError(f"{DRIVER} must listen within ten seconds. Received: nothing.")


def build(photos: Sequence[Photo], folder: Path, console: Console) -> None:
    """Writes the report into a folder; prints the time and the sizes."""
    predictions = make_predictions(photos)
    facts = make_facts(predictions)
    with tempfile.TemporaryDirectory() as records:
        write_records(photos, Path(records))
        # Not above: loading TensorFlow is no part of building a report.
        from components.reporting.report_files import write_report_files

        start = time.perf_counter()
        write_report_files(facts, [records], str(folder))
        seconds = time.perf_counter() - start
    accuracy = predictions.model.is_correct(predictions.class_texts).mean()
    console.print(f"{len(photos):,} images, accuracy {accuracy:.4f}: built in {seconds:.1f} s")
    for path in sorted(folder.iterdir()):
        console.print(f"{path.name:30} {path.stat().st_size / 1e6:8.2f} MB")


def time_opening(page: Path, console: Console) -> None:
    """Opens the page several times and prints how long it took."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found or not shutil.which(DRIVER):
        console.print(f"Not opened: Chromium and {DRIVER} are not installed.")
        return
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(found, Path(profile))
        try:
            seconds = [browser.seconds_to_interactive(page) for _ in range(LOADS)]
        finally:
            browser.close()
    console.print(
        f"interactive after {statistics.median(seconds):.2f} s, median of {LOADS}; the first "
        f"after {seconds[0]:.2f} s"
    )


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line (`sys.argv` if `arguments` is None)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--data", type=Path, help="a data folder, instead of generated images")
    parser.add_argument("--to", type=Path, help="where the report stays; nowhere by default")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit status."""
    options = parse_arguments(arguments)
    console = Console()
    if options.data:
        photos = read_photos(options.data, options.images)
    else:
        photos = generate_photos(options.images, options.classes)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.to or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        build(photos, folder, console)
        time_opening(folder / "report.html", console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
