import pathlib

import pytest
from tfx.types import standard_artifacts

from components.artifact_types import DataPage, DataVerdict
from components.data_report.data_report import DataReportExecutor
from components.pages.thumbnails import write_thumbnails
from components.validation.data_gate import DataGateExecutor
from components.validation.schema import propose_schema
from components.validation.validation_result import read_verdict
from components.validation.validation_rules import ValidationRules
from tests.components.ingestion.made_up import make_audit, make_images, make_photo
from tests.components.validation.small_data import (
    make_artifact,
    make_inputs,
    make_record,
    make_records,
    make_statistics,
)
from tests.html_page import Page

GOOD = make_records(*["cat", "dog"] * 15)
DARKER = make_records(*["cat", "dog"] * 200, brightness=0.2)
LIGHTER = make_records(*["cat", "dog"] * 200, brightness=0.5)
PICTURE = "data:image/png;base64,AAAA"
RULES = ValidationRules().to_json()


def make_examples(folder, span=0):
    """Records of which only the audit and the pictures are there: a dark image of the span."""
    examples = make_artifact(standard_artifacts.Examples, folder)
    examples.span = span
    images = make_images({("train", "cat"): 30 + span})
    images.append(("train", make_photo(f"cat/dark-{span}.jpg", brightness=0.0, contrast=0.05)))
    make_audit(images, data_folder=f"photos/span-{span}").write(f"{examples.uri}/audit.json")
    write_thumbnails({f"cat/dark-{span}.jpg": PICTURE}, examples.uri)
    return examples


@pytest.fixture(scope="module")
def schema():
    return propose_schema([make_statistics([*GOOD, *DARKER])])


def report(folder, inputs):
    """The pages by file name."""
    page = make_artifact(DataPage, folder / "report")
    properties = {"rules": RULES, "code_fingerprint": "0123"}
    DataReportExecutor().Do(inputs, {"report": [page]}, properties)
    return {path.name: path.read_text() for path in pathlib.Path(page.uri).iterdir()}


def test_shows_the_audit_with_pictures_and_reads_no_image(tmp_path, schema):
    inputs = make_inputs(tmp_path, {"train": GOOD}, schema)
    inputs["examples"] = [make_examples(tmp_path / "examples")]
    pages = report(tmp_path, inputs)
    assert list(pages) == ["report.html"]
    assert "Audit of" in pages["report.html"]
    assert "31 files found: 31 used" in pages["report.html"]
    assert Page(pages["report.html"]).values("src") == [PICTURE]
    assert "There is no such model yet." in pages["report.html"]


def test_shows_what_will_stop_the_run_and_drift(tmp_path, schema):
    inputs = make_inputs(
        tmp_path,
        {"train": [*DARKER, make_record("<b>bird</b>", brightness=0.2)]},
        schema,
        {"train": LIGHTER},
    )
    inputs["examples"] = [make_examples(tmp_path / "examples")]
    page = report(tmp_path, inputs)["report.html"]
    assert "The run stops." in page
    assert "&lt;b&gt;bird" in page
    assert "<b>bird" not in page
    assert "There is no such model yet." not in page
    parsed = Page(page)
    assert parsed.open == []
    assert parsed.tags.count("th") == page.count("scope=")
    assert "drift" in page
    assert "the mean is 0.2, in the last pushed run 0.5" in page.replace("<wbr>", "")


def test_shows_what_the_gate_finds(tmp_path, schema):
    inputs = make_inputs(tmp_path, {"train": DARKER}, schema, {"train": LIGHTER})
    inputs["examples"] = [make_examples(tmp_path / "examples")]
    page = report(tmp_path, inputs)["report.html"].replace("<wbr>", "")
    verdict = make_artifact(DataVerdict, tmp_path / "verdict")
    properties = {"rules": RULES, "freeze_arguments": "[]", "code_fingerprint": "0123"}
    DataGateExecutor().Do(inputs, {"verdict": [verdict]}, properties)
    warnings = read_verdict(verdict.uri).warnings
    assert warnings
    assert all(f"<bdi>{warning.text}</bdi>" in page for warning in warnings)


def test_each_span_has_its_page_and_the_newest_is_the_first_to_see(tmp_path, schema):
    several = {"examples": [], "statistics": [], "anomalies": []}
    for span in (10, 9):
        folder = tmp_path / str(span)
        of_span = make_inputs(folder, {"train": GOOD}, schema, span=span)
        of_span["examples"] = [make_examples(folder / "examples", span)]
        several = {key: [*found, *of_span[key]] for key, found in several.items()}
    pages = report(tmp_path, {**of_span, **several})
    assert sorted(pages) == ["report.html", "span-9.html"]
    assert "41 files found" in pages["report.html"]
    assert "40 files found" in pages["span-9.html"]
    assert "span-9.html" in Page(pages["report.html"]).values("href")
    assert "report.html" in Page(pages["span-9.html"]).values("href")
    # What is found in all of them stands on the former.
    assert ["Validation" in page for _, page in sorted(pages.items())] == [True, False]
