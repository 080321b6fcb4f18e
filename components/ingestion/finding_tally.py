"""Findings -> how many there are, and the worst of them, in bounded memory."""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping

from components.audit import Finding, badness

MOST_EXAMPLES = 30


@dataclasses.dataclass
class Tally:
    """Counts findings and keeps the worst.

    Attributes:
        count: Number of findings.
        files: Number of files that they are about.
        examples: Some of them, at most four times as many as are kept in the end.
        most: How many are kept in the end.
    """

    count: int = 0
    files: int = 0
    examples: list[Finding] = dataclasses.field(default_factory=list)
    most: int = MOST_EXAMPLES

    def add(self, finding: Finding) -> None:
        """Counts one finding."""
        self.count += 1
        self.files += finding.files
        self.keep([finding.shortened()])

    def keep(self, examples: Iterable[Finding]) -> None:
        """Takes more examples, without counting them."""
        self.examples.extend(examples)
        # Sorting seldom costs less than sorting always.
        if len(self.examples) > 4 * self.most:
            self.examples = self.worst()

    def merge(self, other: "Tally") -> None:
        """Counts what another tally has counted."""
        self.count += other.count
        self.files += other.files
        self.keep(other.examples)

    def worst(self) -> list[Finding]:
        """The worst of what was added, the worst first."""
        return sorted(self.examples, key=badness)[: self.most]


def take_turns(kind: str, reasons: Mapping[str, Tally]) -> Tally:
    """Examples of every reason in turn, so that none is hidden by a more frequent one."""
    count = sum(tally.count for tally in reasons.values())
    ordered = sorted(reasons, key=lambda reason: (-reasons[reason].count, reason))
    by_reason = [reasons[reason].worst() for reason in ordered]
    turns = itertools.zip_longest(*by_reason)
    in_turn = [finding for turn in turns for finding in turn if finding is not None]
    scored = [
        dataclasses.replace(finding, kind=kind, score=-position)
        for position, finding in enumerate(in_turn[:MOST_EXAMPLES])
    ]
    return Tally(count, count, scored)
