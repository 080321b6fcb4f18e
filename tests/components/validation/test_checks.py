import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.validation.checks import check_classes, check_grayscale
from components.validation.findings import Finding
from components.validation.validation_rules import ValidationRules
from tests.components.validation.small_data import write_statistics

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
        Finding(
            "vanished_class",
            "",
            CLASS,
            "expected images of every class of the schema; found none of 'dog', 'a\\nb'",
        )
    ]


def test_a_class_without_images_to_train_on():
    found = _check(["cat", "dog"], train={"cat": 99}, eval={"cat": 9}, test={"cat": 9, "dog": 30})
    assert found == [
        Finding(
            "vanished_class",
            "train",
            CLASS,
            "expected images of every class to train on; found none of 'dog'",
        )
    ]


def test_small_classes_the_smallest_first():
    counts = {"bird": 19, "cat": 20, "dog": 3}
    assert _check(["bird", "cat", "dog"], train=counts) == [
        Finding(
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
        Finding("small_class", "eval", CLASS, text.format("'dog'")),
        Finding("small_class", "test", CLASS, text.format("'cat'")),
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
        Finding("grayscale", "train", CHANNELS, TEXT.format("5 of 1,000", "0.5%")),
        Finding("grayscale", "test", CHANNELS, TEXT.format("1 of 2", "50.0%")),
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
