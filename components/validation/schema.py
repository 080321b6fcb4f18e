"""What every record must be: a schema inferred once, frozen in a file, and reviewed like code.

The schema is also where the classes are defined. A class keeps its number for as long as the
file stays as it is, so that models of different weeks can be compared.
"""

import dataclasses
import hashlib
import os

import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components import features
from components.errors import PipelineError

HEADER = """\
# The schema of a data set: what every record must be. Inferred from the training images of the
# first run; review it and commit it. Later runs stop where the images differ from it. To admit a
# new class, add its name to the string_domain of image/class/text, in sorted order.
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


def infer_schema(statistics: statistics_pb2.DatasetFeatureStatisticsList) -> schema_pb2.Schema:
    """Describes records like those that the statistics were taken from.

    Args:
        statistics: Of the training split, with `statistics_options`.

    Returns:
        A schema with every raw feature: presence and shape of all, the values seen of the class
        and the format, the range seen of the number of channels.
    """
    schema = tfdv.infer_schema(statistics, infer_feature_shape=True)
    # TFDV gives no domain to more than 100 values, and takes the classes "0" to "9" for numbers.
    del schema.string_domain[:]
    for key in features.TEXT_FEATURES:
        counts = _statistics_of(statistics, key).string_stats.rank_histogram
        values = sorted(bucket.label for bucket in counts.buckets)
        tfdv.set_domain(schema, key, schema_pb2.StringDomain(name=key, value=values))
    seen = _statistics_of(statistics, features.IMAGE_CHANNELS).num_stats
    channels = schema_pb2.IntDomain(min=int(seen.min), max=int(seen.max))
    tfdv.set_domain(schema, features.IMAGE_CHANNELS, channels)
    for key in (features.IMAGE_HEIGHT, features.IMAGE_WIDTH):
        tfdv.set_domain(schema, key, schema_pb2.IntDomain(min=1))
    for key in features.IDENTIFYING_FEATURES:
        # No presence: ExampleValidator would miss the statistics that are left out on purpose.
        schema.feature.add(name=key, type=schema_pb2.BYTES)
    return schema


def freeze_schema(schema: schema_pb2.Schema, path: str) -> None:
    """Writes a schema for people to review and for later runs to be held to."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    _write_whole(path, (HEADER + text_format.MessageToString(schema, as_utf8=True)).encode())


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
    class_names = _class_names(_parse(content, path), path)
    folder = os.path.join(destination, hashlib.sha256(content).hexdigest()[:16])
    os.makedirs(folder, exist_ok=True)
    pinned = FrozenSchema(
        path=os.path.join(folder, "schema.pbtxt"),
        class_names_file=os.path.join(folder, features.CLASS_NAMES_VOCABULARY),
        class_names=class_names,
    )
    _write_whole(pinned.path, content)
    _write_whole(pinned.class_names_file, "".join(f"{name}\n" for name in class_names).encode())
    return pinned


def _write_whole(path: str, content: bytes) -> None:
    """Writes a file so that it is never seen half-written."""
    unfinished = f"{path}.unfinished"
    with open(unfinished, "wb") as file:
        file.write(content)
    os.replace(unfinished, path)


def _parse(content: bytes, path: str) -> schema_pb2.Schema:
    try:
        schema = text_format.Parse(content.decode(), schema_pb2.Schema())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise PipelineError(
            f"A schema file must be a TFDV schema in text form. Received: {path}: "
            f"{str(error).rstrip('.')}. "
            "Mend it, or move it away to have a new one inferred."
        ) from error
    _check_features(schema, path)
    return schema


def _check_features(schema: schema_pb2.Schema, path: str) -> None:
    missing = sorted(set(features.RAW_FEATURES) - {feature.name for feature in schema.feature})
    if missing:
        raise PipelineError(
            f"A schema file must describe every feature of a record. Received: {path} without "
            f"{', '.join(missing)}. Restore it, or move it away to have a new one inferred."
        )


def _class_names(schema: schema_pb2.Schema, path: str) -> tuple[str, ...]:
    try:
        names = tuple(tfdv.get_domain(schema, features.CLASS_TEXT).value)
    except ValueError:  # What TFDV raises where there is no domain.
        names = ()
    is_sorted = tuple(sorted(set(names))) == names
    if len(names) < 2 or not is_sorted or any(name.splitlines() != [name] for name in names):
        raise PipelineError(
            f"The domain of {features.CLASS_TEXT} in a schema file must name at least two "
            f"classes, each once, in sorted order, each on one line. Received: {path} with "
            f"{', '.join(map(repr, names[:10])) or 'none'}. Edit it."
        )
    return names


def _statistics_of(
    statistics: statistics_pb2.DatasetFeatureStatisticsList, key: str
) -> statistics_pb2.FeatureNameStatistics:
    for feature in statistics.datasets[0].features:
        if feature.path.step == [key]:
            return feature
    raise ValueError(f"Statistics must include {key}.")
