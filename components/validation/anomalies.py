"""What ExampleValidator found, in words that name the feature, the rule and the finding."""

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

MOST_VALUES = 10
LONGEST_FINDING = 300
"""Characters: TFDV lists every single value that is not in the schema."""


def describe_anomalies(
    anomalies: anomalies_pb2.Anomalies, schema: schema_pb2.Schema, split: str
) -> list[str]:
    """Describes each anomaly of a split in one line.

    Args:
        anomalies: What ExampleValidator wrote for the split.
        schema: What it held the split to.
        split: Name of the split.

    Returns:
        One line an anomaly, sorted by feature; empty where all is well.
    """
    lines = []
    for key, anomaly in sorted(anomalies.anomaly_info.items()):
        name = anomaly.path.step[0] if anomaly.path.step else key
        found = "; ".join(reason.description.rstrip(" .") for reason in anomaly.reason)
        shown = found if len(found) <= LONGEST_FINDING else f"{found[:LONGEST_FINDING]} ..."
        lines.append(f"{name} in {split}: expected {_expectation(schema, name)}; found: {shown}")
    if anomalies.HasField("dataset_anomaly_info"):
        lines.append(f"{split}: {anomalies.dataset_anomaly_info.description}")
    return lines


def _expectation(schema: schema_pb2.Schema, name: str) -> str:
    features = {feature.name: feature for feature in schema.feature}
    if name not in features:
        return "no such feature"
    feature = features[name]
    if feature.HasField("int_domain"):
        return _range(feature.int_domain)
    if feature.HasField("domain") or feature.HasField("string_domain"):
        return f"one of {_values(tfdv.get_domain(schema, name).value)}"
    return f"one {schema_pb2.FeatureType.Name(feature.type).lower()} value in every record"


def _range(domain: schema_pb2.IntDomain) -> str:
    if not domain.HasField("max"):
        return f"at least {domain.min}"
    if domain.min == domain.max:
        return str(domain.min)
    return f"{domain.min} to {domain.max}"


def _values(values: list[str]) -> str:
    more = f" and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
    return ", ".join(map(repr, values[:MOST_VALUES])) + more
