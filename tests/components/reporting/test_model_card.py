import pytest

from components.reporting.model_card import bullets, escape, table, write_card
from components.reporting.report_page import render_report
from tests.components.release.made_up import make_predictions
from tests.components.reporting.made_up import HOSTILE, make_audit, make_facts, make_verdict


def card_of(predictions, **values):
    return write_card(make_facts(predictions, **values))


@pytest.fixture(scope="module")
def card():
    return card_of(make_predictions(["cat"] * 5 + ["dog"] * 5, ["cat"] * 6 + ["dog"] * 4))


def test_headings(card):
    headings = [line for line in card.splitlines() if line.startswith("#")]
    assert headings == [
        "# pets",
        "## Model details",
        "## Uses",
        "## Bias, risks and limitations",
        "## How to get started",
        "## Training details",
        "### Training data",
        "### Training procedure",
        "## Evaluation",
        "### By class",
        "## Release checks",
        "## Technical specifications",
    ]


def test_values_of_the_run(card):
    assert "**Released.** All is well." in card
    assert "| Accuracy | 0.9000 (0.5958 to 0.9821) |" in card
    assert "| dog | 5 | 0.8000 (0.3755 to 0.9638) | 1.0000 (0.5101 to 1.0000) |" in card
    assert "- The lowest recall of a class: dog 0.8000 (0.3755 to 0.9638); cat 1.0000" in card
    assert "- dog is taken for cat: 1 image\n" in card
    assert "- 21 files found, 17 used (14 train, 3 test), 3 rejected, 1 duplicates" in card
    assert "- fine-tuning: 1 epoch in 1 min 1 s" in card
    assert "| Accuracy | 0.9000 | at least 0.8000 | passed |" in card
    assert "- Latency of 64 images a call: 90.0 ms (median)" in card
    assert "- keras 3.15.0" in card


def test_reasons_stand_first():
    verdict = make_verdict(force_push="It is *urgent*", reset_baseline="New camera")
    card = card_of(make_predictions(["cat"], ["cat"]), verdict=verdict)
    assert "\n\n**Reason for a push by force:** It is \\*urgent\\*\n\n" in card
    assert "\n\n**Reason for a reset of the baseline:** New camera\n\n" in card


def test_names_have_no_effect():
    names = (HOSTILE, "a|b\n# c")
    predictions = make_predictions(list(names), list(names), names)
    card = card_of(predictions, pipeline=HOSTILE, audit=make_audit(data_folder=HOSTILE))
    assert "<script" not in card
    assert "\n# &lt;script&gt;alert(1)&lt;/script&gt;\n" in card
    assert "| a\\|b\\\\n\\# c | 1 |" in card


def test_a_class_without_test_images_is_said():
    card = card_of(make_predictions(["cat"], ["cat"], ("ant", "cat")))
    assert "- Without test images, so that nothing is known of them: ant\n" in card
    assert "| ant | 0 | no images | no images |" in card


def test_many_classes_are_cut():
    names = [f"{number:04}" for number in range(1000)]
    card = card_of(make_predictions(names, names, names))
    assert "900 more classes are in `metrics.json`." in card
    assert "and 950 more\n" in card
    assert len(card) < 20_000


@pytest.mark.parametrize(("classes", "is_shown"), [("ab", False), ("abc", False), ("abcd", True)])
def test_top_3_needs_more_than_three_classes(classes, is_shown):
    """Fault D14: of two classes, the top three are always right."""
    predictions = make_predictions(["a", "b"], ["a", "b"], tuple(classes))
    facts = make_facts(predictions)
    assert ("Top-3" in render_report(facts, [])) == is_shown
    assert ("Top-3" in write_card(facts)) == is_shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T-shirt, size 4.5", "T-shirt, size 4.5"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("*a*_b_", "\\*a\\*\\_b\\_"),
        ("[x](y)", "\\[x\\](y)"),
        ("a|b", "a\\|b"),
        ("# a\n\n---", "\\# a\\n\\n---"),
        ("`x` & \\", "\\`x\\` &amp; \\\\"),
        ("www.example.org", "www\\.example\\.org"),
        ("https://x", "https\\://x"),
        ("a@b", "a\\@b"),
        ("\u202ex", "\\u202ex"),
    ],
)
def test_names_are_shown_as_they_are(text, expected):
    # What is made visible begins with a backslash, which is escaped as well.
    assert escape(text) == expected.replace("\\n", "\\\\n").replace("\\u", "\\\\u")


def test_a_table():
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_list():
    assert bullets(["a", "b"]) == "- a\n- b"
