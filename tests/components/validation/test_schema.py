import hashlib
import pathlib

import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import PipelineError
from components.features import RAW_FEATURES
from components.validation.schema import (
    FrozenSchema,
    find_domain,
    freeze_schema,
    parse_schema,
    pin_schema,
    propose_schema,
)
from tests.components.validation.small_data import (
    make_record,
    make_records,
    make_statistics,
    write_statistics,
)

CLASSES = 'value: "7"\n    value: "Zebra"\n    value: "cat"\n    value: "Äpfel"'
CLASS_DOMAIN = f'string_domain {{\n    name: "image/class/text"\n    {CLASSES}\n  }}'
HEADER = """\
# The schema of a data set: what every record must be. Proposed from the images of the first run;
# review it and commit it. Later runs say where the images differ from it, or stop. To see what a
# data set wants changed, and to take it over: python -m pipeline.schema diff, and freeze.
"""


def _golden():
    features = "".join(
        f'feature {{\n  name: "{key}"\n  type: BYTES\n'
        f"{f'  {CLASS_DOMAIN}{chr(10)}' if key == 'image/class/text' else ''}}}\n"
        for key in RAW_FEATURES
    )
    return HEADER + features


GOLDEN = _golden()


@pytest.fixture(scope="module")
def golden_file(tmp_path_factory):
    """A frozen schema that says nothing but the classes."""
    path = tmp_path_factory.mktemp("data") / "new" / "schema.pbtxt"
    freeze_schema(text_format.Parse(GOLDEN, schema_pb2.Schema()), str(path))
    return path


def test_a_frozen_schema_is_text_with_a_head(golden_file):
    assert golden_file.read_text("utf-8") == GOLDEN
    assert [path.name for path in golden_file.parent.iterdir()] == ["schema.pbtxt"]


def test_a_frozen_schema_can_be_parsed(golden_file):
    schema = parse_schema(golden_file.read_bytes(), str(golden_file))
    assert [feature.name for feature in schema.feature] == list(RAW_FEATURES)


def test_a_domain_is_found_wherever_it_is():
    schema = schema_pb2.Schema()
    schema.feature.add(name="inside").string_domain.value.append("a")
    schema.feature.add(name="outside", domain="shared")
    schema.feature.add(name="lost", domain="nowhere")
    schema.string_domain.add(name="shared", value=["b"])
    assert list(find_domain(schema, "inside").value) == ["a"]
    find_domain(schema, "outside").value.append("c")
    assert list(schema.string_domain[0].value) == ["b", "c"]
    assert list(find_domain(schema, "lost").value) == []


def test_pinning_copies_the_file_to_a_folder_named_after_its_content(golden_file, tmp_path):
    folder = tmp_path / hashlib.sha256(GOLDEN.encode()).hexdigest()[:16]
    assert pin_schema(str(golden_file), str(tmp_path)) == FrozenSchema(
        path=str(folder / "schema.pbtxt"),
        class_names_file=str(folder / "class_names"),
        class_names=("7", "Zebra", "cat", "Äpfel"),
    )
    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == {
        "schema.pbtxt": GOLDEN,
        "class_names": "7\nZebra\ncat\nÄpfel\n",
    }


def test_pinning_twice_gives_the_same_and_an_edit_another(golden_file, tmp_path):
    first = pin_schema(str(golden_file), str(tmp_path / "pins"))
    assert pin_schema(str(golden_file), str(tmp_path / "pins")) == first
    edited = tmp_path / "edited.pbtxt"
    edited.write_text(GOLDEN.replace('value: "7"', 'value: "7" value: "8"'), "utf-8")
    second = pin_schema(str(edited), str(tmp_path / "pins"))
    assert second.class_names == ("7", "8", "Zebra", "cat", "Äpfel")
    assert second.path != first.path
    assert pathlib.Path(first.path).read_text("utf-8") == GOLDEN


def test_a_domain_may_be_written_outside_of_its_feature(tmp_path):
    path = tmp_path / "schema.pbtxt"
    domain = 'string_domain { name: "animals" value: "cat" value: "dog" }'
    path.write_text(GOLDEN.replace(CLASS_DOMAIN, 'domain: "animals"') + domain, "utf-8")
    assert pin_schema(str(path), str(tmp_path)).class_names == ("cat", "dog")


