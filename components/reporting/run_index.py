"""All runs of a pipeline -> one page, with the accuracy of each as a drawing."""

import dataclasses
import datetime
import math
import urllib.parse
from collections.abc import Iterator, Sequence

from components.pages.page import render_page

PUSHED = "pushed"
REFUSED = "refused"
FAILED = "failed"
INTERRUPTED = "interrupted"
UNCHANGED = "unchanged"
OUTCOMES = (PUSHED, REFUSED, FAILED, INTERRUPTED, UNCHANGED)

MOST_SHOWN = 50
"""Of the newest; the others are folded away."""

WIDTH = 960.0
HEIGHT = 260.0
MARGIN = 14.0
"""On all sides, so that no mark is cut off."""
LARGEST_MARK = 5.0
SMALLEST_MARK = 1.5
MOST_TICKS = 6
STEPS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
LEAST_SPREAD = 0.001
"""Of the scale, so that equal values do not divide by nothing."""


@dataclasses.dataclass(frozen=True)
class RunEntry:
    """One run.

    Attributes:
        time: When it started.
        outcome: "pushed", "refused", "failed", "interrupted", or "unchanged" if there was nothing
            to do, so that the verdict of an earlier run stands.
        text: The verdict in a sentence, or what went wrong; may be empty.
        version: That was pushed, such as "1795344506"; empty if none was.
        accuracy: On the test images, 0 to 1; None if the run did not come so far.
        low: Lower end of its interval; None without accuracy.
        high: Upper end; None without accuracy.
        test_images: How many it was measured on; None without accuracy.
        report: Path of `report.html` from the folder of the index, with "/"; empty if there is
            none.
        log: Path of `run.log`, the same way.
    """

    time: datetime.datetime
    outcome: str
    text: str = ""
    version: str = ""
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    test_images: int | None = None
    report: str = ""
    log: str = ""

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(
                f"outcome must be one of {', '.join(OUTCOMES)}. Received: {self.outcome!r}."
            )
        measured = (self.accuracy, self.low, self.high, self.test_images)
        if None in measured and any(value is not None for value in measured):
            raise ValueError(
                "accuracy, low, high and test_images must be given together or not at all. "
                f"Received: {measured}."
            )

    @property
    def words(self) -> str:
        """What its mark in the drawing says."""
        when = f"{self.time:%Y-%m-%d %H:%M}, {self.outcome}"
        if self.accuracy is None:
            return when
        return f"{when}: {self.accuracy:.4f} ({self.low:.4f} to {self.high:.4f})"


@dataclasses.dataclass(frozen=True)
class AccuracyChart:
    """The accuracy of each run, with its interval.

    Attributes:
        entries: The runs, the oldest first; one at least has an accuracy. They stand at equal
            distances, since runs come in bursts.
        low: Value at the bottom.
        high: Value at the top.
    """

    entries: Sequence[RunEntry]
    low: float
    high: float

    @property
    def size(self) -> float:
        """Half the width of a mark."""
        return round(max(SMALLEST_MARK, min(LARGEST_MARK, self._step / 3)), 1)

    @property
    def words(self) -> str:
        """What is seen in it."""
        measured = [entry for entry in self.entries if entry.accuracy is not None]
        values = [entry.accuracy for entry in measured if entry.accuracy is not None]
        pushed = sum(entry.outcome == PUSHED for entry in measured)
        return (
            f"Accuracy of {len(measured):,} {'run' if len(measured) == 1 else 'runs'} from "
            f"{measured[0].time:%Y-%m-%d} to {measured[-1].time:%Y-%m-%d}, {pushed:,} of them "
            f"pushed: between {min(values):.4f} and {max(values):.4f}, in the end {values[-1]:.4f}"
        )

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Lines of the scale: their heights, and what they stand for."""
        spread = self.high - self.low
        step = next((each for each in STEPS if spread / each <= MOST_TICKS), STEPS[-1])
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        digits = max(0, -math.floor(math.log10(step)))
        values = [number * step for number in range(first, last + 1)]
        return [(self.y(value), f"{value:.{digits}f}") for value in values]

    def x(self, position: int) -> float:
        """How far to the right a run stands, counted from 0."""
        return round(MARGIN + position * self._step, 1) if len(self.entries) > 1 else WIDTH / 2

    def y(self, value: float) -> float:
        """At which height a value stands, from the top."""
        height = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - MARGIN - height * (HEIGHT - 2 * MARGIN), 1)

    @property
    def _step(self) -> float:
        return (WIDTH - 2 * MARGIN) / max(1, len(self.entries) - 1)


def make_accuracy_chart(entries: Sequence[RunEntry]) -> AccuracyChart | None:
    """Draws the runs.

    Args:
        entries: The oldest first.

    Returns:
        The drawing; None if no run has measured anything.
    """
    ends = [end for entry in entries for end in (entry.low, entry.high) if end is not None]
    if not ends:
        return None
    return AccuracyChart(entries, min(ends), max(max(ends), min(ends) + LEAST_SPREAD))


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
        "components.reporting",
        "run_index.html",
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
