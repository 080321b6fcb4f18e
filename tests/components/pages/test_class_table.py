from components.pages.class_table import ClassRow, make_class_table
from tests.components.ingestion.made_up import make_audit, make_images


def test_few_classes_are_shown_by_name():
    table = make_class_table(
        make_audit(make_images({("train", "b"): 3, ("test", "b"): 1, ("train", "a"): 2}))
    )
    assert table.splits == ("train", "eval", "test")
    assert table.shown == (
        ClassRow("a", 2, (2, 0, 0), (50.0, 0.0, 0.0)),
        ClassRow("b", 4, (3, 0, 1), (75.0, 0.0, 25.0)),
    )
    assert (table.number, table.hidden, table.listed) == (2, 0, ())


def test_of_many_classes_the_largest_come_first():
    counts = {("train", f"{number:02}"): number + 1 for number in range(50)}
    table = make_class_table(make_audit(make_images(counts)))
    assert [row.total for row in table.shown] == [*range(50, 35, -1), *range(15, 0, -1)]
    assert (table.number, table.hidden) == (50, 20)
    assert [row.name for row in table.listed] == [f"{number:02}" for number in range(50)]
