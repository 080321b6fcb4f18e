from components.reporting.measuring.class_metrics import ClassMetrics
from components.reporting.measuring.shares import make_share
from components.reporting.page.class_rows import make_cell, make_class_metrics_table


def make_metrics(name, right, images=10):
    share = make_share(right, images, 0.95)
    return ClassMetrics(name, share, share)


def test_the_lowest_recall_first_and_what_is_unknown_last():
    classes = [make_metrics("a", 9), make_metrics("b", 0, 0), make_metrics("c", 2)]
    table = make_class_metrics_table(classes)
    assert [row.name for row in table.shown] == ["c", "a", "b"]
    assert (table.number, table.listed) == (3, ())


def test_of_many_classes_the_worst_and_a_list_by_name():
    classes = [make_metrics(f"{number:04}", (7 * number) % 11, 11) for number in range(1000)]
    table = make_class_metrics_table(classes)
    assert len(table.shown) == 15
    assert {row.recall.value for row in table.shown} == {"0.0000"}
    assert [row.name for row in table.listed[:3]] == ["0000", "0001", "0002"]
    assert len(table.listed) == 1000


def test_a_cell_in_words():
    cell = make_cell(make_share(8, 10, 0.95))
    assert (cell.value, cell.interval) == ("0.8000", "0.4902 to 0.9433")
    assert make_cell(make_share(0, 0, 0.95)).value == ""
