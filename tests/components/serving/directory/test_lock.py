import fcntl
import os
import pathlib
import re

import pytest

from components.errors import PipelineError
from components.serving.directory import lock
from components.serving.directory.lock import locked


def test_is_held_by_one(tmp_path: pathlib.Path) -> None:
    with locked(str(tmp_path)):
        held = (tmp_path / ".lock").read_text()
        assert re.fullmatch(rf"process {os.getpid()} of \S+@\S+\n", held)
        message = (
            "One process at a time may change a serving directory. Received: "
            f"{tmp_path}/.lock, held by {held.strip()} for more than 0.2 s. Wait for it, or end "
            "it, and try again."
        )
        with (
            pytest.raises(PipelineError, match=f"^{re.escape(message)}$"),
            locked(str(tmp_path), 0.2),
        ):
            raise AssertionError
    with locked(str(tmp_path), 0):
        pass


def test_makes_the_folder(tmp_path: pathlib.Path) -> None:
    with locked(str(tmp_path / "serving/photos")):
        assert (tmp_path / "serving/photos/.lock").is_file()


def test_a_file_system_that_does_not_lock(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    assert lock.fcntl is fcntl
    with pytest.raises(PipelineError) as raised, locked(str(tmp_path)):
        raise AssertionError
    assert str(raised.value) == (
        "The serving directory must be on a file system that locks files. Received: "
        f"{tmp_path}/.lock: Operation not supported. Give another folder."
    )
