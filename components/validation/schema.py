"""What every record must be: a schema proposed once, frozen in a file, and reviewed like code.

The schema is also where the classes are defined. A class keeps its number for as long as the
file stays as it is, so that models of different weeks can be compared.

The features, their types and that every record has one of each are the contract of
`components.features`; what is learned from the images is their classes, formats and ranges.

Ranges are wider than what was seen, so that ordinary new images keep them and only those of
another kind do not:

- numbers with physical bounds (brightness, contrast, entropy): by half of the seen range on each
  side, at least by a tenth of what is possible, and not beyond the bounds;
- sizes and ratios (height, width, aspect ratio): from half of the least to twice the greatest;
- sizes of files and sharpness, of which a few are many times the others: by a factor of four;
- channels: what was seen, no more.

The ends are rounded outwards to two digits, so that people can read and remember them.
"""

import dataclasses
import hashlib
import math
import os
from collections.abc import Callable, Iterable, Sequence

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components import features
from components.errors import PipelineError
from components.storage import atomic_write
from components.validation.statistics import Statistics, value_counts, value_range

HEADER = """\
# The schema of a data set: what every record must be. Proposed from the images of the first run;
# review it and commit it. Later runs say where the images differ from it, or stop. To see what a
# data set wants changed, and to take it over: python -m pipeline.schema diff, and freeze.
"""
FACTORS = {
    features.IMAGE_HEIGHT: 2,
    features.IMAGE_WIDTH: 2,
    features.IMAGE_ASPECT_RATIO: 2,
    features.IMAGE_BYTES: 4,
    features.IMAGE_SHARPNESS: 4,
}
PHYSICAL_BOUNDS = {
    features.IMAGE_BRIGHTNESS: (0.0, 1.0),
    features.IMAGE_CONTRAST: (0.0, 0.5),
    features.IMAGE_ENTROPY: (0.0, 8.0),
}
LEAST_MARGIN = 0.1
DIGITS = 2


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
            "Fix it, or move it away to have a new one inferred."
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


def propose_schema(
    statistics: Sequence[Statistics], frozen: schema_pb2.Schema | None = None
) -> schema_pb2.Schema:
    """Describes records like those that the statistics were taken from.

    Args:
        statistics: Of all splits, with `statistics_options`; a class or a format may be in one
            of them alone.
        frozen: The schema in use, if there is one. Of it stays what the images keep: a range is
            widened where images exceed it, formats are added, never removed, and whatever people
            added stays. Only the classes are those of the images, new ones and vanished ones.

    Returns:
        A schema with every raw feature.

    Raises:
        ValueError: The statistics lack a feature.
    """
    schema = schema_pb2.Schema()
    if frozen is not None:
        schema.CopyFrom(frozen)
    for key in features.RAW_FEATURES:
        _find_or_add(schema, key)
    classes = find_domain(schema, features.CLASS_TEXT)
    classes.value[:] = _seen_values(statistics, features.CLASS_TEXT)
    formats = find_domain(schema, features.IMAGE_FORMAT)
    formats.value[:] = sorted({*formats.value, *_seen_values(statistics, features.IMAGE_FORMAT)})
    for key in (*features.INTEGER_FEATURES, *features.FLOAT_FEATURES):
        _set_range(_find_or_add(schema, key), *_seen_range(statistics, key))
    return schema


def _find_or_add(schema: schema_pb2.Schema, key: str) -> schema_pb2.Feature:
    for feature in schema.feature:
        if feature.name == key:
            return feature
    feature = schema.feature.add(name=key, type=_type_of(key))
    # Of the identifying ones there are no statistics, which ExampleValidator would miss.
    if key not in features.IDENTIFYING_FEATURES:
        feature.presence.min_fraction = 1.0
        feature.presence.min_count = 1
        feature.shape.dim.add(size=1)
    return feature


def _type_of(key: str) -> int:
    if key in features.INTEGER_FEATURES:
        return schema_pb2.INT
    return schema_pb2.FLOAT if key in features.FLOAT_FEATURES else schema_pb2.BYTES


def _seen_values(statistics: Iterable[Statistics], key: str) -> list[str]:
    values = sorted({name for split in statistics for name in value_counts(split, key)})
    if not values:
        raise ValueError(f"Statistics must include {key}.")
    return values


def _seen_range(statistics: Iterable[Statistics], key: str) -> tuple[float, float]:
    if key == features.IMAGE_CHANNELS:
        channels = [int(name) for name in _seen_values(statistics, key)]
        return min(channels), max(channels)
    ranges = [found for found in (value_range(split, key) for split in statistics) if found]
    if not ranges:
        raise ValueError(f"Statistics must include {key}.")
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _set_range(feature: schema_pb2.Feature, least: float, greatest: float) -> None:
    """Gives a feature a range that has all that was seen; keeps the one it has where it does."""
    is_integer = feature.type == schema_pb2.INT
    domain = feature.int_domain if is_integer else feature.float_domain
    is_new = feature.WhichOneof("domain_info") is None
    if not is_new and not _lacks(domain, least, greatest):
        # Reading a field of a message does not set it, so an absent bound stays absent.
        return
    low, high = _widen(feature.name, least, greatest)
    to_number = int if is_integer else float
    if is_new and not is_integer:
        # No comparison with a bound finds what is not a number.
        domain.disallow_nan = True
        domain.disallow_inf = True
    if is_new or (domain.HasField("min") and least < domain.min):
        domain.min = to_number(low)
    if is_new or (domain.HasField("max") and greatest > domain.max):
        domain.max = to_number(high)


def _lacks(
    domain: schema_pb2.IntDomain | schema_pb2.FloatDomain, least: float, greatest: float
) -> bool:
    is_below = domain.HasField("min") and least < domain.min
    return is_below or (domain.HasField("max") and greatest > domain.max)


def _widen(key: str, least: float, greatest: float) -> tuple[float, float]:
    if key in FACTORS:
        low = least / FACTORS[key]
        high = greatest * FACTORS[key]
        if key in features.INTEGER_FEATURES:
            return max(1.0, _round(low, math.floor)), _round(high, math.ceil)
        return _round(low, math.floor), _round(high, math.ceil)
    if key in PHYSICAL_BOUNDS:
        lowest, highest = PHYSICAL_BOUNDS[key]
        margin = max((greatest - least) / 2, LEAST_MARGIN * (highest - lowest))
        return (
            max(lowest, _round(least - margin, math.floor)),
            min(highest, _round(greatest + margin, math.ceil)),
        )
    return least, greatest


def _round(value: float, towards: Callable[[float], int]) -> float:
    """To two digits, up or down."""
    if value == 0:
        return 0.0
    digits = DIGITS - 1 - math.floor(math.log10(abs(value)))
    scaled = value * 10.0**digits if digits >= 0 else value / 10.0**-digits
    # 0.29 * 100 is a little less than 29.
    rounded = towards(round(scaled, 9))
    return rounded / 10.0**digits if digits >= 0 else rounded * 10.0**-digits
