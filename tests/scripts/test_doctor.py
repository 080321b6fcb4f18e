import subprocess
import sys
from pathlib import Path

import pytest

from scripts import doctor
from scripts.verdicts import MISSING, OK, WARNING, Finding
from tests.scripts.fake_project import REPOSITORY

ITEMS = [
    "Python with pip",
    "make",
    "git",
    "C library",
    "C++ library",
    "CPU",
    "GPUs",
    "Disk",
    "Memory",
    "Environment",
    "Private C library",
    "Weights",
]


def test_the_report_has_a_line_per_finding_and_its_advice_below() -> None:
    findings = [
        Finding("CPU", "2 x Example"),
        Finding("Memory", "1.0 GB", WARNING, "First.\n  Second."),
    ]
    assert doctor.render(findings) == (
        "ok      CPU     2 x Example\n"
        "warning Memory  1.0 GB\n"
        "                First.\n"
        "                Second."
    )


@pytest.mark.parametrize(("verdict", "status"), [(OK, 0), (WARNING, 0), (MISSING, 1)])
def test_only_what_is_missing_makes_the_status_1(verdict: str, status: int) -> None:
    assert doctor.exit_status([Finding("a", "b"), Finding("c", "d", verdict)]) == status


def test_this_machine_is_reported_without_an_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "try_download", lambda address: "not tried")
    findings = list(doctor.inspect_machine(tmp_path / "none"))
    assert [finding.item for finding in findings] == ITEMS
    environment = next(finding for finding in findings if finding.item == "Environment")
    assert environment.found == f"none in {tmp_path}/none"


def test_weights_are_looked_for_where_keras_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mobilenet_v2_1.0_96_no_top.h5").touch()
    (tmp_path / "models" / "resnet.h5").touch()
    assert doctor.inspect_weights().found == f"{tmp_path}/models: mobilenet_v2_1.0_96_no_top.h5"


def test_whether_weights_can_be_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault D14: nothing said whether the weights can be had."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    there = tmp_path / "weights.h5"
    there.touch()
    assert doctor.inspect_weights(there.as_uri()).verdict == OK
    gone = doctor.inspect_weights((tmp_path / "none.h5").as_uri())
    assert gone.verdict == WARNING
    assert "No such file" in gone.found


def test_an_unsuitable_python_is_reported_with_the_reason() -> None:
    finding = doctor.inspect_python("no-such-python")
    assert finding.verdict == MISSING
    assert "Tried: no-such-python; found: none." in finding.advice


def test_it_runs_without_any_package() -> None:
    """As on a bare machine: -S leaves out the folder of installed packages."""
    finished = subprocess.run(
        [sys.executable, "-S", "-m", "scripts.doctor", "no-such-environment"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stderr == ""
    assert finished.stdout.count("\n") >= len(ITEMS)
