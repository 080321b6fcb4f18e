import datetime
import re

import pytest

from components.reporting.run_index import RunEntry, make_accuracy_chart, render_index
from tests.components.reporting.made_up import HOSTILE
from tests.html_page import Page

START = datetime.datetime(2026, 1, 1, 12)


def make_runs(count, **values):
    return [
        RunEntry(
            START + datetime.timedelta(hours=number),
            "pushed" if number % 3 else "refused",
            f"Sentence {number}.",
            version=str(1_795_344_506 + number) if number % 3 else "",
            accuracy=0.9,
            low=0.88,
            high=0.92,
            test_images=1000,
            report=f"artifacts/{number}/report.html",
            log=f"runs/{number}/run.log",
            **values,
        )
        for number in range(count)
    ]


def parse(page):
    parsed = Page(page)
    assert parsed.open == []
    assert "script" not in parsed.tags
    return parsed


def test_no_run_yet():
    page = render_index("pets", [])
    parse(page)
    assert "0 runs." in page
    assert "There has been no run yet." in page
    assert "<svg" not in page


def test_one_run():
    page = render_index("pets", make_runs(1))
    parsed = parse(page)
    assert "1 run: 1 refused." in page
    assert "Sentence 0." in page
    assert "(0.8800 to 0.9200)" in page
    assert parsed.values("href") == ["#main", "artifacts/0/report.html", "runs/0/run.log"]


def test_the_newest_first_whatever_the_order():
    runs = make_runs(3)
    page = render_index("pets", [runs[1], runs[2], runs[0]])
    assert page.index("Sentence 2.") < page.index("Sentence 1.") < page.index("Sentence 0.")


def test_a_thousand_runs():
    page = render_index("pets", make_runs(1000))
    parsed = parse(page)
    assert "1,000 runs: 666 pushed, 334 refused." in page
    assert "950 earlier runs" in page
    assert parsed.tags.count("circle") == 666
    assert (
        page.index("Sentence 950.") < page.index("950 earlier runs") < page.index("Sentence 949.")
    )
    assert len(page) < 1_000_000


def test_a_run_that_failed_has_its_message_and_no_accuracy():
    page = render_index(
        "pets", [RunEntry(START, "failed", "The folder must exist.", log="run.log")]
    )
    parsed = parse(page)
    assert "The folder must exist." in page
    assert "<strong>" not in page
    assert parsed.values("href") == ["#main", "run.log"]


def test_a_message_of_several_lines_has_several():
    text = "Received: 2 rejected:\n         1  empty file\n\n         1  <b>\x07"
    page = render_index("pets", [RunEntry(START, "failed", text, log="run.log")])
    parse(page)
    lines = page[page.index("Received") : page.index("\\x07")].split("<br>")
    assert [line.strip() for line in lines] == [
        "Received: 2 rejected:",
        "1  empty file",
        "1  &lt;b&gt;",
    ]


def test_names_are_text_and_links_stay_here():
    entry = RunEntry(
        START,
        "refused",
        f"{HOSTILE}\u202e",
        version=HOSTILE,
        report='javascript:alert(1)/"a b"/report.html',
        log="runs/#1?/run.log",
    )
    page = render_index(HOSTILE, [entry])
    parsed = parse(page)
    assert "\u202e" not in page
    assert parsed.values("href")[1:] == [
        "javascript%3Aalert%281%29/%22a%20b%22/report.html",
        "runs/%231%3F/run.log",
    ]


def test_an_unknown_outcome():
    message = (
        "outcome must be one of pushed, refused, failed, interrupted, unchanged. Received: 'lost'."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        RunEntry(START, "lost")


def test_half_a_measurement():
    message = "must be given together or not at all. Received: (0.9, None, None, None)."
    with pytest.raises(ValueError, match=re.escape(message)):
        RunEntry(START, "pushed", accuracy=0.9)


def make_entry(day, outcome="pushed", accuracy=0.9, width=0.05):
    time = START + datetime.timedelta(days=day)
    if accuracy is None:
        return RunEntry(time, outcome)
    return RunEntry(
        time,
        outcome,
        accuracy=accuracy,
        low=accuracy - width,
        high=accuracy + width,
        test_images=100,
    )


def test_marks_from_left_to_right():
    entries = [make_entry(0, accuracy=0.8), make_entry(1, "failed", None), make_entry(9, "refused")]
    chart = make_accuracy_chart(entries)
    assert [chart.x(number) for number in range(3)] == [14.0, 480.0, 946.0]
    # From 0.75 to 0.95 on 232 units.
    assert [chart.y(value) for value in (0.75, 0.8, 0.9, 0.95)] == [246.0, 188.0, 72.0, 14.0]
    assert entries[1].words == "2026-01-02 12:00, failed"
    assert chart.words == (
        "Accuracy of 2 runs from 2026-01-01 to 2026-01-10, 1 of them pushed: between 0.8000 and "
        "0.9000, in the end 0.9000"
    )


def test_one_run_stands_in_the_middle():
    entry = make_entry(0)
    chart = make_accuracy_chart([entry])
    assert (chart.x(0), chart.y(0.9)) == (480.0, 130.0)
    assert entry.words == "2026-01-01 12:00, pushed: 0.9000 (0.8500 to 0.9500)"


def test_the_scale_has_round_numbers():
    chart = make_accuracy_chart([make_entry(0, accuracy=0.8), make_entry(1, accuracy=0.9)])
    assert [text for _, text in chart.ticks] == ["0.75", "0.80", "0.85", "0.90", "0.95"]


@pytest.mark.parametrize(("runs", "size"), [(2, 5.0), (1000, 1.5)])
def test_marks_of_many_runs_are_small(runs, size):
    assert make_accuracy_chart([make_entry(day) for day in range(runs)]).size == size


def test_certain_and_equal_values_can_be_drawn():
    assert make_accuracy_chart([make_entry(0, accuracy=1.0, width=0.0)]).y(1.0) == 246.0


def test_nothing_was_measured():
    assert make_accuracy_chart([]) is None
    assert make_accuracy_chart([make_entry(0, "failed", None)]) is None
