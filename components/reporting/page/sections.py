"""What the page shows, and the pictures that it needs."""

import dataclasses
from collections.abc import Iterator

from components.ingestion.reporting.report.classes import ClassTable, make_class_table
from components.reporting.album import PictureKey
from components.reporting.facts import RunFacts
from components.reporting.measuring.latencies import Latency, measure_latencies
from components.reporting.measuring.measures import Measures
from components.reporting.page.cards import (
    MOST_CARDS,
    Card,
    both_answers,
    make_cards,
    own_answer,
    suggestion,
)
from components.reporting.page.checks import CheckTable, make_check_table
from components.reporting.page.class_rows import (
    ClassMetricsTable,
    ShareCell,
    make_cell,
    make_class_metrics_table,
)
from components.reporting.page.curves import CurveChart, make_curves
from components.reporting.page.matrix import Matrix, make_matrix
from components.reporting.page.reliability import Reliability, make_reliability


@dataclasses.dataclass(frozen=True)
class Sections:
    """What the page shows besides facts and measures, from top to bottom."""

    checks: CheckTable
    accuracy: ShareCell
    classes: ClassMetricsTable
    matrix: Matrix
    reliability: Reliability
    mistakes: tuple[Card, ...]
    label_errors: tuple[Card, ...]
    gained: tuple[Card, ...]
    lost: tuple[Card, ...]
    curves: tuple[CurveChart, ...]
    images: ClassTable
    latencies: tuple[Latency, ...]

    def pictures(self) -> frozenset[PictureKey]:
        """All pictures that are needed."""
        return frozenset((card.sha256, card.side) for card in self._cards())

    def _cards(self) -> Iterator[Card]:
        for cards in (self.mistakes, self.label_errors, self.gained, self.lost):
            yield from cards
        for pair in self.matrix.pairs:
            yield from pair.cards


def make_sections(facts: RunFacts, measures: Measures) -> Sections:
    """Chooses what is shown of a run."""
    predictions, changes = facts.predictions, measures.changes
    gained, lost = (changes.gained, changes.lost) if changes else ((), ())
    return Sections(
        checks=make_check_table(facts.verdict),
        accuracy=make_cell(measures.accuracy),
        classes=make_class_metrics_table(measures.classes),
        matrix=make_matrix(measures.confusion, predictions),
        reliability=make_reliability(measures.calibration),
        mistakes=make_cards(predictions, measures.mistakes[:MOST_CARDS], own_answer),
        label_errors=make_cards(predictions, measures.label_errors.rows[:MOST_CARDS], suggestion),
        gained=make_cards(predictions, gained[:MOST_CARDS], both_answers),
        lost=make_cards(predictions, lost[:MOST_CARDS], both_answers),
        curves=make_curves(facts.history),
        images=make_class_table(facts.data.audit),
        latencies=measure_latencies(facts.serving),
    )
