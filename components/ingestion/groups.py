"""File names -> groups, such as a patient's images, which must stay together."""

import re
from collections.abc import Iterable, Iterator, Mapping

import apache_beam as beam

from components.ingestion.earlier_spans import EarlierImage, EarlierSpans
from components.ingestion.image_record import ImageRecord
from components.ingestion.near_duplicates import connected_components
from components.ingestion.packing import ApplyToAll, GatherAll, unpack


def group_name(filename: str, pattern: str) -> str | None:
    """The group that a file's name puts it in.

    Args:
        filename: Path below the data folder.
        pattern: Regular expression; empty for no groups.

    Returns:
        "group:" and what the pattern's own groups found, or else all that it found; None where it
        finds nothing.
    """
    found = re.search(pattern, filename) if pattern else None
    if not found:
        return None
    return "group:" + "|".join(part or "" for part in found.groups() or (found.group(),))


def component_of(sha256: str, filename: str, links: Mapping[str, str], pattern: str) -> str | None:
    """What an image has to stay together with; None for nothing."""
    group = group_name(filename, pattern)
    return links.get(sha256) or (links.get(group, group) if group else None)


def link(
    examined: beam.PCollection,
    known: EarlierSpans,
    duplicates: beam.PCollection,
    pairs: beam.PCollection,
    pattern: str,
) -> beam.pvalue.AsSingleton:
    """Components of images and groups: image -> component, group -> component."""
    near = beam.pvalue.AsSingleton(pairs | "Images" >> ApplyToAll(_images_of))
    # Copies under several names tie their groups together, as near-duplicates do.
    copied = beam.pvalue.AsSingleton(
        duplicates
        | "DigestOfDuplicate" >> beam.Map(lambda duplicate: duplicate.image.sha256)
        | "DigestsOfDuplicates" >> ApplyToAll(frozenset)
    )
    sources = {"new": examined | "EachNew" >> beam.FlatMap(lambda images: images)}
    if known.files:
        sources["earlier"] = known.read("Groups")
    in_groups = [
        images
        | f"GroupOf[{name}]" >> beam.FlatMap(_membership, pattern)
        | f"GatherMemberships[{name}]" >> GatherAll()
        for name, images in sources.items()
    ]
    memberships = (
        in_groups
        | "NewAndEarlier" >> beam.Flatten()
        | "Memberships" >> beam.FlatMap(_memberships_that_matter, near, copied)
    )
    edges = (pairs, memberships) | "Edges" >> beam.Flatten()
    return beam.pvalue.AsSingleton(edges | "Links" >> ApplyToAll(connected_components))


def _images_of(pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(image for pair in pairs for image in pair)


def _membership(image: ImageRecord | EarlierImage, pattern: str) -> Iterator[tuple[str, str]]:
    path = image.path if isinstance(image, EarlierImage) else image.filename
    if group := group_name(path, pattern):
        yield (image.sha256, group)


def _memberships_that_matter(
    packed: bytes, near: frozenset[str], copied: frozenset[str]
) -> Iterator[tuple[str, str]]:
    for sha256, group in unpack(packed):
        if sha256 in near or sha256 in copied:
            yield (sha256, group)
