"""Statistics -> the schema that is proposed to people.

The features, their types and that every record has one of each are the contract of
`components.features`; what is learnt from the images is their classes, formats and ranges.

Ranges are wider than what was seen, so that ordinary new images keep them and only those of
another kind do not:

- numbers with physical bounds (brightness, contrast, entropy): by half of the seen range on each
  side, at least by a tenth of what is possible, and not beyond the bounds;
- sizes and ratios (height, width, aspect ratio): from half of the least to twice the greatest;
- sizes of files and sharpness, of which a few are many times the others: by a factor of four;
- channels: what was seen, no more.

The ends are rounded outwards to two digits, so that people can read and remember them.
"""

import math
from collections.abc import Callable, Iterable, Sequence

from tensorflow_metadata.proto.v0 import schema_pb2

from components import features
from components.validation.distributions import Statistics, value_counts, value_range
from components.validation.schema import find_domain

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
