"""Two sets of images -> in what they differ by more than chance.

Two sets of one origin differ too, the more the smaller they are. What is allowed grows with that:
for sets of n and m images, with s = sqrt(1/n + 1/m) and a false alarm with probability a,

- a number, such as brightness: the largest difference between the proportions of the images up to
  any value (the Kolmogorov-Smirnov distance) may be s sqrt(ln(2/a) / 2), the critical value of
  Smirnov's test (N. Smirnov, Table for estimating the goodness of fit of empirical distributions,
  1948). It holds for any distribution; with many equal values it errs on the safe side.
- one proportion of k classes, p of the images of both sets, may change by r + sqrt(r^2 + 2 l v)
  with l = ln(2k/a), v = p (1 - p) s^2 and r = l / (3 min(n, m)), which is Bernstein's inequality,
  once for each class (S. Boucheron, G. Lugosi and P. Massart, Concentration inequalities, 2013,
  2.8).
- all classes together, as the part of the images that would have to be of another class (the total
  variation), may change by s sqrt(k - 1) / 2, the bound of its mean, and s sqrt(ln(1/a) / 2), that
  of its excess (C. McDiarmid, On the method of bounded differences, 1989). One class is found by
  the former, many that change a little by the latter.

TFDV's own measure of numbers, the Jensen-Shannon divergence of two histograms, has no such value:
ten buckets between the least and the greatest number change with a single large image, however
many there are. Where the schema file has a comparator of TFDV's for a feature, it is used instead.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from components import features
from components.validation.statistics import (
    QUANTILES,
    Statistics,
    mean_value,
    number_of_images,
    quantiles,
    value_counts,
)
from components.validation.validation_result import Anomaly, quote
from components.validation.validation_rules import ValidationRules

CATEGORIES = (*features.TEXT_FEATURES, features.IMAGE_CHANNELS)
NUMBERS = tuple(
    key
    for key in (*features.INTEGER_FEATURES, *features.FLOAT_FEATURES)
    if key != features.IMAGE_CHANNELS
)
# Drift of three splits and skew of two; each category is looked at in two ways.
COMPARISONS = (len(NUMBERS) + 2 * len(CATEGORIES)) * (len(features.SPLITS) + 2)
MOST_CHANGES = 3
"""Classes that a finding about proportions names, of those that changed most."""


@dataclasses.dataclass(frozen=True)
class SetComparison:
    """Which two sets are compared, and how a finding speaks of them.

    Attributes:
        kind: `rules.DRIFT` or `rules.SKEW`.
        split: The split that is looked at.
        other: Words for what it is compared with, such as "in train".
    """

    kind: str
    split: str
    other: str


def find_shifts(
    found: Statistics,
    earlier: Statistics,
    comparison: SetComparison,
    rules: ValidationRules,
    left_out: frozenset[str] = frozenset(),
) -> list[Anomaly]:
    """Compares every feature of two sets.

    Args:
        found: Statistics of the images that are looked at.
        earlier: Of those that they are compared with.
        comparison: Which they are.
        rules: `smallest_class_shift`, `smallest_feature_shift` and `false_alarm_rate`.
        left_out: Features that are not compared here.

    Returns:
        A finding for each feature that differs by more than chance and by more than is too small
        to be reported; none for a feature that one of the sets lacks, or for an empty set.
    """
    if not number_of_images(found) or not number_of_images(earlier):
        return []
    findings = []
    for key in (*CATEGORIES, *NUMBERS):
        compare = _compare_proportions if key in CATEGORIES else _compare_numbers
        text = "" if key in left_out else compare(found, earlier, key, comparison.other, rules)
        if text:
            findings.append(Anomaly(comparison.kind, comparison.split, key, text))
    return findings


def allowed_for_numbers(images: int, others: int, rules: ValidationRules) -> float:
    """The Kolmogorov-Smirnov distance up to which nothing is reported.

    Args:
        images: Number of images of one set, 1 or more.
        others: Of the other set.
        rules: `smallest_feature_shift` and `false_alarm_rate`.

    Returns:
        A proportion, which may exceed 1: then the sets are too small to say anything.
    """
    chance = _noise(images, others) * math.sqrt(math.log(2 / _probability(rules)) / 2)
    # Each set's proportions are known to one bucket.
    return max(rules.smallest_feature_shift, chance + 2 / QUANTILES)


def allowed_for_one_proportion(
    images: int, others: int, proportion: float, classes: int, rules: ValidationRules
) -> float:
    """The change of one class's proportion up to which nothing is reported.

    Args:
        images: Number of images of one set, 1 or more.
        others: Of the other set.
        proportion: Part of the images of both sets that is of the class.
        classes: How many classes are looked at.
        rules: `smallest_class_shift` and `false_alarm_rate`.
    """
    likely = math.log(2 * classes / _probability(rules))
    variance = proportion * (1 - proportion) * _noise(images, others) ** 2
    rare = likely / (3 * min(images, others))
    return max(rules.smallest_class_shift, rare + math.sqrt(rare**2 + 2 * likely * variance))


def allowed_for_all_proportions(
    images: int, others: int, classes: int, rules: ValidationRules
) -> float:
    """The total variation of all classes' proportions up to which nothing is reported."""
    excess = math.sqrt(math.log(1 / _probability(rules)) / 2)
    chance = _noise(images, others) * (math.sqrt(classes - 1) / 2 + excess)
    return max(rules.smallest_class_shift, chance)


