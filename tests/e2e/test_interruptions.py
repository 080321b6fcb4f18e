"""Runs that end early, and the next one that works."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.pipeline_runs import GRAY_28, SAMPLE, Workplace, steps_of

pytestmark = pytest.mark.e2e

FLAGS = (*GRAY_28, "--train.epochs=2", "--evaluate.min_accuracy=0.3")
# The others take no time: Ctrl-C would come in the step after.
INTERRUPTED_STEPS = ("ImageFolderExampleGen", "StatisticsGen", "Transform", "Trainer", "Evaluator")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of the sample."""
    folder = tmp_path_factory.mktemp("images")
    for name in ("Bag", "Sneaker", "Trouser"):
        shutil.copytree(SAMPLE / name, folder / name)
    return folder


def test_interrupted_in_every_step_then_works(tmp_path: Path, images: Path) -> None:
    workplace = Workplace(tmp_path, images)
    for step in INTERRUPTED_STEPS:
        status, output = workplace.interrupt(step, *FLAGS)
        assert status == 130, output
        assert "Interrupted. The next run reuses the steps that are done." in output
        assert "Traceback" not in output
        assert workplace.versions == []
    finished = workplace.run(*FLAGS)
    assert finished.returncode == 0, finished.stdout
    cached = steps_of(workplace.states(), "CACHED")
    assert {"ImageFolderExampleGen", "StatisticsGen", "Transform", "Trainer"} <= set(cached)
    assert len(workplace.versions) == 1


def test_a_training_that_was_killed_goes_on(tmp_path: Path, images: Path) -> None:
    flags = (*GRAY_28, "--train.epochs=40", "--train.trainer=dense", "--augment.flip=horizontal",
             "--evaluate.min_accuracy=0.3")  # fmt: skip
    killed, unbroken = Workplace(tmp_path / "a", images), Workplace(tmp_path / "b", images)
    killed.kill_training(3, *flags)
    assert killed.versions == []
    finished = killed.run(*flags)
    assert finished.returncode == 0, finished.stdout
    assert unbroken.run(*flags).returncode == 0
    went_on, [from_nothing] = killed.history(), unbroken.history()["phases"]
    assert went_on["phases"][0]["resumed_after"] >= 3
    assert from_nothing["resumed_after"] == 0
    # To the last bit, dropout and random flips included.
    assert went_on["epochs"] == unbroken.history()["epochs"]
    assert list((tmp_path / "a" / "output" / "tested" / "checkpoints").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system takes root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_is_a_readable_error(small_disk: Path, images: Path) -> None:
    workplace = Workplace(small_disk, images)
    failed = workplace.run(*FLAGS)
    assert failed.returncode == 1
    assert "The disk must have room for the artifacts." in failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr
    assert workplace.versions == []
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    finished = workplace.run(*FLAGS)
    assert finished.returncode == 0, finished.stdout
