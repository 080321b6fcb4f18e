import shutil
from pathlib import Path

import pytest

from tests.scripts.fake_project import Project, write_executable

PRIVATE = ["venv", "private", "pip", "pip", "first"]
"""The first words of all of it, with a private C library."""
ALL_OF_IT = ["venv", "pip sync", "pip install", "first import"]
TOO_OLD = "print('glibc 2.39 or newer is required; found: 2.36.')\nraise SystemExit(1)\n"


def test_a_second_run_installs_nothing(project: Project) -> None:
    first = project.run("set_up.sh")
    assert first.returncode == 0, first.stderr
    assert project.calls() == ALL_OF_IT
    second = project.run("set_up.sh")
    assert (second.returncode, second.stderr, project.calls()) == (0, "", [])


def test_each_stage_is_told_with_its_time(project: Project) -> None:
    lines = project.run("set_up.sh").stderr.splitlines()
    titles = [line.rpartition(": ")[0] for line in lines[:5]]
    assert titles[0] == "set-up 1/5: uv"
    assert titles[1].startswith("set-up 2/5: environment on /")
    assert titles[2:] == [
        "set-up 3/5: packages of requirements.lock",
        "set-up 4/5: the project itself",
        "set-up 5/5: first import",
    ]
    assert lines[5].startswith("set-up: done in ")


@pytest.mark.parametrize(
    "changed", ["requirements.lock", "pyproject.toml", "scripts/uv.txt", "scripts/set_up.sh"]
)
def test_a_changed_input_updates_the_environment_in_place(project: Project, changed: str) -> None:
    project.run("set_up.sh")
    project.calls()
    with (project.root / changed).open("a") as file:
        file.write("\n# changed\n")
    assert project.run("set_up.sh", "--check").returncode == 1
    assert project.calls() == []
    assert project.run("set_up.sh").returncode == 0
    assert project.calls() == ["pip sync", "pip install", "first import"]
    assert project.run("set_up.sh", "--check").returncode == 0


@pytest.mark.parametrize("stage", ["pip sync", "pip install"])
def test_an_unfinished_environment_is_thrown_away(project: Project, stage: str) -> None:
    failed = project.run("set_up.sh", FAKE_FAILS_AT=stage)
    assert failed.returncode == 7
    assert "| uv: no network" in failed.stderr
    assert f"The whole log: {project.root}/.venv/set-up/log" in failed.stderr
    assert "goes on from here; what was downloaded is kept." in failed.stderr
    project.calls()
    leftover = project.root / ".venv" / "lib"
    leftover.mkdir()
    assert project.run("set_up.sh").returncode == 0
    assert project.calls() == ALL_OF_IT
    assert not leftover.exists()


def test_a_failed_update_is_not_taken_for_current(project: Project) -> None:
    project.run("set_up.sh")
    (project.root / "requirements.lock").write_text("numpy==2.4.7\n")
    project.run("set_up.sh", FAKE_FAILS_AT="pip sync")
    (project.root / "requirements.lock").write_text("numpy==2.4.6\n")
    project.calls()
    assert project.run("set_up.sh").returncode == 0
    assert project.calls() == ALL_OF_IT


def test_a_moved_project_gets_a_new_environment(project: Project, tmp_path: Path) -> None:
    project.run("set_up.sh")
    project.calls()
    moved = Project(tmp_path / "moved", project.fakes)
    shutil.move(project.root, moved.root)
    assert moved.run("set_up.sh").returncode == 0
    assert moved.calls() == ALL_OF_IT


def test_the_interpreter_in_use_stays_until_another_is_asked_for(project: Project) -> None:
    project.run("set_up.sh")
    stamp = project.root / ".venv" / "set-up" / "stamp"
    recorded = stamp.read_text()
    assert project.run("set_up.sh", PYTHON="").returncode == 0
    assert stamp.read_text() == recorded
    refused = project.run("set_up.sh", PYTHON="no-such-python")
    assert refused.returncode == 1
    assert "Tried: no-such-python; found: none." in refused.stderr


def test_an_old_system_gets_the_private_library_before_any_package(project: Project) -> None:
    project.write_script("system_libraries.py", TOO_OLD)
    finished = project.run("set_up.sh")
    calls = project.calls()
    assert [call.split()[0] for call in calls] == PRIVATE
    assert calls[1].startswith(f"private {project.root}/.venv /")
    assert "set-up 3/6: private C library" in finished.stderr


def test_another_way_of_making_the_private_library_builds_anew(project: Project) -> None:
    project.write_script("system_libraries.py", TOO_OLD)
    project.run("set_up.sh")
    project.calls()
    with (project.root / "scripts" / "private_c_runtime.sh").open("a") as file:
        file.write("# changed\n")
    assert project.run("set_up.sh").returncode == 0
    assert [call.split()[0] for call in project.calls()] == [
        "venv",
        "private",
        "pip",
        "pip",
        "first",
    ]


def test_without_the_private_library_the_missing_requirement_is_named(project: Project) -> None:
    project.write_script("system_libraries.py", TOO_OLD)
    (project.root / "scripts" / "private_c_runtime.sh").unlink()
    refused = project.run("set_up.sh")
    assert (refused.returncode, project.calls()) == (1, [])
    assert refused.stderr.splitlines() == [
        "set-up: this system is too old for TFX's wheels:",
        "  glibc 2.39 or newer is required; found: 2.36.",
        "  Use Debian 13, Ubuntu 24.04 or newer,",
        "  or run the project in a Debian 13 or Ubuntu 24.04 container.",
    ]


def test_without_the_private_library_a_new_system_needs_nothing(project: Project) -> None:
    (project.root / "scripts" / "private_c_runtime.sh").unlink()
    assert project.run("set_up.sh").returncode == 0
    assert project.calls() == ALL_OF_IT


def test_a_folder_with_other_files_is_refused_and_left_alone(
    project: Project, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "cat.jpg").touch()
    refused = project.run("set_up.sh", ENVIRONMENT=str(folder))
    assert refused.returncode == 1
    assert "ENVIRONMENT must be a new or empty folder" in refused.stderr
    assert f"Received: {folder}, which holds other files." in refused.stderr
    assert "name another folder with 'make ENVIRONMENT=FOLDER ...'." in refused.stderr
    assert [path.name for path in folder.iterdir()] == ["cat.jpg"]


def test_another_processor_is_refused(project: Project) -> None:
    write_executable(project.fakes / "uname", "#!/bin/bash\necho Linux aarch64\n")
    refused = project.run("set_up.sh", PATH=f"{project.fakes}:/usr/bin:/bin")
    assert refused.returncode == 1
    assert "x86-64 Linux is required; this is Linux aarch64." in refused.stderr
