import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.fake_project import REPOSITORY, write_executable

# Answers as an interpreter does that is asked to describe itself, and has or has not pip.
FAKE_PYTHON = """#!/bin/bash
case "$*" in
  *"-m pip"*) exit {pip_status} ;;
  *) echo "{version} $0" ;;
esac
"""


def find_python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the script with `folder` as the whole search path."""
    for tool in ("bash", "dirname"):
        if not (folder / tool).exists():
            os.symlink(str(shutil.which(tool)), folder / tool)
    return subprocess.run(
        [str(folder / "bash"), str(REPOSITORY / "scripts" / "find_python.sh"), *arguments],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def add_python(folder: Path, name: str, version: str, pip_status: int = 0) -> None:
    """Puts a stand-in for an interpreter on the search path."""
    write_executable(folder / name, FAKE_PYTHON.format(version=version, pip_status=pip_status))


def test_python_3_11_is_preferred(tmp_path: Path) -> None:
    for minor in (13, 12, 11):
        add_python(tmp_path, f"python3.{minor}", f"3.{minor}.4")
    assert find_python(tmp_path).stdout == f"{tmp_path}/python3.11\n"


def test_python3_is_taken_if_it_is_one_of_the_three(tmp_path: Path) -> None:
    add_python(tmp_path, "python3", "3.12.1")
    assert find_python(tmp_path).stdout == f"{tmp_path}/python3\n"


def test_the_one_asked_for_is_taken(tmp_path: Path) -> None:
    add_python(tmp_path, "python3.11", "3.11.4")
    add_python(tmp_path, "mine", "3.13.0")
    assert find_python(tmp_path, "mine").stdout == f"{tmp_path}/mine\n"


@pytest.mark.parametrize("version", ["3.9.2", "3.10.13", "3.14.0", "3.110.1"])
def test_another_version_is_refused(tmp_path: Path, version: str) -> None:
    add_python(tmp_path, "python3", version)
    refused = find_python(tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "set-up: Python 3.11, 3.12 or 3.13 is required. "
        "Tried: python3.11 python3.12 python3.13 python3; "
        f"found: python3 is Python {version}.",
        "  Install one with pip (Debian, Ubuntu: apt install python3.11 python3-pip),",
        "  name one with 'make PYTHON=/path/to/python3.11 ...',",
        "  or run the project in a Debian 13 or Ubuntu 24.04 container.",
    ]


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    refused = find_python(tmp_path)
    assert refused.returncode == 1
    assert "found: none." in refused.stderr


def test_a_python_without_pip_is_refused(tmp_path: Path) -> None:
    add_python(tmp_path, "python3.11", "3.11.4", pip_status=1)
    refused = find_python(tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"pip is required, and {tmp_path}/python3.11 has none." in refused.stderr
    assert "apt install python3-pip" in refused.stderr


def test_of_an_environment_the_interpreter_behind_it_is_found() -> None:
    finished = subprocess.run(
        [str(REPOSITORY / "scripts" / "find_python.sh"), sys.executable],
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(finished.stdout.strip()).parent == Path(sys.base_prefix, "bin").resolve()
