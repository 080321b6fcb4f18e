"""A confusion matrix -> the part of it that can be read, and the images behind its cells.

Of many classes, those of the most frequent confusions are shown; a list names the most frequent
confusions of all classes.
"""

import dataclasses
import math
from collections.abc import Mapping

from components.metrics import ConfusionMatrix

MOST_CLASSES = 25
MOST_PAIRS_LISTED = 15
MOST_PICTURES = 800
"""Behind all cells: with 3 kB each, 2.4 MB."""
MOST_PICTURES_A_PAIR = 12
SHADES = 10

Pair = tuple[int, int]
"""Positions of a class and of the class that is predicted for images of it."""


@dataclasses.dataclass(frozen=True)
class ConfusionView:
    """What is shown of a confusion matrix.

    Attributes:
        matrix: All of it.
        shown: Positions of the classes that have a row and a column.
        listed: The most frequent confusions of all classes.
        rows: For each pair with images that is shown or listed, the rows of some of them: the most
            confident predictions first; of correct ones the least confident, which are worth a
            look.
    """

    matrix: ConfusionMatrix
    shown: tuple[int, ...]
    listed: tuple[Pair, ...]
    rows: Mapping[Pair, tuple[int, ...]]

    @property
    def has_others(self) -> bool:
        """Whether some classes have no column."""
        return len(self.shown) < len(self.matrix.names)

    def others(self, row: int) -> int:
        """How many images of a class are predicted to be of one that has no column."""
        shown = sum(self.matrix.count((row, column)) for column in self.shown)
        return self.matrix.supports[row] - shown

    def shade(self, pair: Pair) -> int:
        """0 to 10, by the root of the proportion of the class: one in hundreds has a shade, too."""
        return math.ceil(SHADES * math.sqrt(self.proportion(pair)))

    def proportion(self, pair: Pair) -> float:
        """Images of a pair among those of the class, 0 to 1."""
        count = self.matrix.count(pair)
        return count / self.matrix.supports[pair[0]] if count else 0.0

    def place(self, pair: Pair) -> str:
        """Where in the page its images are: by positions, since names may hold anything."""
        return f"pair-{pair[0]}-{pair[1]}"

    def words(self, pair: Pair) -> str:
        """What a cell says, for those who do not see where it stands."""
        class_text, predicted = (self.matrix.names[position] for position in pair)
        count = self.matrix.count(pair)
        if pair[0] == pair[1]:
            return f"{class_text}: {count:,} right"
        return f"{class_text} as {predicted}: {count:,}"


def view_confusion(matrix: ConfusionMatrix) -> ConfusionView:
    """Chooses what is shown."""
    shown = most_confused(matrix, MOST_CLASSES)
    listed = matrix.mistaken[:MOST_PAIRS_LISTED]
    inside = set(shown)
    pairs = sorted({pair for pair in matrix.images if inside.issuperset(pair)} | set(listed))
    most = max(1, min(MOST_PICTURES_A_PAIR, MOST_PICTURES // max(1, len(pairs))))
    rows = {}
    for pair in pairs:
        images = matrix.images[pair]
        rows[pair] = images[::-1][:most] if pair[0] == pair[1] else images[:most]
    return ConfusionView(matrix, shown, listed, rows)


def most_confused(matrix: ConfusionMatrix, most: int) -> tuple[int, ...]:
    """Chooses the classes of a matrix that can be read.

    Args:
        matrix: Of all classes.
        most: How many at most, 2 or more.

    Returns:
        Positions, ascending: of all classes if they are few enough, else of those of the most
        frequent pairs.
    """
    if len(matrix.names) <= most:
        return tuple(range(len(matrix.names)))
    chosen: set[int] = set()
    for pair in matrix.mistaken:
        if len(chosen | set(pair)) <= most:
            chosen |= set(pair)
    by_support = sorted(range(len(matrix.names)), key=lambda each: -matrix.supports[each])
    for position in by_support:
        if len(chosen) < most:
            chosen.add(position)
    return tuple(sorted(chosen))
