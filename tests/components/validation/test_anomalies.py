import pytest
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.validation.anomalies import describe_anomalies
from components.validation.schema import infer_schema
from tests.components.validation.small_data import (
    make_record,
    make_records,
    make_statistics,
    without,
)

GOOD = make_records("cat", "dog", "cat", "dog")


@pytest.fixture(scope="module")
def schema():
    return infer_schema(make_statistics(GOOD))


def _describe(records, schema):
    anomalies = tfdv.validate_statistics(make_statistics(records), schema)
    return describe_anomalies(anomalies, schema, "eval")


def test_nothing_where_all_is_well(schema):
    assert _describe(GOOD[:2], schema) == []


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            make_record("bird"),
            "image/class/text in eval: expected one of 'cat', 'dog'; found: Examples contain "
            "values missing from the schema: bird (~20%)",
        ),
        (
            make_record("cat", mode="L"),
            "image/channels in eval: expected 3; found: Unexpectedly small value: 1",
        ),
        (
            make_record("cat", mode="RGBA"),
            "image/channels in eval: expected 3; found: Unexpectedly large value: 4",
        ),
        (
            make_record("cat", format="JPEG"),
            "image/format in eval: expected one of 'png'; found: Examples contain values missing "
            "from the schema: jpeg (~20%)",
        ),
        (
            without(make_record("cat"), "image/encoded"),
            "image/encoded in eval: expected one bytes value in every record; found: The feature "
            "has a shape, but it's not always present (if the feature is nested, then it should "
            "always be present at each nested level) or its value lengths vary; The feature was "
            "present in fewer examples than expected: minimum fraction = 1.000000, "
            "actual = 0.800000",
        ),
    ],
    ids=["new class", "gray", "alpha", "format", "missing in one"],
)
def test_one_record_that_is_not_like_the_others(record, line, schema):
    assert _describe([*GOOD, record], schema) == [line]


def test_a_feature_that_no_record_has(schema):
    records = [without(record, "image/height") for record in GOOD]
    assert _describe(records, schema) == [
        "image/height in eval: expected at least 1; found: Column is completely missing"
    ]


def test_several_features_are_sorted_by_name(schema):
    lines = _describe([*GOOD, make_record("bird", mode="L", format="JPEG")], schema)
    assert [line.partition(" ")[0] for line in lines] == [
        "image/channels",
        "image/class/text",
        "image/format",
    ]


def test_long_lists_are_cut():
    schema = infer_schema(make_statistics(make_records(*(f"a{number:02}" for number in range(12)))))
    records = make_records(*(f"b{number:02}" for number in range(50)))
    findings = ", ".join(f"b{number:02} (~2%)" for number in range(50))
    found = f"Examples contain values missing from the schema: {findings}"
    assert _describe(records, schema) == [
        "image/class/text in eval: expected one of 'a00', 'a01', 'a02', 'a03', 'a04', 'a05', "
        f"'a06', 'a07', 'a08', 'a09' and 2 more; found: {found[:300]} ..."
    ]


def _anomaly(key, description):
    anomalies = anomalies_pb2.Anomalies()
    info = anomalies.anomaly_info[key]
    info.path.step.append(key)
    info.reason.add(description=description)
    return anomalies


def test_a_range_is_told_as_one():
    schema = schema_pb2.Schema()
    schema.feature.add(name="image/channels").int_domain.CopyFrom(
        schema_pb2.IntDomain(min=1, max=3)
    )
    anomalies = _anomaly("image/channels", "Unexpectedly large value: 4.")
    assert describe_anomalies(anomalies, schema, "test") == [
        "image/channels in test: expected 1 to 3; found: Unexpectedly large value: 4"
    ]


def test_a_feature_that_the_schema_does_not_know():
    anomalies = _anomaly("image/depth", "New column")
    assert describe_anomalies(anomalies, schema_pb2.Schema(), "test") == [
        "image/depth in test: expected no such feature; found: New column"
    ]


def test_several_reasons_of_a_feature_are_in_one_line():
    anomalies = _anomaly("image/depth", "First. ")
    anomalies.anomaly_info["image/depth"].reason.add(description="Second.")
    assert describe_anomalies(anomalies, schema_pb2.Schema(), "test") == [
        "image/depth in test: expected no such feature; found: First; Second"
    ]


def test_an_anomaly_of_the_whole_split():
    anomalies = anomalies_pb2.Anomalies()
    anomalies.dataset_anomaly_info.description = "Low num examples in dataset."
    assert describe_anomalies(anomalies, schema_pb2.Schema(), "test") == [
        "test: Low num examples in dataset."
    ]
