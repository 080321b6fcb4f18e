"""What a schema of TFDV cannot express: that something is missing, and how many there are."""

from collections.abc import Iterator, Mapping, Sequence

from tensorflow_metadata.proto.v0 import schema_pb2

from components.features import (
    CLASS_TEXT,
    EVAL_SPLIT,
    IMAGE_CHANNELS,
    SPLITS,
    TEST_SPLIT,
    TRAIN_SPLIT,
)
from components.validation.anomalies import FEWEST_CHANNELS_OF_COLOR, is_color
from components.validation.distributions import Statistics, value_counts
from components.validation.findings import Finding, list_some, quote
from components.validation.validation_rules import (
    GRAYSCALE,
    SMALL_CLASS,
    VANISHED_CLASS,
    ValidationRules,
)

Counts = Mapping[str, Mapping[str, int]]
"""Images of each class, by split and class."""


def check_classes(
    statistics: Mapping[str, Statistics], classes: Sequence[str], rules: ValidationRules
) -> list[Finding]:
    """Looks for classes that are missing or too small.

    Args:
        statistics: By split.
        classes: Those of the schema.
        rules: `min_images_per_class`.

    Returns:
        At most one finding for the classes that have vanished from all splits, one for those that
        have from train, one for the small ones and one for each split without images of others.
    """
    counts = {split: value_counts(found, CLASS_TEXT) for split, found in statistics.items()}
    totals = {name: sum(split.get(name, 0) for split in counts.values()) for name in classes}
    trained = [name for name in classes if counts.get(TRAIN_SPLIT, {}).get(name)]
    return [
        *_vanished(totals, trained),
        *_small(totals, rules.min_images_per_class),
        *_not_measured(counts, trained),
    ]


def _vanished(totals: Mapping[str, int], trained: Sequence[str]) -> Iterator[Finding]:
    gone = [name for name, count in totals.items() if not count]
    if gone:
        text = f"expected images of every class of the schema; found none of {_names(gone)}"
        yield Finding(VANISHED_CLASS, "", CLASS_TEXT, text)
    known = set(trained)
    untrained = [name for name, count in totals.items() if count and name not in known]
    if untrained:
        text = f"expected images of every class to train on; found none of {_names(untrained)}"
        yield Finding(VANISHED_CLASS, TRAIN_SPLIT, CLASS_TEXT, text)


def _small(totals: Mapping[str, int], minimum: int) -> Iterator[Finding]:
    # The smallest first: they are listed where there are many.
    small = sorted((count, name) for name, count in totals.items() if 0 < count < minimum)
    if small:
        listed = list_some(f"{quote(name)} ({count:,})" for count, name in small)
        text = f"expected at least {minimum:,} images of every class; found fewer of {listed}"
        yield Finding(SMALL_CLASS, "", CLASS_TEXT, text)


def _not_measured(counts: Counts, trained: Sequence[str]) -> Iterator[Finding]:
    for split in (EVAL_SPLIT, TEST_SPLIT):
        if split not in counts:
            continue
        missing = [name for name in trained if not counts[split].get(name)]
        if missing:
            text = (
                "expected images of every class that is trained on; found none of "
                f"{_names(missing)}, so that nothing is measured of them"
            )
            yield Finding(SMALL_CLASS, split, CLASS_TEXT, text)


def check_grayscale(
    statistics: Mapping[str, Statistics], schema: schema_pb2.Schema, rules: ValidationRules
) -> list[Finding]:
    """Counts gray images in a set of color images.

    It is one where the schema admits nothing else, or where more than half of the images to train
    on have color: a schema proposed from images some of which were gray admits both.

    Args:
        statistics: By split.
        schema: What the images are held to.
        rules: `max_gray_share`.

    Returns:
        A finding for each split with a larger share of gray images.
    """
    counts = {split: _gray_and_all(found) for split, found in statistics.items()}
    gray, images = counts.get(TRAIN_SPLIT, (0, 0))
    if not is_color(schema) and gray * 2 >= images:
        return []
    findings = []
    for split in (split for split in SPLITS if split in counts):
        gray, images = counts[split]
        if gray and gray / images > rules.max_gray_share:
            text = (
                f"expected color images; found {gray:,} of {images:,} images ({gray / images:.1%})"
                f" to be gray ({rules.max_gray_share:.1%} are allowed)"
            )
            findings.append(Finding(GRAYSCALE, split, IMAGE_CHANNELS, text))
    return findings


def _gray_and_all(statistics: Statistics) -> tuple[int, int]:
    counts = value_counts(statistics, IMAGE_CHANNELS)
    gray = sum(count for name, count in counts.items() if int(name) < FEWEST_CHANNELS_OF_COLOR)
    return gray, sum(counts.values())


def _names(names: Sequence[str]) -> str:
    return list_some(map(quote, names))
