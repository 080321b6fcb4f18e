import dataclasses
import json
import re

import pytest

from components.audit import Audit, Distribution, Finding, add_up, badness
from components.errors import PipelineError
from components.ingestion.image_record import Rejection
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


def make_finding(count: int, **values) -> Finding:
    names = tuple(f"{number}.png" for number in range(count))
    ordinary = {"kind": "leak", "class_texts": names, "splits": names, "detail": "", "score": 1.0}
    return Finding(filenames=names, **{**ordinary, **values})


def test_counts_its_files():
    assert make_finding(2).files == 2
    assert make_finding(2, files=5).files == 5


def test_a_long_finding_is_shortened_but_counts_all():
    short = make_finding(40, detail="x" * 1000).shortened()
    assert (len(short.filenames), len(short.class_texts), len(short.splits)) == (12, 12, 12)
    assert (short.files, len(short.detail)) == (40, 400)


def test_a_finding_of_an_unknown_kind_is_a_defect():
    with pytest.raises(ValueError, match=r"kind must be one of rejected, .* Received: 'blurred'"):
        make_finding(1, kind="blurred")


def test_the_worst_comes_first():
    findings = [make_finding(1), make_finding(2, score=3.0), make_finding(2), make_finding(3)]
    in_order = sorted(findings, key=badness)
    assert [(finding.score, finding.files) for finding in in_order] == [
        (3, 2),
        (1, 1),
        (1, 2),
        (1, 3),
    ]


def test_edges_must_fit_the_counts():
    with pytest.raises(ValueError, match=r"one edge more than counts. Received: 2 edges and 2 co"):
        Distribution(0, 0, 0, 0, 0, (0, 1), (1, 1))


def test_spans_are_added_up():
    cats = make_images({("train", "cat"): 5, ("test", "cat"): 1})
    dogs = make_images({("train", "bird"): 2, ("train", "dog"): 4}, brightness=0.0, contrast=0.05)
    first = make_audit(cats, REJECTIONS[1:], (DUPLICATE,), data_folder="photos/span-1")
    second = make_audit(dogs, REJECTIONS[:1], data_folder="photos/span-2")
    total = add_up([first, second])
    assert total.data_folder == "photos/span-1, photos/span-2"
    assert (total.found, total.used, total.rejected, total.duplicates) == (17, 12, 3, 2)
    assert total.images["train"] == {"bird": 2, "cat": 5, "dog": 4}
    # A class without images stays.
    assert total.images["eval"] == {"bird": 0, "cat": 0, "dog": 0}
    assert list(total.reasons.items()) == [("broken jpeg", 2), ("not an image", 1)]
    found = {kind: (each.count, each.examples) for kind, each in total.findings.items()}
    assert found["rejected"] == (3, ())
    assert found["dark"] == (6, ())


def test_pictured_are_the_first_files_of_the_worst_findings():
    pairs = [
        Finding("leak", tuple(f"{n}/{i}" for i in range(6)), (), (), "", -float(n))
        for n in range(20)
    ]
    audit = make_audit([], REJECTIONS, (*pairs, Finding("dark", ("0/0",), (), (), "", 1.0)))
    assert audit.pictured == [f"{n}/{i}" for n in range(12) for i in range(4)]
