import re

import pytest

from tests.scripts.fake_project import REPOSITORY, Project

LOCKS = ("requirements.lock", "requirements-gpu.lock")
LOCKED = "numpy==2.4.6\n"


def compiles_to(project: Project, text: str) -> None:
    """Makes the stand-in for uv answer with this lock file."""
    (project.fakes / "compiled").write_text(text)


def test_lock_writes_the_file(project: Project) -> None:
    compiles_to(project, "numpy==2.4.7\n")
    assert project.run("lock.sh").returncode == 0
    for lock in LOCKS:
        assert (project.root / lock).read_text() == "numpy==2.4.7\n"
    assert project.calls() == ["pip compile", "pip compile"]


def test_lock_refuses_an_address(project: Project) -> None:
    compiles_to(project, "numpy @ https://example.org/numpy.whl\n")
    refused = project.run("lock.sh")
    assert refused.returncode == 1
    assert "1:numpy @ https://example.org/numpy.whl" in refused.stderr
    assert "requirements.lock must not hold addresses" in refused.stderr


def test_the_check_accepts_a_lock_that_follows(project: Project) -> None:
    compiles_to(project, LOCKED)
    finished = project.run("lock.sh", "--check")
    assert finished.returncode == 0
    assert finished.stdout == (
        "lock-check: requirements.lock follows from pyproject.toml\n"
        "lock-check: requirements-gpu.lock follows from pyproject.toml\n"
    )


def test_the_check_looks_at_the_second_file_too(project: Project) -> None:
    """Fault A9: what the image for GPUs had beside the lock was pinned by nobody."""
    compiles_to(project, LOCKED)
    (project.root / "requirements-gpu.lock").write_text("numpy==2.4.5\n")
    refused = project.run("lock.sh", "--check")
    assert refused.returncode == 1
    assert "requirements-gpu.lock does not follow from pyproject.toml" in refused.stderr


def test_the_check_shows_the_difference_and_changes_nothing(project: Project) -> None:
    compiles_to(project, "numpy==2.4.7\n")
    refused = project.run("lock.sh", "--check")
    assert refused.returncode == 1
    assert "-numpy==2.4.6\n+numpy==2.4.7\n" in refused.stderr
    assert "requirements.lock does not follow from pyproject.toml" in refused.stderr
    assert "Run 'make lock' and commit the file." in refused.stderr
    assert (project.root / "requirements.lock").read_text() == LOCKED


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_file_holds_hashes_and_no_address(lock: str) -> None:
    text = (REPOSITORY / lock).read_text()
    pins = re.findall(r"^[a-z0-9.-]+==.*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)) > 100
    assert "://" not in text


def test_the_image_for_gpus_has_the_packages_of_the_other_and_cuda() -> None:
    """Fault A9: two images that compute by different packages would give different models."""

    def pins(lock: str) -> set[str]:
        return set(
            re.findall(r"^[a-z0-9.-]+==[^ ]+", (REPOSITORY / lock).read_text(), re.MULTILINE)
        )

    further = pins("requirements-gpu.lock") - pins("requirements.lock")
    assert {name.partition("==")[0] for name in further} >= {
        "nvidia-cudnn-cu12",
        "nvidia-cuda-runtime-cu12",
    }
    assert all(name.startswith("nvidia-") for name in further)


def test_the_image_installs_nothing_but_what_is_locked() -> None:
    """Fault A9: EXTRA_REQUIREMENTS went past the lock, and a health check loaded TensorFlow."""
    steps = (REPOSITORY / "Dockerfile").read_text().replace("\\\n", " ")
    [install] = re.findall(r"uv pip install(.*?)&&", steps, re.DOTALL)
    words = install.split()
    assert words[words.index("--requirement") + 1] == "pyproject.toml"
    assert words[words.index("--constraint") + 1] == '"requirements${EXTRA:+-$EXTRA}.lock"'
    # Nothing stands there as a requirement of its own.
    values = {"/opt/venv/bin/python", "pyproject.toml", words[words.index("--constraint") + 1]}
    extra = {"${EXTRA:+--extra", '"$EXTRA"}'}
    assert {word for word in words if not word.startswith("--")} == values | extra
    assert "HEALTHCHECK" not in steps


def test_what_the_project_is_built_with_is_locked() -> None:
    text = (REPOSITORY / "requirements.lock").read_text()
    version = re.search(r"^setuptools==(\d+)", text, re.MULTILINE)
    assert version is not None
    assert int(version.group(1)) >= 77