def _probability(rules: ValidationRules) -> float:
    """Of a false alarm in one comparison, so that all together keep the rate (Bonferroni)."""
    return rules.false_alarm_rate / COMPARISONS


def _noise(images: int, others: int) -> float:
    return math.sqrt(1 / images + 1 / others)


def _compare_numbers(
    found: Statistics, earlier: Statistics, key: str, other: str, rules: ValidationRules
) -> str:
    """What differs, in words; empty if nothing does."""
    new, old = quantiles(found, key), quantiles(earlier, key)
    if new is None or old is None:
        return ""
    values = np.unique(np.concatenate([new.low, new.high, old.low, old.high]))
    new_proportions, old_proportions = new.proportion_up_to(values), old.proportion_up_to(values)
    most = int(np.argmax(np.abs(new_proportions - old_proportions)))
    difference = abs(float(new_proportions[most] - old_proportions[most]))
    allowed = allowed_for_numbers(number_of_images(found), number_of_images(earlier), rules)
    if difference <= allowed:
        return ""
    return (
        f"{new_proportions[most]:.1%} of the images have at most {values[most]:.4g}, {other} it is "
        f"{old_proportions[most]:.1%}; the mean is {mean_value(found, key):.4g}, {other} "
        f"{mean_value(earlier, key):.4g} (a difference of up to {allowed:.1%} is allowed)"
    )


def _compare_proportions(
    found: Statistics, earlier: Statistics, key: str, other: str, rules: ValidationRules
) -> str:
    """What differs, in words; empty if nothing does."""
    new, old = value_counts(found, key), value_counts(earlier, key)
    images, others = sum(new.values()), sum(old.values())
    if not images or not others:
        return ""
    names = sorted({*new, *old})
    changes = [
        _Change(
            name,
            new.get(name, 0) / images,
            old.get(name, 0) / others,
            allowed_for_one_proportion(
                images,
                others,
                (new.get(name, 0) + old.get(name, 0)) / (images + others),
                len(names),
                rules,
            ),
        )
        for name in names
    ]
    return _describe_changes(
        changes, allowed_for_all_proportions(images, others, len(names), rules), other
    )


@dataclasses.dataclass(frozen=True)
class _Change:
    """Of the proportion of one class: what it is, what it was, and how much it may change."""

    name: str
    now: float
    before: float
    allowed: float

    @property
    def size(self) -> float:
        return abs(self.now - self.before)


def _describe_changes(changes: Sequence[_Change], allowed: float, other: str) -> str:
    total = sum(change.size for change in changes) / 2
    too_large = [change for change in changes if change.size > change.allowed]
    if not too_large and total <= allowed:
        return ""
    # Where none changed too much by itself, those that changed most tell what happened.
    told = sorted(too_large or changes, key=lambda change: -change.size)
    proportions = ", ".join(
        f"{quote(change.name)} are {change.now:.1%} of the images, {other} {change.before:.1%} "
        f"(a change of up to {change.allowed:.1%} is allowed)"
        for change in told[:MOST_CHANGES]
    )
    return (
        f"{proportions}; in all, {total:.1%} of the images would have to be of another value to be "
        f"as {other} (up to {allowed:.1%} is allowed)"
    )
