"""The release gate's checks -> rows, the broken ones first."""

import dataclasses
from collections.abc import Sequence

from components.release.verdict import AT_LEAST, FAILED, NOT_ENOUGH_EVIDENCE, PASSED, Check, Verdict
from components.reporting.page.intervals import Drawing, draw_against_bound
from components.reporting.wording import format_measure

MOST_CHECKS_SHOWN = 12
MOST_BROKEN_SHOWN = 60
"""Of a thousand classes with one image each, all lack evidence: the rest is folded away too."""
_ORDER = (FAILED, NOT_ENOUGH_EVIDENCE, PASSED)


@dataclasses.dataclass(frozen=True)
class CheckRow:
    """One check.

    Attributes:
        check: As the gate made it.
        drawing: Of its interval; None if nothing was measured.
        value: With its unit.
        interval: In words; empty where nothing is left to chance.
        bound: What it is held to, in words.
        how: How the interval was made, and what else is known, in sentences; may be empty.
    """

    check: Check
    drawing: Drawing | None
    value: str
    interval: str
    bound: str
    how: str


@dataclasses.dataclass(frozen=True)
class CheckTable:
    """All checks.

    Attributes:
        shown: Those that matter most: all of a few; of many those that were not passed, and those
            of the model as a whole.
        folded: The others.
        counts: How many there are of each outcome, those that were not passed first.
    """

    shown: tuple[CheckRow, ...]
    folded: tuple[CheckRow, ...]
    counts: tuple[tuple[str, int], ...]


def make_check_table(verdict: Verdict) -> CheckTable:
    """Sorts the checks by what their reader must know first."""
    rows = [_make_row(check) for check in verdict.checks]
    rows.sort(key=lambda row: (_is_of_class(row.check), _ORDER.index(row.check.outcome)))
    counts = tuple((outcome, len(verdict.having(outcome))) for outcome in _ORDER)
    if len(rows) <= MOST_CHECKS_SHOWN:
        return CheckTable(tuple(rows), (), counts)
    shown = [row for row in rows if _is_shown(row.check)][:MOST_BROKEN_SHOWN]
    return CheckTable(tuple(shown), _without(rows, shown), counts)


def _is_shown(check: Check) -> bool:
    return check.outcome != PASSED or not _is_of_class(check)


def _is_of_class(check: Check) -> bool:
    """Whether it is of one class alone: its name is then "<metric>/<class>"."""
    return "/" in check.name


def _without(rows: Sequence[CheckRow], shown: Sequence[CheckRow]) -> tuple[CheckRow, ...]:
    names = {row.check.name for row in shown}
    return tuple(row for row in rows if row.check.name not in names)


def _make_row(check: Check) -> CheckRow:
    has_interval = bool(check.method)
    low, high = (format_measure(each, check.unit) for each in (check.low, check.high))
    return CheckRow(
        check=check,
        drawing=draw_against_bound(
            check.value, check.low, check.high, check.bound, check.direction == AT_LEAST
        ),
        value=format_measure(check.value, check.unit),
        interval=f"{low} to {high}" if has_interval else "",
        bound=f"{check.direction} {format_measure(check.bound, check.unit)}",
        how=" ".join(map(_sentence, filter(None, (check.method, check.detail)))),
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."
