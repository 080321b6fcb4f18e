from components.ingestion.reporting.audit import FindingsOfKind
from components.reporting.gathering.audits import add_up
from tests.components.reporting.made_up import make_audit


def test_spans_are_added_up():
    first = make_audit(
        {"train": {"cat": 5, "dog": 0}, "test": {"cat": 1}}, data_folder="photos/span-1"
    )
    second = make_audit(
        {"train": {"bird": 2, "dog": 4}, "test": {}},
        data_folder="photos/span-2",
        rejected=5,
        reasons={"empty file": 5},
        findings={"rejected": FindingsOfKind(5, 5, ()), "dark": FindingsOfKind(1, 1, ())},
    )
    total = add_up([first, second])
    assert total.data_folder == "photos/span-1, photos/span-2"
    assert (total.found, total.used, total.rejected, total.duplicates) == (22, 12, 8, 2)
    assert total.images == {"train": {"bird": 2, "cat": 5, "dog": 4}, "test": {"cat": 1}}
    assert list(total.reasons.items()) == [("empty file", 6), ("broken jpeg", 2)]
    assert total.findings == {
        "rejected": FindingsOfKind(5, 5, ()),
        "dark": FindingsOfKind(3, 3, ()),
    }


def test_a_class_without_images_stays():
    audit = make_audit({"train": {"cat": 5, "dog": 0}})
    assert add_up([audit]).classes == ("cat", "dog")
