"""Fault D1: status 0 and "Released: version V" while V was gone."""

import os
import pathlib
import re
import shutil

import pytest

from components.errors import PipelineError
from components.serving.directory.publishing import publish
from components.serving.directory.release import PUSH, ReleaseOrigin
from components.serving.directory.removing import keep_newest
from components.serving.directory.rollback import roll_back
from pipeline.runs.results import check_pushed
from tests.components.serving.directory.saved_models import NOW, write_saved_model


@pytest.fixture
def serving(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "serving/photos")


def push(serving: str, content: bytes) -> str:
    source = pathlib.Path(serving).parent.parent / "model"
    write_saved_model(source)
    (source / "saved_model.pb").write_bytes(content)
    version = publish(str(source), serving, ReleaseOrigin(PUSH, "ann@host"), NOW)
    return os.path.join(serving, str(version))


def test_a_version_that_serves(serving: str) -> None:
    """Fault D1: nothing is said of a version that is as it was pushed."""
    assert check_pushed(push(serving, b"a")) == []


def test_a_version_that_is_gone(serving: str) -> None:
    """Fault D1: removed by hand, or with its whole directory."""
    folder = push(serving, b"a")
    shutil.rmtree(folder)
    with pytest.raises(PipelineError, match=f"{re.escape(folder)}, which is missing or was"):
        check_pushed(folder)
    shutil.rmtree(serving)
    with pytest.raises(PipelineError, match=r"which is missing or was changed. Run again"):
        check_pushed(folder)


def test_a_version_that_gc_removed(serving: str) -> None:
    """Fault D1: the log says who removed it."""
    folders = [push(serving, content) for content in (b"a", b"b", b"c")]
    keep_newest(serving, 2)
    with pytest.raises(PipelineError, match=r"changed: a removal by .*: the newest 2 are kept"):
        check_pushed(folders[0])


def test_a_damaged_version(serving: str) -> None:
    """Fault D1: a version whose file was changed is not what was released."""
    folder = push(serving, b"a")
    (pathlib.Path(folder) / "saved_model.pb").write_bytes(b"b")
    with pytest.raises(PipelineError, match="missing or was changed"):
        check_pushed(folder)


def test_a_version_that_was_rolled_back(serving: str) -> None:
    """Fault D1: what was taken out of use stays out, and the run says so."""
    old, new = push(serving, b"a"), push(serving, b"b")
    back = roll_back(serving, "takes bags for shirts", NOW)
    with pytest.raises(PipelineError, match=r"a rollback by .*: takes bags for shirts"):
        check_pushed(new)
    assert check_pushed(old) == [f"It serves as version {back}, which is the same model."]


def test_another_version_serves(serving: str) -> None:
    """Fault D1: a version that is there, under another that serves."""
    old, new = push(serving, b"a"), push(serving, b"b")
    [said] = check_pushed(old)
    numbers = [os.path.basename(folder) for folder in (old, new)]
    assert said.startswith(
        f"Version {numbers[0]} is there and does not serve: version {numbers[1]} does, a push by "
        "ann@host at "
    )