ALL_FEATURES = ", ".join(sorted(RAW_FEATURES))
ANOTHER = "or move it away to have a new one inferred."
CLASS_RULE = (
    "The domain of image/class/text in a schema file must name at least two classes, each once, "
    "in sorted order, each on one line. Received: PATH with"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"classes: 3",
            "A schema file must be a TFDV schema in text form. Received: PATH: 1:1 : Message type "
            '"tensorflow.metadata.v0.Schema" has no field named "classes". '
            f"Fix it, {ANOTHER}",
        ),
        (
            b"\xff\xfe",
            "A schema file must be a TFDV schema in text form. Received: PATH: 'utf-8' codec "
            f"can't decode byte 0xff in position 0: invalid start byte. Fix it, {ANOTHER}",
        ),
        (
            b"",
            "A schema file must describe every feature of a record. Received: PATH without "
            f"{ALL_FEATURES}. Restore it, {ANOTHER}",
        ),
        (
            GOLDEN.replace("image/sha256", "image/md5").replace('"image/width"', '"width"'),
            "A schema file must describe every feature of a record. Received: PATH without "
            f"image/sha256, image/width. Restore it, {ANOTHER}",
        ),
        (GOLDEN.replace(CLASSES, ""), f"{CLASS_RULE} none. Edit it."),
        (GOLDEN.replace(CLASS_DOMAIN, ""), f"{CLASS_RULE} none. Edit it."),
        (GOLDEN.replace(CLASSES, 'value: "cat"'), f"{CLASS_RULE} 'cat'. Edit it."),
        (
            GOLDEN.replace(CLASSES, 'value: "b" value: "a"'),
            f"{CLASS_RULE} 'b', 'a'. Edit it.",
        ),
        (
            GOLDEN.replace(CLASSES, 'value: "a" value: "a" value: "b"'),
            f"{CLASS_RULE} 'a', 'a', 'b'. Edit it.",
        ),
        (
            GOLDEN.replace(CLASSES, 'value: "a\\nb" value: "b"'),
            f"{CLASS_RULE} 'a\\nb', 'b'. Edit it.",
        ),
        (GOLDEN.replace(CLASSES, 'value: "" value: "b"'), f"{CLASS_RULE} '', 'b'. Edit it."),
    ],
)
def test_refuses_a_schema_file(content, message, tmp_path):
    path = tmp_path / "schema.pbtxt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PipelineError) as caught:
        pin_schema(str(path), str(tmp_path / "pins"))
    assert str(caught.value) == message.replace("PATH", str(path))
    assert not (tmp_path / "pins").exists()


PRESENT = "presence { min_fraction: 1.0 min_count: 1 } shape { dim { size: 1 } }"
REAL = "disallow_nan: true disallow_inf: true"
PROPOSED = f"""
feature {{ name: "image/encoded" type: BYTES {PRESENT} }}
feature {{
  name: "image/format" type: BYTES {PRESENT}
  string_domain {{ name: "image/format" value: "jpeg" value: "png" }}
}}
feature {{
  name: "image/class/text" type: BYTES {PRESENT}
  string_domain {{
    name: "image/class/text" value: "7" value: "Zebra" value: "cat" value: "Äpfel"
  }}
}}
feature {{ name: "image/treatment" type: BYTES {PRESENT} }}
feature {{ name: "image/height" type: INT int_domain {{ min: 15 max: 2500 }} {PRESENT} }}
feature {{ name: "image/width" type: INT int_domain {{ min: 20 max: 80 }} {PRESENT} }}
feature {{ name: "image/channels" type: INT int_domain {{ min: 1 max: 3 }} {PRESENT} }}
feature {{ name: "image/bytes" type: INT int_domain {{ min: 250 max: 4100 }} {PRESENT} }}
feature {{
  name: "image/aspect_ratio" type: FLOAT {PRESENT}
  float_domain {{ min: 0.66 max: 2.7 {REAL} }}
}}
feature {{
  name: "image/brightness" type: FLOAT {PRESENT} float_domain {{ min: 0.29 max: 0.71 {REAL} }}
}}
feature {{
  name: "image/contrast" type: FLOAT {PRESENT} float_domain {{ min: 0.0 max: 0.35 {REAL} }}
}}
feature {{
  name: "image/sharpness" type: FLOAT {PRESENT} float_domain {{ min: 100 max: 500000 {REAL} }}
}}
feature {{
  name: "image/entropy" type: FLOAT {PRESENT} float_domain {{ min: 6.2 max: 7.8 {REAL} }}
}}
feature {{ name: "image/filename" type: BYTES }}
feature {{ name: "image/sha256" type: BYTES }}
"""


@pytest.fixture(scope="module")
def statistics():
    """Of two splits; the images of the second are of other kinds."""
    train = make_records("cat", "Äpfel", "Zebra", "7", brightness=0.4)
    odd = {"channels": 1, "height": 1234, "contrast": 0.05, "sharpness": 123456.0}
    test = make_record("cat", 9, brightness=0.6, format="jpeg", treatment="odd", **odd)
    return [make_statistics(train), make_statistics([test])]


@pytest.fixture(scope="module")
def golden(statistics):
    return propose_schema(statistics)


def test_proposes_what_the_images_of_all_splits_are(golden):
    assert golden == text_format.Parse(PROPOSED, schema_pb2.Schema())


def test_a_proposal_admits_what_it_was_made_from(golden, statistics):
    for split in statistics:
        assert dict(tfdv.validate_statistics(split, golden).anomaly_info) == {}


