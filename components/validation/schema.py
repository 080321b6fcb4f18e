"""What every record must be: a schema proposed once, frozen in a file, and reviewed like code.

The schema is also where the classes are defined. A class keeps its number for as long as the
file stays as it is, so that models of different weeks can be compared.
"""

import dataclasses
import hashlib
import os

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components import features
from components.errors import PipelineError
from components.storage import atomic_write

HEADER = """\
# The schema of a data set: what every record must be. Proposed from the images of the first run;
# review it and commit it. Later runs say where the images differ from it, or stop. To see what a
# data set wants changed, and to take it over: python -m pipeline.schema diff, and freeze.
"""


@dataclasses.dataclass(frozen=True)
class FrozenSchema:
    """A schema that was checked and copied to where it will not change any more.

    Attributes:
        path: The copy, in a folder named after its content.
        class_names_file: The class names beside it, one a line in the order of their labels.
        class_names: The same, sorted; the position of a name is its label.
    """

    path: str
    class_names_file: str
    class_names: tuple[str, ...]


def schema_text(schema: schema_pb2.Schema) -> str:
    """A schema as the text of its file, with a head that says what it is."""
    return HEADER + text_format.MessageToString(schema, as_utf8=True)


def freeze_schema(schema: schema_pb2.Schema, path: str) -> None:
    """Writes a schema for people to review and for later runs to be held to."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    atomic_write(path, schema_text(schema).encode())


def parse_schema(content: bytes, path: str) -> schema_pb2.Schema:
    """Reads the content of a schema file.

    Args:
        content: UTF-8.
        path: For the message.

    Raises:
        PipelineError: It is not a schema.
    """
    try:
        return text_format.Parse(content.decode(), schema_pb2.Schema())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise PipelineError(
            f"A schema file must be a TFDV schema in text form. Received: {path}: "
            f"{str(error).rstrip('.')}. "
            "Mend it, or move it away to have a new one inferred."
        ) from error


def find_domain(schema: schema_pb2.Schema, key: str) -> schema_pb2.StringDomain:
    """The values that a text feature may have, which may stand outside of the feature.

    Args:
        schema: Changes with what is returned.
        key: A feature of the schema.

    Returns:
        Its domain; where it had none, an empty one that belongs to the feature now.
    """
    feature = next(feature for feature in schema.feature if feature.name == key)
    if feature.HasField("domain"):
        for domain in schema.string_domain:
            if domain.name == feature.domain:
                return domain
    if not feature.HasField("string_domain"):
        feature.string_domain.name = key
    return feature.string_domain


def pin_schema(path: str, destination: str) -> FrozenSchema:
    """Checks a schema file and copies it to a folder named after its content.

    TFX's cache compares the path of a schema, not its content: only a path that changes with
    the content makes an edited schema take effect.

    Args:
        path: The schema file that people edit.
        destination: Folder for the copies.

    Raises:
        PipelineError: The file is not a schema, lacks a feature, or names fewer than two classes.
    """
    with open(path, "rb") as file:
        content = file.read()
    class_names = check_schema(parse_schema(content, path), path)
    folder = os.path.join(destination, hashlib.sha256(content).hexdigest()[:16])
    os.makedirs(folder, exist_ok=True)
    pinned = FrozenSchema(
        path=os.path.join(folder, "schema.pbtxt"),
        class_names_file=os.path.join(folder, features.CLASS_NAMES_VOCABULARY),
        class_names=class_names,
    )
    atomic_write(pinned.path, content)
    atomic_write(pinned.class_names_file, "".join(f"{name}\n" for name in class_names).encode())
    return pinned


def check_schema(schema: schema_pb2.Schema, path: str) -> tuple[str, ...]:
    """Checks that a schema is one of images.

    Args:
        schema: What to check.
        path: Its file, for the message.

    Returns:
        The class names, sorted.

    Raises:
        PipelineError: It lacks a feature, or names fewer than two classes.
    """
    _check_features(schema, path)
    return _class_names(schema, path)


def _check_features(schema: schema_pb2.Schema, path: str) -> None:
    missing = sorted(set(features.RAW_FEATURES) - {feature.name for feature in schema.feature})
    if missing:
        raise PipelineError(
            f"A schema file must describe every feature of a record. Received: {path} without "
            f"{', '.join(missing)}. Restore it, or move it away to have a new one inferred."
        )


def _class_names(schema: schema_pb2.Schema, path: str) -> tuple[str, ...]:
    names = tuple(find_domain(schema, features.CLASS_TEXT).value)
    is_sorted = tuple(sorted(set(names))) == names
    if len(names) < 2 or not is_sorted or any(name.splitlines() != [name] for name in names):
        raise PipelineError(
            f"The domain of {features.CLASS_TEXT} in a schema file must name at least two "
            f"classes, each once, in sorted order, each on one line. Received: {path} with "
            f"{', '.join(map(repr, names[:10])) or 'none'}. Edit it."
        )
    return names
