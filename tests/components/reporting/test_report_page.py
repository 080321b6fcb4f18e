"""What is chosen of much, and how it is said."""

from components.metrics import ClassMetrics, Proportion
from components.release.release_verdict import FAILED, NOT_ENOUGH_EVIDENCE
from components.reporting.report_page import (
    choose_checks,
    choose_classes,
    explain_check,
    render_report,
)
from tests.components.release.made_up import make_model, make_predictions
from tests.components.reporting.made_up import make_check, make_facts, make_verdict


def names(each):
    return [one.name for one in each]


def test_few_checks_are_all_shown_the_model_as_a_whole_first():
    checks = [
        make_check("recall/a"),
        make_check("recall/b", outcome=FAILED),
        make_check("accuracy", outcome=NOT_ENOUGH_EVIDENCE),
        make_check("size"),
    ]
    shown, folded = choose_checks(make_verdict(checks))
    assert names(shown) == ["accuracy", "size", "recall/b", "recall/a"]
    assert folded == ()


def test_of_many_those_that_were_not_passed():
    of_classes = [make_check(f"recall/{number:04}") for number in range(1000)]
    of_classes[500] = make_check("recall/0500", outcome=NOT_ENOUGH_EVIDENCE)
    of_classes[700] = make_check("recall/0700", outcome=FAILED)
    shown, folded = choose_checks(make_verdict([make_check(), *of_classes]))
    assert names(shown) == ["accuracy", "recall/0700", "recall/0500"]
    assert len(folded) == 998


def test_when_hardly_any_is_passed_most_are_folded_away():
    checks = [make_check(f"recall/{number}", outcome=FAILED) for number in range(1000)]
    shown, folded = choose_checks(make_verdict(checks))
    assert (len(shown), len(folded)) == (60, 940)


def test_how_it_was_measured_in_sentences():
    check = make_check(method="order statistics", detail="50 calls.")
    assert explain_check(check) == "Order statistics. 50 calls."
    assert explain_check(make_check(method="", detail="")) == ""


def make_metrics(name, right, images=10):
    proportion = Proportion.of(right, images, 0.95)
    return ClassMetrics(name, proportion, proportion)


def test_the_lowest_recall_first_and_what_is_unknown_last():
    classes = [make_metrics("a", 9), make_metrics("b", 0, 0), make_metrics("c", 2)]
    shown, listed = choose_classes(classes)
    assert names(shown) == ["c", "a", "b"]
    assert listed == ()


def test_of_many_classes_the_worst_and_a_list_by_name():
    classes = [make_metrics(f"{number:04}", (7 * number) % 11, 11) for number in range(1000)]
    shown, listed = choose_classes(classes)
    assert len(shown) == 15
    assert {each.recall.value for each in shown} == {0.0}
    assert names(listed[:3]) == ["0000", "0001", "0002"]
    assert len(listed) == 1000


def test_the_calibration_diagram():
    page = render_report(make_facts(make_predictions(["cat"] * 10, ["cat"] * 9 + ["dog"])), [])
    section = page[page.index('id="calibration"') : page.index('id="mistakes"')]
    assert "Expected calibration error 0.0000" in section
    # All images are in the bin of 0.9, and 9 of 10 are predicted correctly.
    assert "correct predictions by probability. 0.87 to 0.93: 0.9000 correct" in section
    assert 'class="bar-rect" x="261.0" y="30.0" width="18.0" height="270.0"' in section
    assert 'class="promised" x1="261.0" x2="279.0" y1="30.0" y2="30.0"' in section
    assert 'x="261.0" y="0.0" width="18.0" height="60.0"' in section
    assert '0.9000 <span class="quiet between">(0.5958 to 0.9821)</span>' in section


def test_the_cards_of_mistakes_and_changes():
    before = make_model(["bird", "fish"], ["fish", "fish"], 0.75)
    page = render_report(
        make_facts(make_predictions(["cat", "dog"], ["cat", "cat"], baseline=before)), []
    )
    for label, is_right, name, probability in (
        ("predicted", "is-wrong", "cat", "90%"),
        ("before", "is-wrong", "fish", "75%"),
        ("now", "is-right", "cat", "90%"),
    ):
        shown = f'<dt>{label}</dt><dd class="{is_right}"><bdi>{name}</bdi>'
        assert f'{shown}, <span class="together">{probability}</span>' in page
    assert "No picture of 00001.png" in page
