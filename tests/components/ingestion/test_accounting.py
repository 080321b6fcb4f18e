import dataclasses

import pytest

from components.audit import LEAK, Audit, Finding, FindingsOfKind
from components.errors import PipelineError, command
from components.ingestion.accounting import check_account, write_rejects
from components.ingestion.image_record import Rejection
from tests.components.ingestion.examinations import make_rules

REJECTIONS = [
    Rejection("cat/b.jpg", "cat", "not an image", "begins with b'a, \"b\"'"),
    Rejection("cat/a.jpg", "cat", "empty file", "0 bytes"),
    Rejection("dog/ä.jpg", "dog", "not an image", "begins with b'x'"),
    Rejection("readme", "", "outside of any class folder"),
    Rejection("cat/.DS_Store", "cat", "hidden", "a dot in front"),
    Rejection("@eaDir/1.jpg", "", "left by another program", "@eaDir"),
]
RULES = make_rules()
IMAGES = {
    "train": {"cat": 80, "dog": 80},
    "eval": {"cat": 10, "dog": 10},
    "test": {"cat": 10, "dog": 10},
}


def _audit(images=IMAGES, reasons=None, duplicates=0, findings=None):
    used = sum(sum(counts.values()) for counts in images.values())
    rejected = sum((reasons or {}).values())
    return Audit(
        data_folder="photos",
        found=used + rejected + duplicates,
        used=used,
        rejected=rejected,
        duplicates=duplicates,
        images=images,
        reasons=reasons or {},
        formats={},
        treatments={},
        sizes={},
        quality={},
        findings=findings or {},
    )


@pytest.mark.parametrize(
    "audit",
    [
        _audit(),
        _audit(duplicates=500),
        # 2 of 202 are below one percent.
        _audit(reasons={"broken jpeg": 2}),
        # What lies beside the classes does not count.
        _audit(reasons={"outside of any class folder": 50, "broken jpeg": 2}),
    ],
)
def test_accepts(audit):
    assert check_account(audit, RULES) is None


def test_stops_with_the_table_of_reasons_when_too_much_is_rejected():
    reasons = {"broken jpeg": 30, "empty file": 3, "outside of any class folder": 7}
    with pytest.raises(PipelineError) as caught:
        check_account(_audit(reasons=reasons), RULES)
    assert str(caught.value) == (
        "At most 1.0% of the images may be rejected (ingest.max_reject_fraction). "
        "Received: 33 of 233 rejected, 14.2%:\n"
        "        30  broken jpeg\n"
        "         3  empty file\n"
        f"`{command('pipeline.audit', 'photos')}` names each of them. "
        "Mend or remove these files; or raise ingest.max_reject_fraction."
    )


@pytest.mark.parametrize(("most", "is_accepted"), [(0.0, False), (0.0098, False), (0.01, True)])
def test_the_fraction_is_a_setting(most, is_accepted):
    rules = dataclasses.replace(RULES, max_reject_fraction=most)
    audit = _audit(reasons={"broken png": 2})
    if is_accepted:
        assert check_account(audit, rules) is None
    else:
        with pytest.raises(PipelineError, match=r"2 of 202 rejected, 1\.0%"):
            check_account(audit, rules)


def test_refuses_leaks_where_they_are_to_be_refused():
    leak = Finding(
        kind=LEAK,
        filenames=("test/cat/1.png", "train/cat/7.png"),
        class_texts=("cat", "cat"),
        splits=("test", "train"),
        detail="nearly the same in test and train",
        score=2.0,
    )
    audit = _audit(findings={LEAK: FindingsOfKind(count=3, files=6, examples=(leak,))})
    assert check_account(audit, RULES) is None
    with pytest.raises(PipelineError) as caught:
        check_account(audit, dataclasses.replace(RULES, leaks="refuse"))
    assert str(caught.value) == (
        "No image may lie, even nearly the same, in two splits (ingest.leaks is refuse). "
        "Received: 3 such groups:\n"
        "  test/cat/1.png, train/cat/7.png: nearly the same in test and train\n"
        f"`{command('pipeline.audit', 'photos')}` names each of them. "
        "Remove the copies; or let them be moved with ingest.leaks move."
    )


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"test": {"cat": 0, "dog": 1}}, "'cat' in test"),
        (
            {"eval": {"cat": 0, "dog": 1}, "test": {"cat": 1, "dog": 0}},
            "'cat' in eval, 'dog' in test",
        ),
        (
            {"test": dict.fromkeys("abcdefghijkl", 0)},
            "'a' in train, 'b' in train, 'c' in train, 'd' in train, 'e' in train, 'f' in train, "
            "'g' in train, 'h' in train, 'i' in train, 'j' in train and 28 more",
        ),
    ],
)
def test_refuses_a_class_without_images_in_a_split(changes, missing):
    audit = _audit({**IMAGES, **changes}, reasons={"outside of any class folder": 4}, duplicates=5)
    with pytest.raises(PipelineError) as caught:
        check_account(audit, RULES)
    assert str(caught.value) == (
        f"Every class needs images in train, eval and test. Received: {audit.found} files, "
        "4 rejected (4 outside of any class folder), 5 duplicates, and no usable image of "
        f"{missing}. Add images of these classes (with 100 each an empty split is unlikely), or "
        "make the split's share larger."
    )


def test_rejects_are_written_sorted_and_quoted(tmp_path):
    write_rejects(REJECTIONS, str(tmp_path))
    assert (tmp_path / "rejects.csv").read_text("utf-8") == (
        "path,class,reason,detail\n"
        "cat/a.jpg,cat,empty file,0 bytes\n"
        'cat/b.jpg,cat,not an image,"begins with b\'a, ""b""\'"\n'
        "dog/ä.jpg,dog,not an image,begins with b'x'\n"
        "readme,,outside of any class folder,\n"
    )


def test_rejects_with_names_that_act_are_harmless(tmp_path):
    """Fault C12: a formula, and what a terminal would act on."""
    rejection = Rejection("=cmd|'/C calc'!A0/\x1b[2J.jpg", "=cmd|'/C calc'!A0", "empty file", "")
    write_rejects([rejection], str(tmp_path))
    assert (tmp_path / "rejects.csv").read_text("utf-8").splitlines()[1:] == [
        "'=cmd|'/C calc'!A0/\\x1b[2J.jpg,'=cmd|'/C calc'!A0,empty file,"
    ]


def test_a_folder_without_rejects_has_a_file_with_a_header(tmp_path):
    write_rejects([], str(tmp_path))
    assert (tmp_path / "rejects.csv").read_text() == "path,class,reason,detail\n"


def test_a_class_may_be_missing_in_a_span():
    images = {split: {"cat": 10, "dog": 0} for split in IMAGES}
    with pytest.raises(PipelineError, match="Every class needs images"):
        check_account(_audit(images), RULES)
    assert check_account(_audit(images), RULES, is_span=True) is None
    with pytest.raises(PipelineError, match="may be rejected"):
        check_account(_audit(reasons={"broken jpeg": 30}), RULES, is_span=True)
