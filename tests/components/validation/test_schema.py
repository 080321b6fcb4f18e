import hashlib
import pathlib

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv

from components.errors import PipelineError
from components.validation.schema import FrozenSchema, freeze_schema, infer_schema, pin_schema
from tests.components.validation.small_data import make_record, make_records, make_statistics

PRESENT = """\
  presence {
    min_fraction: 1.0
    min_count: 1
  }
  shape {
    dim {
      size: 1
    }
  }
}
"""
GOLDEN = f"""\
# The schema of a data set: what every record must be. Inferred from the training images of the
# first run; review it and commit it. Later runs stop where the images differ from it. To admit a
# new class, add its name to the string_domain of image/class/text, in sorted order.
feature {{
  name: "image/format"
  type: BYTES
  string_domain {{
    name: "image/format"
    value: "png"
  }}
{PRESENT}feature {{
  name: "image/class/text"
  type: BYTES
  string_domain {{
    name: "image/class/text"
    value: "7"
    value: "Zebra"
    value: "cat"
    value: "Äpfel"
  }}
{PRESENT}feature {{
  name: "image/height"
  type: INT
  int_domain {{
    min: 1
  }}
{PRESENT}feature {{
  name: "image/width"
  type: INT
  int_domain {{
    min: 1
  }}
{PRESENT}feature {{
  name: "image/channels"
  type: INT
  int_domain {{
    min: 1
    max: 3
  }}
{PRESENT}feature {{
  name: "image/encoded"
  type: BYTES
{PRESENT}feature {{
  name: "image/filename"
  type: BYTES
}}
feature {{
  name: "image/sha256"
  type: BYTES
}}
"""
CLASSES = 'value: "7"\n    value: "Zebra"\n    value: "cat"\n    value: "Äpfel"'
CLASS_DOMAIN = f'string_domain {{\n    name: "image/class/text"\n    {CLASSES}\n  }}'


@pytest.fixture(scope="module")
def golden_file(tmp_path_factory):
    """The frozen schema of five images; "cat" is the most frequent class, and one is gray."""
    records = [*make_records("cat", "Äpfel", "Zebra", "7"), make_record("cat", 9, mode="L")]
    path = tmp_path_factory.mktemp("data") / "new" / "schema.pbtxt"
    freeze_schema(infer_schema(make_statistics(records)), str(path))
    return path


def test_an_inferred_schema_says_what_the_images_are(golden_file):
    assert golden_file.read_text("utf-8") == GOLDEN
    assert [path.name for path in golden_file.parent.iterdir()] == ["schema.pbtxt"]


def test_an_inferred_schema_admits_what_it_was_inferred_from():
    statistics = make_statistics(make_records("cat", "dog"))
    anomalies = tfdv.validate_statistics(statistics, infer_schema(statistics))
    assert dict(anomalies.anomaly_info) == {}


def test_more_classes_than_tfdv_counts_by_itself():
    example = make_record("x")
    records = []
    for number in range(1_500):
        record = tf.train.Example.FromString(example.SerializeToString())
        record.features.feature["image/class/text"].bytes_list.value[0] = b"%04d" % number
        records.append(record)
    schema = infer_schema(make_statistics(records))
    classes = list(tfdv.get_domain(schema, "image/class/text").value)
    assert classes == [f"{number:04}" for number in range(1_500)]


def test_classes_called_like_numbers():
    schema = infer_schema(make_statistics(make_records("10", "9", "0")))
    assert list(tfdv.get_domain(schema, "image/class/text").value) == ["0", "10", "9"]


def test_statistics_must_include_the_channels():
    statistics = make_statistics(make_records("cat", "dog"))
    (dataset,) = statistics.datasets
    kept = [feature for feature in dataset.features if feature.path.step != ["image/channels"]]
    del dataset.features[:]
    dataset.features.extend(kept)
    with pytest.raises(ValueError, match="image/channels"):
        infer_schema(statistics)


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


ALL_FEATURES = (
    "image/channels, image/class/text, image/encoded, image/filename, image/format, "
    "image/height, image/sha256, image/width"
)
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
            f"Mend it, {ANOTHER}",
        ),
        (
            b"\xff\xfe",
            "A schema file must be a TFDV schema in text form. Received: PATH: 'utf-8' codec "
            f"can't decode byte 0xff in position 0: invalid start byte. Mend it, {ANOTHER}",
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
