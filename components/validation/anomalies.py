"""What TFDV found, as findings: each of one kind, in words that name the rule and what was found.

A feature's anomaly may have several reasons, and they may be of several kinds.
"""

from collections import defaultdict
from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.features import CLASS_TEXT, IMAGE_CHANNELS, IMAGE_FORMAT
from components.validation.distributions import Statistics, value_counts, value_range
from components.validation.findings import Finding, list_some, quote
from components.validation.schema import find_domain
from components.validation.validation_rules import (
    GRAYSCALE,
    NEW_CLASS,
    NEW_FORMAT,
    OUT_OF_RANGE,
    SCHEMA,
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


def describe_anomalies(
    anomalies: anomalies_pb2.Anomalies,
    schema: schema_pb2.Schema,
    statistics: Statistics,
    split: str,
) -> list[Finding]:
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
            findings.append(Finding(kind, split, name, text))
    if anomalies.HasField("dataset_anomaly_info"):
        description = anomalies.dataset_anomaly_info.description.rstrip(" .")
        findings.append(Finding(SCHEMA, split, "", description))
    return findings


def describe_comparisons(
    anomalies: anomalies_pb2.Anomalies, kind: str, split: str
) -> Iterator[Finding]:
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
                yield Finding(kind, split, name, reason.description.rstrip(" ."))


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
