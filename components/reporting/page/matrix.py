"""Confusion -> a matrix that can be read, and the images behind its cells.

Of many classes, those of the most frequent confusions are shown; a list names the most frequent
confusions of all classes.
"""

import dataclasses
import math

from components.predictions import Predictions
from components.reporting.measuring.confusion import Confusion, most_confused
from components.reporting.page.cards import SMALL_SIDE, Card, make_cards, own_answer

MOST_CLASSES = 25
MOST_PAIRS_LISTED = 15
MOST_PICTURES = 800
"""Behind all cells: with 3 kB each, 2.4 MB."""
MOST_PICTURES_A_PAIR = 12
SHADES = 10


@dataclasses.dataclass(frozen=True)
class Cell:
    """Images of one class with one answer.

    Attributes:
        count: How many.
        shade: 0 to 10, by the square root of their share of the images of the class.
        is_right: Whether the answer is the class.
        place: Of the images in the page; empty if there are none.
        words: What it says, for those who do not see where it stands.
    """

    count: int
    shade: int
    is_right: bool
    place: str
    words: str


@dataclasses.dataclass(frozen=True)
class MatrixRow:
    """All images of one class.

    Attributes:
        name: Of the class.
        cells: By answer.
        others: How many have an answer that has no column.
        total: All of them.
    """

    name: str
    cells: tuple[Cell, ...]
    others: int
    total: int


@dataclasses.dataclass(frozen=True)
class PairPlace:
    """The images of one class with one answer.

    Attributes:
        place: In the page.
        class_text: The class.
        answer: The answer.
        count: How many there are.
        share: Of the images of the class, 0 to 1.
        cards: Some of them, the most confident answers first; of right answers the least confident.
    """

    place: str
    class_text: str
    answer: str
    count: int
    share: float
    cards: tuple[Card, ...]

    @property
    def is_right(self) -> bool:
        """Whether the answer is the class."""
        return self.class_text == self.answer

    @property
    def more(self) -> int:
        """Images that are not shown."""
        return self.count - len(self.cards)


@dataclasses.dataclass(frozen=True)
class Matrix:
    """What is shown of a confusion.

    Attributes:
        classes: Number of all classes.
        names: Of the columns.
        rows: Of the same classes.
        has_others: Whether some classes have no column.
        mistaken: The most frequent confusions of all classes.
        mistaken_pairs: How many different ones there are.
        pairs: The images behind all cells and all of `mistaken`.
    """

    classes: int
    names: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    has_others: bool
    mistaken: tuple[PairPlace, ...]
    mistaken_pairs: int
    pairs: tuple[PairPlace, ...]


def make_matrix(confusion: Confusion, predictions: Predictions) -> Matrix:
    """Chooses what is shown."""
    shown = most_confused(confusion, MOST_CLASSES)
    inside = set(shown)
    pairs = {pair for pair in confusion.images if inside.issuperset(pair)}
    listed = confusion.mistaken[:MOST_PAIRS_LISTED]
    everything = sorted(pairs | set(listed))
    most = max(1, min(MOST_PICTURES_A_PAIR, MOST_PICTURES // max(1, len(everything))))
    places = {pair: _make_place(pair, confusion, predictions, most) for pair in everything}
    return Matrix(
        classes=len(confusion.names),
        names=tuple(confusion.names[position] for position in shown),
        rows=tuple(_make_row(position, shown, confusion) for position in shown),
        has_others=len(shown) < len(confusion.names),
        mistaken=tuple(places[pair] for pair in listed),
        mistaken_pairs=len(confusion.mistaken),
        pairs=tuple(places.values()),
    )


def _make_row(position: int, shown: tuple[int, ...], confusion: Confusion) -> MatrixRow:
    cells = tuple(_make_cell((position, answer), confusion) for answer in shown)
    total = confusion.supports[position]
    return MatrixRow(
        name=confusion.names[position],
        cells=cells,
        others=total - sum(cell.count for cell in cells),
        total=total,
    )


def _make_cell(pair: tuple[int, int], confusion: Confusion) -> Cell:
    count = confusion.count(pair)
    class_text, answer = (confusion.names[position] for position in pair)
    is_right = pair[0] == pair[1]
    words = f"{class_text}: {count:,} right" if is_right else f"{class_text} as {answer}: {count:,}"
    return Cell(
        count=count,
        # By the root, so that one image among hundreds gets a shade as well.
        shade=math.ceil(SHADES * math.sqrt(count / confusion.supports[pair[0]])) if count else 0,
        is_right=is_right,
        place=_place(pair) if count else "",
        words=words,
    )


def _make_place(
    pair: tuple[int, int], confusion: Confusion, predictions: Predictions, most: int
) -> PairPlace:
    rows = confusion.images[pair]
    is_right = pair[0] == pair[1]
    # Of what is right, that which nearly was not is worth a look.
    chosen = rows[::-1][:most] if is_right else rows[:most]
    return PairPlace(
        place=_place(pair),
        class_text=confusion.names[pair[0]],
        answer=confusion.names[pair[1]],
        count=len(rows),
        share=len(rows) / confusion.supports[pair[0]],
        cards=make_cards(predictions, chosen, own_answer, SMALL_SIDE),
    )


def _place(pair: tuple[int, int]) -> str:
    # Positions and not names, which may hold anything.
    return f"pair-{pair[0]}-{pair[1]}"
