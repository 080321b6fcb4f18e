import pytest
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.validation.anomalies import describe_anomalies, describe_comparisons
from components.validation.findings import Finding
from components.validation.proposal import propose_schema
from tests.components.validation.small_data import (
    make_record,
    make_records,
    make_statistics,
    without,
    write_statistics,
)

GOOD = make_records("cat", "dog", "cat", "dog")
NOTHING = write_statistics(0)


@pytest.fixture(scope="module")
def schema():
    return propose_schema([make_statistics(GOOD)])


def _describe(records, schema):
    statistics = make_statistics(records)
    anomalies = tfdv.validate_statistics(statistics, schema)
    return describe_anomalies(anomalies, schema, statistics, "eval")


def test_nothing_where_all_is_well(schema):
    assert _describe(GOOD[:2], schema) == []


@pytest.mark.parametrize(
    ("record", "kind", "line"),
    [
        (
            make_record("bird"),
            "new_class",
            "image/class/text in eval: expected one of 'cat', 'dog'; found: 'bird' (1 image)",
        ),
        (
            make_record('<b>"a",\n'),
            "new_class",
            "image/class/text in eval: expected one of 'cat', 'dog'; found: '<b>\"a\",\\n' "
            "(1 image)",
        ),
        (
            make_record("cat", channels=1),
            "grayscale",
            "image/channels in eval: expected 3; found: 1 (1 image)",
        ),
        (
            make_record("cat", channels=4),
            "out_of_range",
            "image/channels in eval: expected 3; found: 4 (1 image)",
        ),
        (
            make_record("cat", format="gif"),
            "new_format",
            "image/format in eval: expected one of 'png'; found: 'gif' (1 image)",
        ),
        (
            make_record("cat", brightness=0.95),
            "out_of_range",
            "image/brightness in eval: expected 0.4 to 0.6; found: 0.5 to 0.95",
        ),
        (
            make_record("cat", height=5),
            "out_of_range",
            "image/height in eval: expected 15 to 60; found: 5 to 30",
        ),
        (
            make_record("cat", bytes=7_000_000),
            "out_of_range",
            "image/bytes in eval: expected 250 to 4100; found: 1000 to 7e+06",
        ),
        (
            make_record("cat", sharpness=float("nan")),
            "schema",
            "image/sharpness in eval: expected 100 to 1600; found: Float feature has NaN values",
        ),
        (
            without(make_record("cat"), "image/encoded"),
            "schema",
            "image/encoded in eval: expected one bytes value in every record; found: The feature "
            "has a shape, but it's not always present (if the feature is nested, then it should "
            "always be present at each nested level) or its value lengths vary; The feature was "
            "present in fewer examples than expected: minimum fraction = 1.000000, "
            "actual = 0.800000",
        ),
    ],
    ids=["class", "odd", "gray", "alpha", "format", "bright", "small", "large", "nan", "missing"],
)
def test_one_record_that_is_not_like_the_others(record, kind, line, schema):
    (finding,) = _describe([*GOOD, record], schema)
    assert (finding.kind, str(finding)) == (kind, line)


def test_another_treatment_is_no_anomaly(schema):
    assert _describe([*GOOD, make_record("cat", treatment="transcoded to png: cmyk")], schema) == []


def test_too_small_and_too_large_at_once(schema):
    records = [*GOOD, make_record("cat", width=1), make_record("cat", width=9_000)]
    assert [str(finding) for finding in _describe(records, schema)] == [
        "image/width in eval: expected 20 to 80; found: 1 to 9000"
    ]


def test_gray_and_alpha_at_once_are_two_kinds(schema):
    records = [*GOOD, make_record("cat", channels=1), make_record("cat", channels=4)]
    assert [(finding.kind, finding.text) for finding in _describe(records, schema)] == [
        ("grayscale", "expected 3; found: 1 (1 image)"),
        ("out_of_range", "expected 3; found: 4 (1 image)"),
    ]


