"""Fault D2: two runs on one output folder read each other's records."""

import pathlib
import signal
import subprocess
import sys

import pytest

from components.errors import PipelineError
from pipeline.local import output_lock
from pipeline.local.output_lock import locked_output

HOLDER = """
import sys, time
from pipeline.local import output_lock
from pipeline.local.output_lock import locked_output
with locked_output(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_told_who_is_at_it_and_a_killed_one_lets_go(
    tmp_path: pathlib.Path,
) -> None:
    """Fault D2: another process holds the folder until it ends, even by a kill."""
    folder = str(tmp_path / "output/photos")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, folder], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with (
            pytest.raises(PipelineError, match=rf"process {process.pid} of \S+@\S+ since \d{{4}}-"),
            locked_output(folder),
        ):
            raise AssertionError
        process.send_signal(signal.SIGKILL)
    with locked_output(folder) as lock:
        assert lock is not None


def test_where_there_are_no_locks_a_run_goes_on(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault D2: as on some network file systems; records are found by run there too."""

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(output_lock.fcntl, "flock", refuse)
    with locked_output(str(tmp_path / "photos")) as lock:
        assert lock is None
