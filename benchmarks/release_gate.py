"""How often would a worse model be released, and an equal one refused?

    python benchmarks/release_gate.py [--runs 5000] [--discordance 0.08]

Pairs of models are drawn whose true accuracies are known, and asked about test sets of 100, 1,000
and 10,000 images. The gate decides by the interval of the change, with the loss of one point that
`evaluate.max_accuracy_loss` allows by default; TFX compares the measured change alone.
"""

import argparse
import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from rich.console import Console
from rich.table import Table

from components.release.release_checks import check_change
from components.release.release_rules import ReleaseRules
from components.release.release_verdict import FAILED, PASSED, Check

IMAGES = (100, 1_000, 10_000)
SEED = 20_261_125
RELEASED, REFUSED, UNCLEAR = "released", "refused", "unclear"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One way to decide.

    Attributes:
        name: What it is called.
        max_accuracy_loss: The loss that it allows.
        decide: Released, refused, or not enough evidence.
    """

    name: str
    max_accuracy_loss: float
    decide: Callable[[Check], str]


def _by_value(check: Check) -> str:
    return RELEASED if check.is_met_by_value else REFUSED


def _by_interval(check: Check) -> str:
    return {PASSED: RELEASED, FAILED: REFUSED}.get(check.outcome, UNCLEAR)


RULES = (
    Rule("TFX, no loss allowed", 0.0, _by_value),
    Rule("TFX, one point allowed", 0.01, _by_value),
    Rule("ours, one point allowed", 0.01, _by_interval),
)


def main() -> None:
    """Simulates, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5_000, help="pairs of models for each figure")
    parser.add_argument(
        "--discordance",
        type=float,
        default=0.08,
        help="proportion of the images on which one of two equal models is right, and one wrong",
    )
    given = parser.parse_args()
    table = Table(
        "test images",
        "rule",
        "2 points worse: released",
        "equal: released",
        "equal: refused as worse",
        "equal: not enough evidence",
    )
    for images in IMAGES:
        for rule in RULES:
            worse = _shares(rule, images, -0.02, given.discordance, given.runs)
            equal = _shares(rule, images, 0.0, given.discordance, given.runs)
            shown = (worse[RELEASED], equal[RELEASED], equal[REFUSED], equal[UNCLEAR])
            table.add_row(f"{images:,}", rule.name, *(f"{share:.4f}" for share in shown))
        table.add_section()
    Console().print(table)


def _shares(
    rule: Rule, images: int, change: float, discordance: float, runs: int
) -> Mapping[str, float]:
    """The shares of pairs of models by what becomes of the new one.

    Args:
        rule: Which decides.
        images: In the test set.
        change: The true change of the accuracy.
        discordance: Share of the images that tell the models apart.
        runs: Pairs of models.
    """
    gain, loss = (discordance + change) / 2, (discordance - change) / 2
    random = np.random.default_rng(SEED)
    drawn = random.multinomial(images, [gain, loss, 1 - gain - loss], size=runs)
    counts, times = np.unique(drawn[:, :2], axis=0, return_counts=True)
    rules = ReleaseRules(max_accuracy_loss=rule.max_accuracy_loss)
    shares = dict.fromkeys((RELEASED, REFUSED, UNCLEAR), 0.0)
    for (gained, lost), count in zip(counts, times, strict=True):
        check = check_change(int(gained), int(lost), images, 0.9, rules)
        shares[rule.decide(check)] += count / runs
    return shares


if __name__ == "__main__":
    main()
