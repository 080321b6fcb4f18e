"""Do the splits show the same mixture of classes, and enough of each?"""

import math
from collections.abc import Iterator, Mapping

from components.audit import CLASS_BALANCE, Finding

FEWEST_IMAGES = 20
"""A class with fewer is reported: a tenth of it are two images, on which nothing can be tested."""

EXPECTED_AT_LEAST = 5
"""Images of a class expected in each split for the chi-square test to hold (Cochran, "Some methods
for strengthening the common chi-square tests", Biometrics 1954); rarer classes are pooled."""

SURPRISE = 3.09
"""Standard deviations: one set in a thousand that was split at random is further off."""

DIFFERENCE = 0.1
"""Proportion of a split that would have to change its class, the total variation distance. Large
sets make the smallest difference certain; below this it does not matter."""

MOST_CLASSES_IN_A_DETAIL = 3

Counts = Mapping[str, int]


def check_balance(images: Mapping[str, Counts]) -> Iterator[Finding]:
    """Finds splits whose classes are mixed differently, and classes with few images.

    Args:
        images: Number of images by split and class; the first split is what the others are
            compared with.

    Yields:
        One finding for each split that differs, and one for each class with few images or none in
        some split.
    """
    splits = [split for split, counts in images.items() if sum(counts.values())]
    for split in splits[1:]:
        finding = _compare(splits[0], images[splits[0]], split, images[split])
        if finding:
            yield finding
    for name in sorted({name for counts in images.values() for name in counts}):
        sizes = {split: images[split].get(name, 0) for split in splits}
        if sum(sizes.values()) < FEWEST_IMAGES or not all(sizes.values()):
            yield _few(name, sizes)


def _few(class_text: str, sizes: Counts) -> Finding:
    missing = tuple(split for split, size in sizes.items() if not size)
    total = sum(sizes.values())
    counts = ", ".join(f"{size:,} in {split}" for split, size in sizes.items())
    return Finding(
        kind=CLASS_BALANCE,
        filenames=(),
        class_texts=(class_text,),
        splits=missing,
        detail=f"{total:,} {'image' if total == 1 else 'images'}{f': {counts}' if counts else ''}",
        score=len(missing) + 1 / (1 + total),
    )


def _compare(reference: str, expected: Counts, split: str, counts: Counts) -> Finding | None:
    distance = _total_variation(expected, counts)
    if distance <= DIFFERENCE or surprise(expected, counts) <= SURPRISE:
        return None
    shares, others = _shares(expected), _shares(counts)
    worst = sorted(
        shares.keys() | others.keys(),
        key=lambda name: (-abs(others.get(name, 0) - shares.get(name, 0)), name),
    )[:MOST_CLASSES_IN_A_DETAIL]
    compared = ", ".join(
        f"{name} {others.get(name, 0):.1%} against {shares.get(name, 0):.1%}" for name in worst
    )
    return Finding(
        kind=CLASS_BALANCE,
        filenames=(),
        class_texts=tuple(worst),
        splits=(split, reference),
        detail=f"the classes of {split} differ from those of {reference}: {compared}",
        # Above any class with few images, of which each split adds one.
        score=100 + distance,
    )


def surprise(first: Counts, second: Counts) -> float:
    """How unlikely it is that two splits were drawn from one mixture of classes.

    The chi-square test of homogeneity; its p-value by the cube root approximation of Wilson and
    Hilferty ("The distribution of chi-square", PNAS 1931), which needs no library.

    Args:
        first: Images by class; at least one.
        second: Images by class; at least one.

    Returns:
        Standard deviations of a normal distribution: 0 is what chance gives on average; minus
        infinity where there is too little to tell.
    """
    cells = _pool(first, second)
    freedom = len(cells) - 1
    if freedom < 1:
        return -math.inf
    totals = [sum(column) for column in zip(*cells, strict=True)]
    if not all(totals):
        return -math.inf
    everything = sum(totals)
    statistic = 0.0
    for cell in cells:
        for observed, total in zip(cell, totals, strict=True):
            expected = sum(cell) * total / everything
            statistic += (observed - expected) ** 2 / expected
    spread = 2 / (9 * freedom)
    return (math.cbrt(statistic / freedom) - (1 - spread)) / math.sqrt(spread)


def _pool(first: Counts, second: Counts) -> list[tuple[int, int]]:
    """(first, second) for each class of which enough are expected in both, and for the others."""
    totals = sum(first.values()), sum(second.values())
    least = min(totals) / sum(totals)
    cells, rare = [], (0, 0)
    for name in first.keys() | second.keys():
        cell = first.get(name, 0), second.get(name, 0)
        if sum(cell) * least >= EXPECTED_AT_LEAST:
            cells.append(cell)
        else:
            rare = rare[0] + cell[0], rare[1] + cell[1]
    if sum(rare) * least >= EXPECTED_AT_LEAST:
        cells.append(rare)
    return sorted(cells)


def _total_variation(first: Counts, second: Counts) -> float:
    shares, others = _shares(first), _shares(second)
    # Sorted, since the order of a set, and with it the last digit of the sum, changes each run.
    names = sorted(shares.keys() | others.keys())
    return sum(abs(shares.get(name, 0) - others.get(name, 0)) for name in names) / 2


def _shares(counts: Counts) -> dict[str, float]:
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()}
