"""All runs of a pipeline -> HTML."""

import urllib.parse
from collections.abc import Iterator, Sequence

from components.pages.page import render_page
from components.reporting.index.chart import make_accuracy_chart
from components.reporting.index.entries import OUTCOMES, UNCHANGED, RunEntry

MOST_SHOWN = 50
"""Of the newest; the others are folded away."""


def render_index(pipeline_name: str, entries: Sequence[RunEntry]) -> str:
    """The index as HTML: one file, from which all reports and logs can be opened.

    Args:
        pipeline_name: As people know it.
        entries: All runs, in any order.
    """
    oldest_first = list(_without_repetitions(sorted(entries, key=lambda entry: entry.time)))
    newest_first = oldest_first[::-1]
    counts = {outcome: sum(entry.outcome == outcome for entry in entries) for outcome in OUTCOMES}
    return render_page(
        "components.reporting.index",
        "index.html",
        pipeline=pipeline_name,
        number=len(entries),
        counts={outcome: count for outcome, count in counts.items() if count},
        chart=make_accuracy_chart(oldest_first),
        shown=newest_first[:MOST_SHOWN],
        folded=newest_first[MOST_SHOWN:],
        link=_link,
    )


def _without_repetitions(oldest_first: Sequence[RunEntry]) -> Iterator[RunEntry]:
    """All runs but those that had nothing to do, which measured and pushed nothing.

    One of these is listed where the run that did it is not, as when that was killed at its end.
    """
    listed = {entry.report for entry in oldest_first if entry.outcome != UNCHANGED}
    for entry in oldest_first:
        if entry.outcome != UNCHANGED or entry.report not in listed:
            listed.add(entry.report)
            yield entry


def _link(path: str) -> str:
    """A path as an address that stays below this page, whatever its names hold."""
    return urllib.parse.quote(path, safe="/", errors="surrogateescape")
