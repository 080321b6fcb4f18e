"""Retraining on what arrived since: old spans are not read again, and no image leaks into train."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from components.ingestion.manifest import Row, read_manifest
from tests.e2e.pipeline_runs import Workplace, steps_of
from tests.scenes import write_scene

pytestmark = pytest.mark.e2e

FLAGS = (
    "--image.height=24",
    "--image.width=24",
    "--train.epochs=2",
    "--evaluate.min_accuracy=0.1",
    "--evaluate.max_accuracy_loss=1",
    "--ingest.window=3",
    "--ingest.max_reject_fraction=0.05",
)
CLASSES = ("cat", "dog")
IMAGES = 40
"""Of each class in a span."""
Finished = subprocess.CompletedProcess[str]


def write_span(root: Path, number: int) -> None:
    for label, name in enumerate(CLASSES):
        for image in range(IMAGES):
            path = root / f"span-{number}" / name / f"{image:02}.png"
            write_scene(path, seed=10_000 * number + 1000 * label + image, size=(80, 60))


def seed_of(number: int, name: str, image: int) -> int:
    return 10_000 * number + 1000 * CLASSES.index(name) + image


def manifest(workplace: Workplace, number: int) -> dict[str, Row]:
    folder = workplace.newest(f"ImageFolderExampleGen.span-{number}", "examples")
    return {row.path: row for row in read_manifest(str(folder))}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    folder = tmp_path_factory.mktemp("spans")
    for number in (1, 2, 3):
        write_span(folder / "images", number)
    return Workplace(folder, folder / "images")


@pytest.fixture(scope="module")
def first_run(workplace: Workplace) -> Finished:
    return workplace.run(*FLAGS)


def test_the_first_run_trains_on_all_spans(first_run: Finished, workplace: Workplace) -> None:
    assert first_run.returncode == 0, first_run.stdout
    assert "240 files found: 240 used, 0 duplicates, 0 rejected" in first_run.stdout
    assert "Of span-1, span-2, span-3" in first_run.stdout
    assert len(workplace.versions) == 1
    # The schema was proposed from the same records: no span was ingested twice.
    ingested = [step for step, state in workplace.states().items() if state == "CACHED"]
    assert {f"ImageFolderExampleGen.span-{number}" for number in (1, 2, 3)} <= set(ingested)


# Every image of span 3 comes again, recompressed.
RECOMPRESSED = {
    f"{name}/again {image:02}.jpg": f"{name}/{image:02}.png"
    for name in CLASSES
    for image in range(IMAGES)
}


@pytest.fixture(scope="module")
def second_run(first_run: Finished, workplace: Workplace) -> Finished:
    """After a fourth span arrived that has much of what was there."""
    del first_run
    span = workplace.data / "span-4"
    write_span(workplace.data, 4)
    for name in CLASSES:
        for image in range(IMAGES):
            path = span / name / f"again {image:02}.jpg"
            write_scene(path, seed=seed_of(3, name, image), size=(80, 60), quality=60)
    shutil.copy(workplace.data / "span-2/cat/05.png", span / "cat/copy.png")
    shutil.copy(workplace.data / "span-3/cat/06.png", span / "dog/mine too.png")
    # What nobody looks at any more.
    shutil.copy(workplace.data / "span-1/cat/07.png", span / "cat/forgotten.png")
    _spoil_without_a_trace(workplace.data / "span-2/dog/03.png")
    return workplace.run(*FLAGS)


def _spoil_without_a_trace(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"x" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_old_spans_are_not_read_again(second_run: Finished, workplace: Workplace) -> None:
    assert second_run.returncode == 0, second_run.stdout
    states = workplace.states()
    cached = steps_of(states, "CACHED")
    for number in (2, 3):
        for step in ("ImageFolderExampleGen", "StatisticsGen", "ExampleValidator"):
            assert f"{step}.span-{number}" in cached
    complete = steps_of(states, "COMPLETE")
    for step in ("ImageFolderExampleGen", "StatisticsGen", "ExampleValidator"):
        assert f"{step}.span-4" in complete
    assert {"Transform", "Trainer", "Evaluator", "Pusher"} <= set(complete)
    assert len(workplace.versions) == 2


def test_the_oldest_span_is_left_out(second_run: Finished, workplace: Workplace) -> None:
    del second_run
    assert [step for step in workplace.states() if step.endswith("span-1")] == []


def test_the_summary_adds_up(second_run: Finished) -> None:
    # 80 in each of three spans, and 80 near-copies, a copy, a conflict and a forgotten image.
    assert "323 files found: 321 used, 1 duplicates, 1 rejected" in second_run.stdout
    assert "Of span-2, span-3, span-4" in second_run.stdout


def test_what_is_in_an_earlier_span_already(second_run: Finished, workplace: Workplace) -> None:
    del second_run
    rows = manifest(workplace, 4)
    assert rows["cat/copy.png"].treatment == "duplicate of ../span-2/cat/05.png: same bytes"
    assert rows["dog/mine too.png"].treatment == "rejected: same image in two classes"
    assert rows["cat/forgotten.png"].split != ""
    folder = workplace.newest("ImageFolderExampleGen.span-4", "examples")
    findings = json.loads((folder / "audit.json").read_text())["findings"]
    assert findings["near_duplicate"]["count"] == len(RECOMPRESSED)


def test_near_copies_are_where_their_originals_are(
    second_run: Finished, workplace: Workplace
) -> None:
    del second_run
    earlier, rows = manifest(workplace, 3), manifest(workplace, 4)
    apart = [new for new, old in RECOMPRESSED.items() if rows[new].split != earlier[old].split]
    assert apart == []
    assert {rows[new].split for new in RECOMPRESSED} == {"train", "eval", "test"}


def test_an_unchanged_run_is_cached(second_run: Finished, workplace: Workplace) -> None:
    del second_run
    executions = workplace.executions()
    third = workplace.run(*FLAGS)
    assert third.returncode == 0, third.stdout
    # Only the resolvers, which do no work of their own, run each time.
    assert steps_of(workplace.states(), "COMPLETE") == ["BaselineResolver", "StatisticsResolver"]
    assert workplace.executions() == executions + 2
