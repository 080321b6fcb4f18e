"""Fault C11: machines that let no worker process start: one sentence, no hang and no traceback."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from components import sandbox as sandbox_module
from components.errors import PipelineError
from components.sandbox import check_machine
from tests.image_files import make_image_folder

GIGABYTE = 1024**3


def audit(folder: Path, space: int = resource.RLIM_INFINITY, **environment: str) -> tuple[int, str]:
    """Exit status and standard error of an audit, in a process with less address space."""
    limits = (space, space)
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.audit", str(folder)],
        env={**os.environ, **environment},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limits),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stderr.strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image_folder(tmp_path_factory.mktemp("data"), {"cat": 30, "dog": 30})


@pytest.mark.parametrize("space", [0.4, 1, 1.5])
def test_little_address_space(folder: Path, space: float) -> None:
    """Fault C11: with 1 GB the audit hung, with 0.4 it ended in a traceback."""
    status, said = audit(folder, int(space * GIGABYTE))
    assert status == 1
    assert "\n" not in said
    assert "(ulimit -v)" in said
    assert f"Received: {int(space * GIGABYTE) // 1024}. Set ulimit -v unlimited" in said


def test_address_space_that_is_enough(folder: Path) -> None:
    """Fault C11: workers may not raise the limit of all processes, and need not."""
    assert audit(folder, 3 * GIGABYTE)[0] == 0


def test_a_long_path_for_temporary_files(folder: Path, tmp_path: Path) -> None:
    """Fault C11: sockets lie there, whose paths Linux limits to 107 bytes."""
    long = tmp_path / ("x" * 120)
    long.mkdir()
    status, said = audit(folder, TMPDIR=str(long))
    assert status == 1
    assert said.startswith("error: The folder for temporary files must have a path of at most 62")
    assert str(long) in said


def test_the_longest_path_for_temporary_files_that_works(folder: Path) -> None:
    """Fault C11: 75 bytes, and no byte less is refused."""
    longest = Path("/tmp") / ("x" * (62 - len("/tmp/")))
    longest.mkdir()
    try:
        assert audit(folder, TMPDIR=str(longest))[0] == 0
    finally:
        longest.rmdir()


def test_no_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault C11: without /dev/shm no semaphore can be made."""

    class Context:
        def Lock(self) -> None:  # noqa: N802
            raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(sandbox_module.multiprocessing, "get_context", lambda _: Context())
    with pytest.raises(PipelineError, match=r"/dev/shm\. Received: .*No such file or directory"):
        check_machine(0)