def test_a_proposal_for_images_that_keep_the_schema_is_that_schema(golden, statistics):
    edited = schema_pb2.Schema()
    edited.CopyFrom(golden)
    features = {feature.name: feature for feature in edited.feature}
    features["image/brightness"].float_domain.max = 0.99
    features["image/height"].int_domain.ClearField("max")
    features["image/format"].drift_comparator.infinity_norm.threshold = 0.2
    features["image/format"].string_domain.value.append("webp")
    edited.feature.add(name="hand/made", type=schema_pb2.INT)
    edited.dataset_constraints.min_examples_count = 7
    assert propose_schema(statistics, edited) == edited
    assert propose_schema(statistics, golden) == golden


def test_a_proposal_for_other_images_changes_only_what_they_break(golden):
    record = make_record("cat", brightness=0.9, height=9_000, channels=4, format="gif")
    statistics = [make_statistics([record, *make_records("cat", "bird")])]
    proposed = propose_schema(statistics, golden)
    assert list(find_domain(proposed, "image/class/text").value) == ["bird", "cat"]
    assert list(find_domain(proposed, "image/format").value) == ["gif", "jpeg", "png"]
    features = {feature.name: feature for feature in proposed.feature}
    assert (features["image/height"].int_domain.min, features["image/height"].int_domain.max) == (
        15,
        18_000,
    )
    channels = features["image/channels"].int_domain
    assert (channels.min, channels.max) == (1, 4)
    brightness = features["image/brightness"].float_domain
    assert (brightness.min, brightness.max) == (pytest.approx(0.29), 1.0)
    kept = {f.name: f for f in golden.feature}
    for key in ("image/width", "image/bytes", "image/contrast", "image/sha256"):
        assert features[key] == kept[key]


def test_a_schema_of_an_earlier_version_gets_what_it_lacks(golden, statistics):
    earlier = schema_pb2.Schema()
    earlier.CopyFrom(golden)
    kept = [feature for feature in earlier.feature if feature.name != "image/sharpness"]
    del earlier.feature[:]
    earlier.feature.extend(kept)
    names = [feature.name for feature in propose_schema(statistics, earlier).feature]
    assert sorted(names) == sorted(feature.name for feature in golden.feature)


def test_more_classes_than_tfdv_counts_by_itself():
    names = [f"{number:05}" for number in range(12_000)]
    record = make_record("x")
    statistics = make_statistics([record])
    for feature in statistics.datasets[0].features:
        if feature.path.step == ["image/class/text"]:
            del feature.string_stats.rank_histogram.buckets[:]
            for name in names:
                feature.string_stats.rank_histogram.buckets.add(label=name, sample_count=1)
    assert list(find_domain(propose_schema([statistics]), "image/class/text").value) == names


def test_classes_called_like_numbers():
    schema = propose_schema([make_statistics(make_records("10", "9", "0"))])
    assert list(find_domain(schema, "image/class/text").value) == ["0", "10", "9"]


@pytest.mark.parametrize(
    ("key", "seen", "expected"),
    [
        ("image/brightness", (0.1, 0.9), (0.0, 1.0)),
        ("image/brightness", (0.5, 0.5), (0.4, 0.6)),
        ("image/contrast", (0.2, 0.3), (0.15, 0.35)),
        ("image/entropy", (7.29, 7.9), (6.4, 8.0)),
        ("image/entropy", (0.0, 0.0), (0.0, 0.8)),
        ("image/sharpness", (0.0, 29.0), (0.0, 120.0)),
        ("image/sharpness", (0.004, 0.29), (0.001, 1.2)),
        ("image/aspect_ratio", (0.58, 1.0), (0.29, 2.0)),
        ("image/height", (1, 1), (1, 2)),
        ("image/height", (28, 28), (14, 56)),
        ("image/width", (640, 4032), (320, 8100)),
        ("image/bytes", (57, 12_345_678), (14, 50_000_000)),
    ],
)
def test_ranges_are_wider_than_what_was_seen(key, seen, expected, statistics):
    other = write_statistics(2, numbers={key: seen})
    kept = [feature for feature in statistics[0].datasets[0].features if feature.path.step != [key]]
    other.datasets[0].features.extend(kept)
    features = {feature.name: feature for feature in propose_schema([other]).feature}
    domain = getattr(features[key], features[key].WhichOneof("domain_info"))
    assert (domain.min, domain.max) == pytest.approx(expected)


@pytest.mark.parametrize("key", ["image/class/text", "image/channels", "image/sharpness"])
def test_statistics_must_have_a_feature(key, statistics):
    (train, *_) = statistics
    lacking = type(train).FromString(train.SerializeToString())
    kept = [feature for feature in lacking.datasets[0].features if feature.path.step != [key]]
    del lacking.datasets[0].features[:]
    lacking.datasets[0].features.extend(kept)
    with pytest.raises(ValueError, match=rf"Statistics must include {key}\."):
        propose_schema([lacking])


def test_a_split_without_images_adds_nothing(golden, statistics):
    assert propose_schema([*statistics, write_statistics(0)]) == golden
