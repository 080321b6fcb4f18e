import re

from tests.scripts.fake_project import REPOSITORY, Project

LOCKED = "numpy==2.4.6\n"


def compiles_to(project: Project, text: str) -> None:
    """Makes the stand-in for uv answer with this lock file."""
    (project.fakes / "compiled").write_text(text)


def test_lock_writes_the_file(project: Project) -> None:
    compiles_to(project, "numpy==2.4.7\n")
    assert project.run("lock.sh").returncode == 0
    assert (project.root / "requirements.lock").read_text() == "numpy==2.4.7\n"
    assert project.calls() == ["pip compile"]


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
    assert finished.stdout == "lock-check: requirements.lock follows from pyproject.toml\n"


def test_the_check_shows_the_difference_and_changes_nothing(project: Project) -> None:
    compiles_to(project, "numpy==2.4.7\n")
    refused = project.run("lock.sh", "--check")
    assert refused.returncode == 1
    assert "-numpy==2.4.6\n+numpy==2.4.7\n" in refused.stderr
    assert "requirements.lock does not follow from pyproject.toml" in refused.stderr
    assert "Run 'make lock' and commit the file." in refused.stderr
    assert (project.root / "requirements.lock").read_text() == LOCKED


def test_the_lock_file_holds_hashes_and_no_address() -> None:
    text = (REPOSITORY / "requirements.lock").read_text()
    pins = re.findall(r"^[a-z0-9.-]+==.*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)) > 100
    assert "://" not in text


def test_what_the_project_is_built_with_is_locked() -> None:
    text = (REPOSITORY / "requirements.lock").read_text()
    version = re.search(r"^setuptools==(\d+)", text, re.MULTILINE)
    assert version is not None
    assert int(version.group(1)) >= 77
