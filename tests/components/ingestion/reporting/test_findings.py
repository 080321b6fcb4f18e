import pytest

from components.ingestion.reporting.findings import KINDS, Finding, badness


def make_finding(count: int, **values) -> Finding:
    names = tuple(f"{number}.png" for number in range(count))
    ordinary = {"kind": "leak", "class_texts": names, "splits": names, "detail": "", "score": 1.0}
    return Finding(filenames=names, **{**ordinary, **values})


def test_every_kind_is_explained():
    assert list(KINDS)[:3] == ["rejected", "conflict", "leak"]
    assert [kind for kind in KINDS if KINDS[kind].is_grave] == ["conflict", "leak"]
    for kind in KINDS.values():
        assert kind.title[0].isupper()
        assert kind.meaning.endswith(".")


def test_counts_its_files():
    assert make_finding(2).files == 2
    assert make_finding(2, files=5).files == 5


def test_a_long_finding_is_shortened_but_counts_all():
    short = make_finding(40, detail="x" * 1000).shortened()
    assert (len(short.filenames), len(short.class_texts), len(short.splits)) == (12, 12, 12)
    assert (short.files, len(short.detail)) == (40, 400)


def test_an_unknown_kind_is_a_defect():
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