def test_a_gray_set_knows_no_grayscale_anomaly():
    schema = propose_schema([make_statistics(make_records("cat", "dog", channels=2))])
    found = _describe([*make_records("cat", channels=2), make_record("dog", channels=1)], schema)
    assert [finding.kind for finding in found] == ["out_of_range"]


def test_a_feature_that_no_record_has(schema):
    records = [without(record, "image/height") for record in GOOD]
    assert _describe(records, schema) == [
        Finding(
            "schema",
            "eval",
            "image/height",
            "expected 15 to 60; found: Column is completely missing",
        )
    ]


def test_several_features_are_sorted_by_name(schema):
    found = _describe([*GOOD, make_record("bird", channels=1, format="jpeg")], schema)
    assert [(finding.feature, finding.kind) for finding in found] == [
        ("image/channels", "grayscale"),
        ("image/class/text", "new_class"),
        ("image/format", "new_format"),
    ]


def test_long_lists_are_cut():
    schema = propose_schema([make_statistics(make_records(*(f"a{i:02}" for i in range(12))))])
    (finding,) = _describe(make_records(*(f"b{i:02}" for i in range(50))), schema)
    expected = ", ".join(f"'a{i:02}'" for i in range(10))
    found = ", ".join(f"'b{i:02}' (1 image)" for i in range(10))
    assert finding.text == f"expected one of {expected} and 2 more; found: {found} and 40 more"


def _anomaly(key, *descriptions, kind=anomalies_pb2.AnomalyInfo.UNKNOWN_TYPE):
    anomalies = anomalies_pb2.Anomalies()
    info = anomalies.anomaly_info[key]
    info.path.step.append(key)
    for description in descriptions:
        info.reason.add(description=description, type=kind)
    return anomalies


@pytest.mark.parametrize(
    ("domain", "expectation"),
    [
        (schema_pb2.IntDomain(min=1, max=3), "1 to 3"),
        (schema_pb2.IntDomain(min=3, max=3), "3"),
        (schema_pb2.IntDomain(min=1), "at least 1"),
        (schema_pb2.IntDomain(max=3), "at most 3"),
        (schema_pb2.IntDomain(), "any number"),
    ],
)
def test_a_range_is_told_as_one(domain, expectation):
    schema = schema_pb2.Schema()
    schema.feature.add(name="image/channels").int_domain.CopyFrom(domain)
    (finding,) = describe_anomalies(_anomaly("image/channels", "Odd."), schema, NOTHING, "test")
    assert finding.text == f"expected {expectation}; found: Odd"


def test_a_feature_that_the_schema_does_not_know():
    anomalies = _anomaly("image/depth", "New column")
    assert describe_anomalies(anomalies, schema_pb2.Schema(), NOTHING, "test") == [
        Finding("schema", "test", "image/depth", "expected no such feature; found: New column")
    ]


def test_reasons_are_in_one_line_of_bounded_length():
    anomalies = _anomaly("image/depth", "First\nof two. ", "x" * 301)
    (finding,) = describe_anomalies(anomalies, schema_pb2.Schema(), NOTHING, "test")
    assert finding.text == (f"expected no such feature; found: First of two; {'x' * 300} ...")


def test_an_anomaly_of_the_whole_split():
    anomalies = anomalies_pb2.Anomalies()
    anomalies.dataset_anomaly_info.description = "Low num examples in dataset."
    assert describe_anomalies(anomalies, schema_pb2.Schema(), NOTHING, "test") == [
        Finding("schema", "test", "", "Low num examples in dataset")
    ]


def test_of_a_comparison_only_what_comparators_found():
    high = anomalies_pb2.AnomalyInfo.COMPARATOR_L_INFTY_HIGH
    anomalies = _anomaly("image/format", "The Linfty distance is 1.", kind=high)
    anomalies.MergeFrom(_anomaly("image/width", "Unexpectedly small value: 1."))
    assert list(describe_comparisons(anomalies, "drift", "train")) == [
        Finding("drift", "train", "image/format", "The Linfty distance is 1")
    ]
