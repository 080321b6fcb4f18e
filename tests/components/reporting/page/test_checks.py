from components.release.verdict import FAILED, NOT_ENOUGH_EVIDENCE, PASSED
from components.reporting.page.checks import make_check_table
from tests.components.reporting.made_up import make_check, make_verdict


def names(rows):
    return [row.check.name for row in rows]


def test_few_checks_are_all_shown_the_model_as_a_whole_first():
    checks = [
        make_check("recall/a"),
        make_check("recall/b", outcome=FAILED),
        make_check("accuracy", outcome=NOT_ENOUGH_EVIDENCE),
        make_check("size"),
    ]
    table = make_check_table(make_verdict(checks))
    assert names(table.shown) == ["accuracy", "size", "recall/b", "recall/a"]
    assert table.folded == ()
    assert table.counts == ((FAILED, 1), (NOT_ENOUGH_EVIDENCE, 1), (PASSED, 2))


def test_of_many_those_that_were_not_passed():
    of_classes = [make_check(f"recall/{number:04}") for number in range(1000)]
    of_classes[500] = make_check("recall/0500", outcome=NOT_ENOUGH_EVIDENCE)
    of_classes[700] = make_check("recall/0700", outcome=FAILED)
    table = make_check_table(make_verdict([make_check(), *of_classes]))
    assert names(table.shown) == ["accuracy", "recall/0700", "recall/0500"]
    assert len(table.folded) == 998


def test_when_hardly_any_is_passed_most_are_folded_away():
    checks = [make_check(f"recall/{number}", outcome=FAILED) for number in range(1000)]
    table = make_check_table(make_verdict(checks))
    assert (len(table.shown), len(table.folded)) == (60, 940)


def test_in_words():
    row = make_check_table(make_verdict([make_check()])).shown[0]
    assert (row.value, row.interval, row.bound) == (
        "0.9000",
        "0.8500 to 0.9500",
        "at least 0.8000",
    )


def test_how_it_was_measured_in_sentences():
    check = make_check(method="order statistics", detail="50 calls.")
    (row,) = make_check_table(make_verdict([check])).shown
    assert row.how == "Order statistics. 50 calls."
    (row,) = make_check_table(make_verdict([make_check(method="", detail="")])).shown
    assert row.how == ""


def test_without_chance_there_is_no_interval():
    check = make_check(
        "size", 12.5, 12.5, 12.5, unit="MB", bound=50, direction="at most", method=""
    )
    row = make_check_table(make_verdict([check])).shown[0]
    assert (row.value, row.interval, row.bound) == ("12.5 MB", "", "at most 50 MB")
