"""A folder with every defect goes through the whole pipeline, and each of them is named."""

import csv
import html
import subprocess
from pathlib import Path

import pytest

from components.audit import (
    AUDIT_FILE,
    CONFLICT,
    DUPLICATE,
    LEAK,
    LOOK_ALIKE,
    NEAR_DUPLICATE,
    REJECTED,
    Audit,
)
from components.ingestion.manifest import Row, read_manifest
from components.pages.finding_kinds import FINDING_KINDS
from tests.e2e.defective_folder import CLASSES, ORDINARY, Planted, make_defective_folder
from tests.e2e.pipeline_runs import Workplace

pytestmark = pytest.mark.e2e

FLAGS = (
    "--image.height=32",
    "--image.width=32",
    "--train.trainer=dense",
    "--train.options.hidden_units=[16]",
    "--train.epochs=1",
    "--evaluate.min_accuracy=0",
    "--ingest.max_reject_fraction=0.1",
)
ALL_ORDINARY = len(CLASSES) * sum(ORDINARY.values())
Run = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    folder = tmp_path_factory.mktemp("defects")
    return Workplace(folder, folder / "images")


@pytest.fixture(scope="module")
def planted(workplace: Workplace) -> Planted:
    return make_defective_folder(workplace.data)


@pytest.fixture(scope="module")
def run(workplace: Workplace, planted: Planted) -> Run:
    del planted
    return workplace.run(*FLAGS)


@pytest.fixture
def examples(run: Run, workplace: Workplace) -> Path:
    assert run.returncode == 0, run.stdout
    return workplace.newest("ImageFolderExampleGen", "examples")


@pytest.fixture
def audit(examples: Path) -> Audit:
    return Audit.read(str(examples / AUDIT_FILE))


@pytest.fixture
def rows(examples: Path) -> dict[str, Row]:
    return {row.path: row for row in read_manifest(str(examples))}


def test_the_numbers_add_up(audit: Audit, planted: Planted, rows: dict[str, Row]) -> None:
    # One of the two of a conflict is an ordinary image.
    assert audit.found == ALL_ORDINARY + planted.count == len(rows) - audit.ignored
    ignored = {path for path, row in rows.items() if row.treatment.startswith("ignored: ")}
    assert ignored == set(planted.ignored)
    assert audit.ignored == len(planted.ignored)
    assert audit.rejected == len(planted.rejected)
    assert audit.duplicates == len(planted.duplicates)
    assert audit.used == audit.found - audit.rejected - audit.duplicates
    assert sum(bool(row.split) for row in rows.values()) == audit.used


def test_each_rejection_has_its_reason(
    examples: Path, planted: Planted, rows: dict[str, Row]
) -> None:
    with open(examples / "rejects.csv", newline="", encoding="utf-8") as file:
        rejects = {row["path"]: row["reason"] for row in csv.DictReader(file)}
    assert rejects == dict(planted.rejected)
    for path, reason in rejects.items():
        assert rows[path].treatment == f"rejected: {reason}"


def test_what_tensorflow_cannot_decode_is_transcoded(
    planted: Planted, rows: dict[str, Row]
) -> None:
    for path in planted.transcoded:
        assert rows[path].treatment.startswith("transcoded to png: "), path
        assert rows[path].split == "train"


def test_duplicates_are_used_once(planted: Planted, rows: dict[str, Row]) -> None:
    for copy, original in planted.duplicates.items():
        assert rows[copy].treatment.startswith(f"duplicate of {original}: same ")
        assert (rows[copy].split, rows[original].split) == ("", "train")


def test_no_near_copy_of_the_test_split_is_in_train(planted: Planted, rows: dict[str, Row]) -> None:
    for strict, train in planted.leaks:
        assert rows[strict].split == rows[train].split
        assert rows[strict].split == ("test" if strict.startswith("test") else "eval")
    for copy, original in planted.near_copies.items():
        assert rows[copy].split == rows[original].split == "train"


def test_every_defect_is_named_in_the_audit(audit: Audit, planted: Planted) -> None:
    counts = {kind: found.count for kind, found in audit.findings.items()}
    assert counts[REJECTED] == len(planted.rejected)
    assert counts[CONFLICT] == 1
    assert counts[DUPLICATE] == len(planted.duplicates)
    assert counts[LEAK] == len(planted.leaks)
    assert counts[LOOK_ALIKE] == 1
    assert counts[NEAR_DUPLICATE] == len(planted.near_copies) + len(planted.leaks) + 1
    for path, kind in planted.quality.items():
        named = [name for case in audit.findings[kind].examples for name in case.filenames]
        assert path in named


def test_the_summary_names_each_kind(run: Run, audit: Audit) -> None:
    assert (
        f"{audit.found:,} files found: {audit.used:,} used, {audit.duplicates} duplicates, "
        f"{audit.rejected} rejected (and {audit.ignored} ignored): see "
    ) in run.stdout
    for kind, found in audit.findings.items():
        assert f"{FINDING_KINDS[kind].title}: {found.count}" in run.stdout


def test_the_report_names_each_defect_and_escapes_every_name(
    run: Run, workplace: Workplace, planted: Planted
) -> None:
    page = (workplace.newest("DataReport", "report") / "report.html").read_text("utf-8")
    assert f"Report on the images: {workplace.newest('DataReport', 'report')}" in run.stdout
    named = [*planted.rejected, *planted.ignored, *planted.duplicates]
    named += [*planted.quality, *planted.look_alike]
    named += [path for leak in planted.leaks for path in leak]
    # Where a line may break, which nobody sees in the name.
    shown = html.unescape(page.replace("<wbr>", ""))
    assert [path for path in named if path not in shown] == []
    assert "<b>cat" not in page
