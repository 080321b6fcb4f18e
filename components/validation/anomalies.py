"""What TFDV found, and what its schema cannot express, each of one kind.

In words that name the rule and what was found. A feature's anomaly of TFDV's may have several
reasons, and they may be of several kinds; that something is missing, and how many there are, is
counted here.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.features import (
    CLASS_TEXT,
    EVAL_SPLIT,
    IMAGE_CHANNELS,
    IMAGE_FORMAT,
    SPLITS,
    TEST_SPLIT,
    TRAIN_SPLIT,
)
from components.validation.schema import find_domain
from components.validation.statistics import Statistics, value_counts, value_range
from components.validation.validation_result import Anomaly, list_some, quote
from components.validation.validation_rules import (
    GRAYSCALE,
    NEW_CLASS,
    NEW_FORMAT,
    OUT_OF_RANGE,
    SCHEMA,
    SMALL_CLASS,
    VANISHED_CLASS,
    ValidationRules,
)

LONGEST_FOUND = 300
"""Characters: TFDV lists every single value that is not in the schema."""
FEWEST_CHANNELS_OF_COLOR = 3

_Reason = anomalies_pb2.AnomalyInfo
_RANGE = (
    _Reason.INT_TYPE_SMALL_INT,
    _Reason.INT_TYPE_BIG_INT,
    _Reason.FLOAT_TYPE_SMALL_FLOAT,
    _Reason.FLOAT_TYPE_BIG_FLOAT,
)
_COMPARATORS = (
    _Reason.COMPARATOR_L_INFTY_HIGH,
    _Reason.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH,
    _Reason.COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH,
)
Counts = Mapping[str, Mapping[str, int]]
"""Images of each class, by split and class."""


def describe_anomalies(
    anomalies: anomalies_pb2.Anomalies,
    schema: schema_pb2.Schema,
    statistics: Statistics,
    split: str,
) -> list[Anomaly]:
    """Makes findings of the anomalies of a split.

    Args:
        anomalies: What ExampleValidator wrote for the split.
        schema: What it held the split to.
        statistics: What it looked at.
        split: Name of the split.

    Returns:
        At least one finding an anomaly, sorted by feature; empty where all is well.
    """
    findings = []
    for key, anomaly in sorted(anomalies.anomaly_info.items()):
        name = anomaly.path.step[0] if anomaly.path.step else key
        found = defaultdict(list)
        for reason in anomaly.reason:
            kind = _kind(name, reason.type, schema)
            found[kind].append(_found(kind, name, reason, schema, statistics))
        for kind, texts in sorted(found.items()):
            # Too small and too large are two reasons with one text.
            listed = "; ".join(dict.fromkeys(texts))
            text = f"expected {_expectation(schema, name)}; found: {listed}"
            findings.append(Anomaly(kind, split, name, text))
    if anomalies.HasField("dataset_anomaly_info"):
        description = anomalies.dataset_anomaly_info.description.rstrip(" .")
        findings.append(Anomaly(SCHEMA, split, "", description))
    return findings


def describe_comparisons(
    anomalies: anomalies_pb2.Anomalies, kind: str, split: str
) -> Iterator[Anomaly]:
    """Makes findings of what the comparators in a schema file found, and of nothing else.

    Args:
        anomalies: What TFDV said of the split and another one.
        kind: `rules.DRIFT` or `rules.SKEW`.
        split: Name of the split.
    """
    for key, anomaly in sorted(anomalies.anomaly_info.items()):
        name = anomaly.path.step[0] if anomaly.path.step else key
        for reason in anomaly.reason:
            if reason.type in _COMPARATORS:
                yield Anomaly(kind, split, name, reason.description.rstrip(" ."))


def _kind(name: str, reason: int, schema: schema_pb2.Schema) -> str:
    if reason == _Reason.ENUM_TYPE_UNEXPECTED_STRING_VALUES and name == CLASS_TEXT:
        return NEW_CLASS
    if reason == _Reason.ENUM_TYPE_UNEXPECTED_STRING_VALUES and name == IMAGE_FORMAT:
        return NEW_FORMAT
    if reason == _Reason.INT_TYPE_SMALL_INT and name == IMAGE_CHANNELS and is_color(schema):
        return GRAYSCALE
    return OUT_OF_RANGE if reason in _RANGE else SCHEMA


def is_color(schema: schema_pb2.Schema) -> bool:
    """Whether a schema admits color images only."""
    domains = (feature.int_domain for feature in schema.feature if feature.name == IMAGE_CHANNELS)
    return any(domain.min >= FEWEST_CHANNELS_OF_COLOR for domain in domains)


def _found(
    kind: str,
    name: str,
    reason: anomalies_pb2.AnomalyInfo.Reason,
    schema: schema_pb2.Schema,
    statistics: Statistics,
) -> str:
    if kind in (NEW_CLASS, NEW_FORMAT):
        expected = set(find_domain(schema, name).value)
        counts = value_counts(statistics, name)
        new = sorted(value for value in counts if value not in expected)
        if new:
            return list_some(f"{quote(value)} ({_images(counts[value])})" for value in new)
    if name == IMAGE_CHANNELS and kind in (GRAYSCALE, OUT_OF_RANGE):
        return _other_channels(reason.type, schema, statistics)
    seen = value_range(statistics, name) if kind == OUT_OF_RANGE else None
    if seen is not None:
        return f"{seen[0]:g} to {seen[1]:g}"
    # TFDV repeats values as they are, line breaks and all.
    text = " ".join(reason.description.split()).rstrip(" .")
    return text if len(text) <= LONGEST_FOUND else f"{text[:LONGEST_FOUND]} ..."


def _other_channels(reason: int, schema: schema_pb2.Schema, statistics: Statistics) -> str:
    """The numbers of channels that are too small, or too large, with their images."""
    domain = next(f.int_domain for f in schema.feature if f.name == IMAGE_CHANNELS)
    counts = {int(name): count for name, count in value_counts(statistics, IMAGE_CHANNELS).items()}
    is_small = reason == _Reason.INT_TYPE_SMALL_INT
    return list_some(
        f"{channels} ({_images(count)})"
        for channels, count in sorted(counts.items())
        if (channels < domain.min if is_small else channels > domain.max)
    )


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _expectation(schema: schema_pb2.Schema, name: str) -> str:
    features = {feature.name: feature for feature in schema.feature}
    if name not in features:
        return "no such feature"
    feature = features[name]
    if feature.HasField("int_domain"):
        return _range(feature.int_domain)
    if feature.HasField("float_domain"):
        return _range(feature.float_domain)
    if feature.HasField("domain") or feature.HasField("string_domain"):
        return f"one of {list_some(map(quote, find_domain(schema, name).value))}"
    return f"one {schema_pb2.FeatureType.Name(feature.type).lower()} value in every record"


def _range(domain: schema_pb2.IntDomain | schema_pb2.FloatDomain) -> str:
    if not domain.HasField("max"):
        return f"at least {domain.min:g}" if domain.HasField("min") else "any number"
    if not domain.HasField("min"):
        return f"at most {domain.max:g}"
    if domain.min == domain.max:
        return f"{domain.min:g}"
    return f"{domain.min:g} to {domain.max:g}"


def check_classes(
    statistics: Mapping[str, Statistics], classes: Sequence[str], rules: ValidationRules
) -> list[Anomaly]:
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


def _vanished(totals: Mapping[str, int], trained: Sequence[str]) -> Iterator[Anomaly]:
    gone = [name for name, count in totals.items() if not count]
    if gone:
        text = f"expected images of every class of the schema; found none of {_names(gone)}"
        yield Anomaly(VANISHED_CLASS, "", CLASS_TEXT, text)
    known = set(trained)
    untrained = [name for name, count in totals.items() if count and name not in known]
    if untrained:
        text = f"expected images of every class to train on; found none of {_names(untrained)}"
        yield Anomaly(VANISHED_CLASS, TRAIN_SPLIT, CLASS_TEXT, text)


def _small(totals: Mapping[str, int], minimum: int) -> Iterator[Anomaly]:
    # The smallest first: they are listed where there are many.
    small = sorted((count, name) for name, count in totals.items() if 0 < count < minimum)
    if small:
        listed = list_some(f"{quote(name)} ({count:,})" for count, name in small)
        text = f"expected at least {minimum:,} images of every class; found fewer of {listed}"
        yield Anomaly(SMALL_CLASS, "", CLASS_TEXT, text)


def _not_measured(counts: Counts, trained: Sequence[str]) -> Iterator[Anomaly]:
    for split in (EVAL_SPLIT, TEST_SPLIT):
        if split not in counts:
            continue
        missing = [name for name in trained if not counts[split].get(name)]
        if missing:
            text = (
                "expected images of every class that is trained on; found none of "
                f"{_names(missing)}, so that nothing is measured of them"
            )
            yield Anomaly(SMALL_CLASS, split, CLASS_TEXT, text)


def check_grayscale(
    statistics: Mapping[str, Statistics], schema: schema_pb2.Schema, rules: ValidationRules
) -> list[Anomaly]:
    """Counts gray images in a set of color images.

    It is one where the schema admits nothing else, or where more than half of the images to train
    on have color: a schema proposed from images some of which were gray admits both.

    Args:
        statistics: By split.
        schema: What the images are held to.
        rules: `max_gray_share`.

    Returns:
        A finding for each split with a larger proportion of gray images.
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
            findings.append(Anomaly(GRAYSCALE, split, IMAGE_CHANNELS, text))
    return findings


def _gray_and_all(statistics: Statistics) -> tuple[int, int]:
    counts = value_counts(statistics, IMAGE_CHANNELS)
    gray = sum(count for name, count in counts.items() if int(name) < FEWEST_CHANNELS_OF_COLOR)
    return gray, sum(counts.values())


def _names(names: Sequence[str]) -> str:
    return list_some(map(quote, names))
