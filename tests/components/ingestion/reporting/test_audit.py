import dataclasses
import json
import re

import pytest

from components.errors import PipelineError
from components.ingestion.data_folder import Rejection
from components.ingestion.reporting.audit import Audit
from components.ingestion.reporting.findings import Finding
from tests.components.ingestion.made_up import make_audit, make_images

REJECTIONS = (
    Rejection("cat/x.txt", "cat", "not an image", "begins with b'x'"),
    Rejection("cat/broken.jpg", "cat", "broken jpeg", "ends too early"),
    Rejection("dog/broken.jpg", "dog", "broken jpeg", "ends too early"),
)
DUPLICATE = Finding("duplicate", ("a", "b", "c"), ("cat",) * 3, ("", "", ""), "same bytes", 0.0)


@pytest.fixture
def audit() -> Audit:
    images = make_images({("train", "cat"): 30, ("train", "dog"): 31, ("test", "cat"): 5})
    return make_audit(images, REJECTIONS, (DUPLICATE,))


def test_the_numbers(audit):
    assert (audit.found, audit.used, audit.rejected, audit.duplicates) == (71, 66, 3, 2)
    assert audit.images == {
        "train": {"cat": 30, "dog": 31},
        "eval": {"cat": 0, "dog": 0},
        "test": {"cat": 5, "dog": 0},
    }
    assert audit.classes == ("cat", "dog")
    assert (audit.split_size("test"), audit.class_size("cat")) == (5, 35)
    assert list(audit.reasons.items()) == [("broken jpeg", 2), ("not an image", 1)]
    assert (audit.formats, audit.treatments) == ({"jpeg": 66}, {})
    assert audit.sizes["width"].median == 400
    assert list(audit.findings) == ["rejected", "duplicate", "class_balance"]
    assert audit.grave_kinds == ()


def test_what_nobody_took_for_an_image_is_ignored(audit):
    """Fault C8: what programs leave in folders was counted as found and rejected."""
    ignored = (
        Rejection("cat/.DS_Store", "cat", "hidden", "a dot in front"),
        Rejection("cat/@eaDir/1.jpg", "", "left by another program", "@eaDir"),
        Rejection("Thumbs.db", "", "left by another program", "Thumbs.db"),
    )
    images = make_images({("train", "cat"): 30, ("train", "dog"): 31, ("test", "cat"): 5})
    same = make_audit(images, (*REJECTIONS, *ignored), (DUPLICATE,))
    named = same.findings["ignored"]
    findings = {kind: found for kind, found in same.findings.items() if kind != "ignored"}
    assert dataclasses.replace(same, ignored=0, findings=findings) == audit
    assert (same.ignored, named.count, named.files) == (3, 3, 3)
    assert {finding.filenames[0] for finding in named.examples} == {
        rejection.filename for rejection in ignored
    }


def test_an_audit_of_an_earlier_version_has_none_ignored(audit):
    values = audit.to_dict()
    del values["ignored"]
    assert Audit.from_dict(values) == audit


def test_is_written_and_read(audit, tmp_path):
    path = str(tmp_path / "audit.json")
    audit.write(path)
    assert Audit.read(path) == audit


def test_halves_of_characters_do_not_stop_writing(tmp_path):
    rejection = Rejection("cat/\udce9.jpg", "cat", "unreadable", "<b>\n")
    path = str(tmp_path / "audit.json")
    make_audit([], (rejection,)).write(path)
    assert Audit.read(path).findings["rejected"].examples[0].filenames == ("cat/?.jpg",)


@pytest.mark.parametrize(
    "change", [{"found": 72}, {"duplicates": 1}, {"used": 67, "found": 72}, {"reasons": {}}]
)
def test_numbers_that_do_not_add_up_are_a_defect(audit, change):
    with pytest.raises(RuntimeError, match="Every file must be used, rejected or a duplicate"):
        dataclasses.replace(audit, **change)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"{}", "KeyError: 'sizes'"),
        (b"[]", "TypeError"),
        (b"{", "JSONDecodeError"),
        (b"\xff", "UnicodeDecodeError"),
    ],
)
def test_what_is_no_audit_is_refused(tmp_path, content, reason):
    path = tmp_path / "audit.json"
    if content is not None:
        path.write_bytes(content)
    rule = f"An audit must be a file as .* Received: {re.escape(str(path))}: {reason}.*again"
    with pytest.raises(PipelineError, match=rule):
        Audit.read(str(path))


def test_an_unknown_kind_is_a_defect(audit):
    with pytest.raises(ValueError, match=r"findings must be of rejected, .* Received: \['x'\]"):
        dataclasses.replace(audit, findings={"x": audit.findings["rejected"]})


def test_a_changed_number_is_refused(audit, tmp_path):
    path = tmp_path / "audit.json"
    path.write_text(json.dumps({**audit.to_dict(), "found": 5}))
    with pytest.raises(PipelineError, match="RuntimeError: Every file must be used"):
        Audit.read(str(path))
