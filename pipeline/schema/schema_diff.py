"""Two schemas -> in what they differ: first in words, then line by line."""

import difflib
from collections.abc import Iterator

from rich.text import Text
from tensorflow_metadata.proto.v0 import schema_pb2

from components import features
from components.validation.schema import find_domain
from components.validation.validation_result import list_some, quote

ADDED = "green"
REMOVED = "red"
HEADING = "bold"
_STYLES = {"+": ADDED, "-": REMOVED, "@": "cyan"}


def is_same(one: schema_pb2.Schema, other: schema_pb2.Schema) -> bool:
    """Whether two schemas ask the same of records, in whatever order they name the features."""
    return _in_order(one) == _in_order(other)


def describe_differences(frozen: schema_pb2.Schema, proposed: schema_pb2.Schema) -> Iterator[Text]:
    """Says in words what changes for people: classes, their numbers, formats and ranges.

    Args:
        frozen: The schema in use; an empty one where there is none.
        proposed: What would take its place.
    """
    yield from _describe_values(frozen, proposed, features.CLASS_TEXT, "classes")
    yield from _describe_numbers(frozen, proposed)
    yield from _describe_values(frozen, proposed, features.IMAGE_FORMAT, "formats")
    before, after = _ranges(frozen), _ranges(proposed)
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield Text(f"{key}: ", HEADING).append_text(
                Text.assemble(
                    (before.get(key, "any"), REMOVED), " -> ", (after.get(key, "any"), ADDED)
                )
            )


def unified_diff(frozen: str, proposed: str, path: str) -> Iterator[Text]:
    """The lines of the file that change, comments and all, as `diff -u` shows them.

    Args:
        frozen: The file as it is; empty where there is none.
        proposed: The file as it would be.
        path: Of the file.
    """
    lines = difflib.unified_diff(
        frozen.splitlines(), proposed.splitlines(), path, f"{path}, proposed", lineterm=""
    )
    for line in lines:
        yield Text(line, HEADING if line[:3] in ("---", "+++") else _STYLES.get(line[:1], ""))


def _in_order(schema: schema_pb2.Schema) -> schema_pb2.Schema:
    copy = schema_pb2.Schema()
    copy.CopyFrom(schema)
    copy.feature.sort(key=lambda feature: feature.name)
    return copy


def _describe_values(
    frozen: schema_pb2.Schema, proposed: schema_pb2.Schema, key: str, words: str
) -> Iterator[Text]:
    before, after = _values(frozen, key), _values(proposed, key)
    added = [name for name in after if name not in set(before)]
    removed = [name for name in before if name not in set(after)]
    if added or removed:
        yield Text(f"{words}: {len(before):,} -> {len(after):,}", HEADING)
    for name in added:
        yield Text(f"  + {quote(name)}", ADDED)
    for name in removed:
        yield Text(f"  - {quote(name)}: no images", REMOVED)


def _describe_numbers(frozen: schema_pb2.Schema, proposed: schema_pb2.Schema) -> Iterator[Text]:
    """A class's number is its place among the sorted names: one name more moves others."""
    before = {name: number for number, name in enumerate(_values(frozen, features.CLASS_TEXT))}
    moved = [
        f"{quote(name)} {before[name]} -> {number}"
        for number, name in enumerate(_values(proposed, features.CLASS_TEXT))
        if before.get(name, number) != number
    ]
    if moved:
        yield Text(
            f"  numbers change: {list_some(moved)}. Models that were pushed before have their own "
            "list of names and go on answering rightly; tell clients that use numbers."
        )


def _values(schema: schema_pb2.Schema, key: str) -> list[str]:
    if all(feature.name != key for feature in schema.feature):
        return []
    copy = schema_pb2.Schema()
    copy.CopyFrom(schema)
    return list(find_domain(copy, key).value)


def _ranges(schema: schema_pb2.Schema) -> dict[str, str]:
    """Ranges in words, by feature."""
    ranges = {}
    for feature in schema.feature:
        kind = feature.WhichOneof("domain_info")
        if kind in ("int_domain", "float_domain"):
            domain = getattr(feature, kind)
            least = f"{domain.min:g}" if domain.HasField("min") else "any"
            greatest = f"{domain.max:g}" if domain.HasField("max") else "any"
            ranges[feature.name] = f"{least} to {greatest}"
    return ranges
