"""Statistics, anomalies, schema and baseline -> all that was found, and what comes of it."""

import dataclasses
import os
from collections.abc import Mapping, Sequence

import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2
from tfx import types
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import io_utils

from components import features
from components.validation.anomalies import (
    check_classes,
    check_grayscale,
    describe_anomalies,
    describe_comparisons,
)
from components.validation.drift import SetComparison, find_shifts
from components.validation.schema import find_domain
from components.validation.statistics import Statistics, add_up, number_of_images
from components.validation.validation_result import Anomaly, ValidationResult, judge
from components.validation.validation_rules import DRIFT, GRAYSCALE, SKEW, ValidationRules

ANOMALIES_FILE = "SchemaDiff.pb"
STATISTICS_FILE = "FeatureStats.pb"

INPUTS: Mapping[str, type[types.Artifact]] = {
    "statistics": standard_artifacts.ExampleStatistics,
    "anomalies": standard_artifacts.ExampleAnomalies,
    "schema": standard_artifacts.Schema,
    "baseline_statistics": standard_artifacts.ExampleStatistics,
}
"""Of a step that validates."""
OPTIONAL_INPUTS = frozenset({"baseline_statistics"})


def validate(
    inputs: Mapping[str, list[types.Artifact]], rules: ValidationRules
) -> ValidationResult:
    """Looks at what the steps before found; the same for whoever decides and whoever shows.

    Args:
        inputs: `INPUTS`, as an executor receives them: statistics and anomalies are of one span or
            several.
        rules: What is looked for, and what happens on what is found.
    """
    schema_folder = artifact_utils.get_single_uri(inputs["schema"])
    schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema_folder))
    baseline = inputs.get("baseline_statistics") or []
    anomalies = find_anomalies(
        _read_spans(inputs["statistics"], inputs["anomalies"]),
        schema,
        _read_statistics(baseline[0]) if baseline else {},
        rules,
    )
    return judge(anomalies, rules, has_baseline=bool(baseline))


@dataclasses.dataclass(frozen=True)
class SpanData:
    """What is known of the images of one span, or of a data folder without spans.

    Attributes:
        name: "span-3"; empty where there are no others.
        statistics: By split.
        anomalies: What ExampleValidator said of them, by split.
    """

    name: str
    statistics: Mapping[str, Statistics]
    anomalies: Mapping[str, anomalies_pb2.Anomalies]


def find_anomalies(
    spans: Sequence[SpanData],
    schema: schema_pb2.Schema,
    baseline: Mapping[str, Statistics],
    rules: ValidationRules,
) -> list[Anomaly]:
    """All anomalies about a set of images, whatever their level.

    Args:
        spans: At least one, the newest last. The anomalies of each are named; classes are counted
            in all together; the newest alone is compared with what was there before.
        schema: What ExampleValidator held them to.
        baseline: Statistics of the images of the last pushed model; empty where there are none.
        rules: What is looked for.
    """
    anomalies = [
        _name_span(anomaly, span.name)
        for span in spans
        for anomaly in _of_span(span, schema, rules)
    ]
    counts = add_up([span.statistics for span in spans], features.CLASS_TEXT)
    anomalies += check_classes(counts, find_domain(schema, features.CLASS_TEXT).value, rules)
    newest = _with_images(spans[-1].statistics)
    before = _with_images(baseline)
    for split, found in newest.items():
        shifts = []
        if split in before:
            shifts += _find_drift(found, before[split], split, schema, rules)
        if split != features.TRAIN_SPLIT and features.TRAIN_SPLIT in newest:
            shifts += _find_skew(found, newest[features.TRAIN_SPLIT], split, schema, rules)
        anomalies += [_name_span(anomaly, spans[-1].name) for anomaly in shifts]
    return anomalies


def _of_span(span: SpanData, schema: schema_pb2.Schema, rules: ValidationRules) -> list[Anomaly]:
    # A span may have no images for a split: then every feature is missing.
    statistics = _with_images(span.statistics)
    gray = check_grayscale(statistics, schema, rules)
    counted = {anomaly.split for anomaly in gray}
    anomalies = [
        anomaly
        for split, found in span.anomalies.items()
        if split in statistics
        for anomaly in describe_anomalies(found, schema, statistics[split], split)
        # Said with a count already.
        if anomaly.kind != GRAYSCALE or split not in counted
    ]
    return anomalies + gray


def _with_images(statistics: Mapping[str, Statistics]) -> dict[str, Statistics]:
    return {split: found for split, found in statistics.items() if number_of_images(found)}


def _name_span(anomaly: Anomaly, name: str) -> Anomaly:
    where = " of ".join(part for part in (anomaly.split, name) if part)
    return dataclasses.replace(anomaly, split=where)


def _find_drift(
    found: Statistics,
    earlier: Statistics,
    split: str,
    schema: schema_pb2.Schema,
    rules: ValidationRules,
) -> list[Anomaly]:
    own = frozenset(f.name for f in schema.feature if f.HasField("drift_comparator"))
    compared = tfdv.validate_statistics(found, schema, previous_statistics=earlier) if own else None
    comparison = SetComparison(DRIFT, split, "in the last pushed run")
    return [
        *(describe_comparisons(compared, DRIFT, split) if compared else ()),
        *find_shifts(found, earlier, comparison, rules, own),
    ]


def _find_skew(
    found: Statistics,
    train: Statistics,
    split: str,
    schema: schema_pb2.Schema,
    rules: ValidationRules,
) -> list[Anomaly]:
    own = frozenset(f.name for f in schema.feature if f.HasField("skew_comparator"))
    compared = tfdv.validate_statistics(train, schema, serving_statistics=found) if own else None
    return [
        *(describe_comparisons(compared, SKEW, split) if compared else ()),
        *find_shifts(found, train, SetComparison(SKEW, split, "in train"), rules, own),
    ]


def _read_spans(
    statistics: Sequence[types.Artifact], anomalies: Sequence[types.Artifact]
) -> list[SpanData]:
    anomalies_of_span = {artifact.span: artifact for artifact in anomalies}
    return [
        SpanData(
            name=f"span-{artifact.span}" if len(statistics) > 1 else "",
            statistics=_read_statistics(artifact),
            anomalies=_read_anomalies(anomalies_of_span[artifact.span]),
        )
        for artifact in sorted(statistics, key=lambda artifact: int(artifact.span))
    ]


def _read_anomalies(artifact: types.Artifact) -> dict[str, anomalies_pb2.Anomalies]:
    return {
        split: anomalies_pb2.Anomalies.FromString(_read(artifact, split, ANOMALIES_FILE))
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }


def _read_statistics(artifact: types.Artifact) -> dict[str, Statistics]:
    return {
        split: Statistics.FromString(_read(artifact, split, STATISTICS_FILE))
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }


def _read(artifact: types.Artifact, split: str, name: str) -> bytes:
    folder = artifact_utils.get_split_uri([artifact], split)
    with tf.io.gfile.GFile(os.path.join(folder, name), "rb") as file:
        return bytes(file.read())
