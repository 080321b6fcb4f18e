"""The fixture of the set-up tests."""

import shutil
from pathlib import Path

import pytest

from tests.scripts import fake_project
from tests.scripts.fake_project import REPOSITORY, Project, write_executable


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh copy on a system whose own libraries will do."""
    root, fakes = tmp_path / "a project", tmp_path / "fakes"
    fakes.mkdir()
    shutil.copytree(REPOSITORY / "scripts", root / "scripts")
    for lock in ("requirements.lock", "requirements-gpu.lock"):
        (root / lock).write_text("numpy==2.4.6\n")
    (root / "pyproject.toml").write_text("[project]\n")
    copy = Project(root, fakes)
    write_executable(fakes / "uv", fake_project.FAKE_UV)
    copy.write_script("install_uv.sh", fake_project.FAKE_INSTALL_UV)
    copy.write_script("system_libraries.py", "")
    copy.write_script("private_c_runtime.sh", fake_project.FAKE_PRIVATE_RUNTIME)
    return copy
