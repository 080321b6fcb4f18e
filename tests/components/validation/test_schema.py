import hashlib
import pathlib

import pytest
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
