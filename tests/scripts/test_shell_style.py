import re
import shutil
import subprocess

import pytest

from tests.scripts.fake_project import REPOSITORY

SHELL_FILES = sorted([*REPOSITORY.glob("scripts/*.sh"), REPOSITORY / ".ci" / "run"])


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_no_remark() -> None:
    finished = subprocess.run(
        ["shellcheck", "--external-sources", "--source-path=SCRIPTDIR", *map(str, SHELL_FILES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stdout == ""


def test_only_what_is_sourced_is_not_executable() -> None:
    sourced = [path.name for path in SHELL_FILES if not path.stat().st_mode & 0o100]
    assert sourced == ["common.sh", "progress.sh"]


def test_every_goal_of_the_makefile_is_in_its_help() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    goals = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    listed = subprocess.run(
        ["make", "-C", str(REPOSITORY)], capture_output=True, text=True, check=True
    )
    assert re.findall(r"^make ([a-z-]+) ", listed.stdout, re.MULTILINE) == goals
