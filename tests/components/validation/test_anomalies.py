import pytest
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.validation.anomalies import (
    check_classes,
    check_grayscale,
    describe_anomalies,
    describe_comparisons,
)
from components.validation.schema import propose_schema
from components.validation.validation_result import Anomaly
from components.validation.validation_rules import ValidationRules
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
        Anomaly(
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
        Anomaly("schema", "test", "image/depth", "expected no such feature; found: New column")
    ]


def test_reasons_are_in_one_line_of_bounded_length():
    anomalies = _anomaly("image/depth", "First\nof two. ", "x" * 301)
    (finding,) = describe_anomalies(anomalies, schema_pb2.Schema(), NOTHING, "test")
    assert finding.text == (f"expected no such feature; found: First of two; {'x' * 300} ...")


def test_an_anomaly_of_the_whole_split():
    anomalies = anomalies_pb2.Anomalies()
    anomalies.dataset_anomaly_info.description = "Low num examples in dataset."
    assert describe_anomalies(anomalies, schema_pb2.Schema(), NOTHING, "test") == [
        Anomaly("schema", "test", "", "Low num examples in dataset")
    ]


def test_of_a_comparison_only_what_comparators_found():
    high = anomalies_pb2.AnomalyInfo.COMPARATOR_L_INFTY_HIGH
    anomalies = _anomaly("image/format", "The Linfty distance is 1.", kind=high)
    anomalies.MergeFrom(_anomaly("image/width", "Unexpectedly small value: 1."))
    assert list(describe_comparisons(anomalies, "drift", "train")) == [
        Anomaly("drift", "train", "image/format", "The Linfty distance is 1")
    ]


CLASS = "image/class/text"
CHANNELS = "image/channels"


def _classes(**counts_by_split):
    return {
        split: write_statistics(sum(counts.values()), {CLASS: counts})
        for split, counts in counts_by_split.items()
    }


def _check(classes, minimum=20, **counts_by_split):
    rules = ValidationRules(min_images_per_class=minimum)
    return check_classes(_classes(**counts_by_split), classes, rules)


def test_nothing_where_every_class_is_everywhere():
    counts = {"cat": 20, "dog": 16}
    assert _check(["cat", "dog"], train=counts, eval={"cat": 2, "dog": 2}, test=counts) == []


def test_a_class_without_images():
    assert _check(["cat", "dog", "a\nb"], train={"cat": 99, "bird": 1}) == [
        Anomaly(
            "vanished_class",
            "",
            CLASS,
            "expected images of every class of the schema; found none of 'dog', 'a\\nb'",
        )
    ]


def test_a_class_without_images_to_train_on():
    found = _check(["cat", "dog"], train={"cat": 99}, eval={"cat": 9}, test={"cat": 9, "dog": 30})
    assert found == [
        Anomaly(
            "vanished_class",
            "train",
            CLASS,
            "expected images of every class to train on; found none of 'dog'",
        )
    ]


def test_small_classes_the_smallest_first():
    counts = {"bird": 19, "cat": 20, "dog": 3}
    assert _check(["bird", "cat", "dog"], train=counts) == [
        Anomaly(
            "small_class",
            "",
            CLASS,
            "expected at least 20 images of every class; found fewer of 'dog' (3), 'bird' (19)",
        )
    ]
    assert _check(["bird", "cat", "dog"], minimum=0, train=counts) == []


def test_the_images_of_all_splits_count():
    counts = {"cat": 10, "dog": 10}
    assert _check(["cat", "dog"], train=counts, eval={"cat": 5, "dog": 5}, test=counts) == []


def test_a_class_of_which_nothing_is_measured():
    found = _check(["cat", "dog"], train={"cat": 90, "dog": 90}, eval={"cat": 9}, test={"dog": 9})
    text = (
        "expected images of every class that is trained on; found none of {}, so that nothing is "
        "measured of them"
    )
    assert found == [
        Anomaly("small_class", "eval", CLASS, text.format("'dog'")),
        Anomaly("small_class", "test", CLASS, text.format("'cat'")),
    ]


def test_ten_thousand_vanished_classes_are_one_line():
    classes = [f"{number:05}" for number in range(10_000)]
    (finding,) = _check(classes, train={"00000": 99})
    assert len(finding.text) < 200
    assert finding.text.endswith("and 9,989 more")


def test_no_images_at_all():
    assert [finding.kind for finding in _check(["cat", "dog"], train={})] == ["vanished_class"]


def _schema(least, most):
    schema = schema_pb2.Schema()
    domain = schema_pb2.IntDomain(min=least, max=most)
    schema.feature.add(name=CHANNELS).int_domain.CopyFrom(domain)
    return schema


def _gray(schema, rules=None, **channels_by_split):
    statistics = {
        split: write_statistics(sum(channels.values()), {CHANNELS: channels})
        for split, channels in channels_by_split.items()
    }
    return check_grayscale(statistics, schema, rules or ValidationRules())


TEXT = "expected color images; found {} images ({}) to be gray (0.0% are allowed)"


def test_gray_images_in_a_set_of_color_images():
    found = _gray(
        _schema(1, 4), test={"3": 1, "2": 1}, train={"3": 995, "1": 3, "2": 2}, eval={"3": 9}
    )
    assert found == [
        Anomaly("grayscale", "train", CHANNELS, TEXT.format("5 of 1,000", "0.5%")),
        Anomaly("grayscale", "test", CHANNELS, TEXT.format("1 of 2", "50.0%")),
    ]


@pytest.mark.parametrize(
    ("schema", "channels"),
    [
        (_schema(1, 1), {"1": 100}),
        (_schema(1, 3), {"1": 60, "3": 40}),
        (_schema(1, 4), {"3": 60, "4": 40}),
        (_schema(1, 3), {}),
    ],
    ids=["a gray set", "mostly gray", "all color", "no images"],
)
def test_no_gray_images_to_speak_of(schema, channels):
    assert _gray(schema, train=channels) == []


def test_a_schema_for_color_alone_makes_it_a_color_set():
    (finding,) = _gray(_schema(3, 3), train={"1": 100})
    assert finding.text == TEXT.format("100 of 100", "100.0%")


def test_some_may_be_allowed():
    rules = ValidationRules(max_gray_share=0.01)
    assert _gray(_schema(1, 3), rules, train={"1": 10, "3": 990}) == []
    (finding,) = _gray(_schema(1, 3), rules, train={"1": 11, "3": 989})
    assert finding.text.endswith("found 11 of 1,000 images (1.1%) to be gray (1.0% are allowed)")
