"""Class counts -> rows with bars; of a thousand classes the largest and the smallest."""

import dataclasses

from components.audit import Audit

MOST_CLASSES_WITH_BARS = 40
LARGEST_AND_SMALLEST = 15
MOST_CLASSES_LISTED = 20_000
"""In a list that is folded away: 3 MB of page. All of them are in the JSON."""


@dataclasses.dataclass(frozen=True)
class ClassRow:
    """One class.

    Attributes:
        name: Of the class.
        total: Used images.
        counts: Used images in each split of the audit.
        shares: Length of the bar of each split, 0 to 100; the largest class adds up to 100.
    """

    name: str
    total: int
    counts: tuple[int, ...]
    shares: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class ClassTable:
    """The classes of an audit.

    Attributes:
        splits: In the order of the counts in each row.
        number: Of classes.
        shown: With bars: all of a few classes by name, else the largest first.
        hidden: How many lie between the first and the second half of `shown`.
        listed: All of many classes by name, at most 20,000; empty where `shown` has all.
    """

    splits: tuple[str, ...]
    number: int
    shown: tuple[ClassRow, ...]
    hidden: int
    listed: tuple[ClassRow, ...]


def make_class_table(audit: Audit) -> ClassTable:
    """Chooses which classes are shown."""
    splits = tuple(audit.images)
    names = audit.classes
    counts = {name: tuple(audit.images[split].get(name, 0) for split in splits) for name in names}
    largest = max((sum(row) for row in counts.values()), default=0)
    rows = [_make_row(name, counts[name], largest) for name in names]
    if len(rows) <= MOST_CLASSES_WITH_BARS:
        return ClassTable(splits, len(rows), tuple(rows), 0, ())
    by_size = sorted(rows, key=lambda row: (-row.total, row.name))
    return ClassTable(
        splits=splits,
        number=len(rows),
        shown=(*by_size[:LARGEST_AND_SMALLEST], *by_size[-LARGEST_AND_SMALLEST:]),
        hidden=len(rows) - 2 * LARGEST_AND_SMALLEST,
        listed=tuple(rows[:MOST_CLASSES_LISTED]),
    )


def _make_row(name: str, counts: tuple[int, ...], largest: int) -> ClassRow:
    shares = tuple(round(100 * count / largest, 2) if largest else 0.0 for count in counts)
    return ClassRow(name, sum(counts), counts, shares)
