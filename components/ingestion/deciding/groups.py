"""File names -> groups, such as a patient's images, which must stay together."""

import re
from collections.abc import Iterable, Iterator, Mapping

import apache_beam as beam

from components.ingestion.comparing.connected import ConnectedComponents
from components.ingestion.comparing.earlier import EarlierImage, EarlierSpans
from components.ingestion.deciding.outputs import KNOWN, NEW
from components.ingestion.examining.examination import Examination
from components.ingestion.gathering import ApplyToAll, GatherAll, unpack


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


def link(
    examined: beam.PCollection,
    known: EarlierSpans,
    duplicates: beam.PCollection,
    pairs: beam.PCollection,
    pattern: str,
) -> beam.pvalue.AsSingleton:
    """Components of images and groups: image -> component, group -> component."""
    looking_alike = beam.pvalue.AsSingleton(pairs | "Images" >> ApplyToAll(_images_of))
    # Copies under several names tie their groups together, as look-alikes do.
    copied = beam.pvalue.AsSingleton(
        duplicates
        | "DigestOfDuplicate" >> beam.Map(lambda duplicate: duplicate.examination.sha256)
        | "DigestsOfDuplicates" >> ApplyToAll(frozenset)
    )
    sources = {NEW: examined | "EachNew" >> beam.FlatMap(lambda images: images)}
    if known.files:
        sources[KNOWN] = known.read("Groups")
    in_groups = [
        images
        | f"GroupOf[{name}]" >> beam.FlatMap(_membership, pattern)
        | f"GatherMemberships[{name}]" >> GatherAll()
        for name, images in sources.items()
    ]
    memberships = (
        in_groups
        | "NewAndEarlier" >> beam.Flatten()
        | "Memberships" >> beam.FlatMap(_memberships_that_matter, looking_alike, copied)
    )
    edges = (pairs, memberships) | "Edges" >> beam.Flatten()
    return beam.pvalue.AsSingleton(edges | "Links" >> ConnectedComponents())


def _images_of(pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(image for pair in pairs for image in pair)


def _membership(image: Examination | EarlierImage, pattern: str) -> Iterator[tuple[str, str]]:
    path = image.path if isinstance(image, EarlierImage) else image.filename
    if group := group_name(path, pattern):
        yield (image.sha256, group)


def _memberships_that_matter(
    packed: bytes, looking_alike: frozenset[str], copied: frozenset[str]
) -> Iterator[tuple[str, str]]:
    for sha256, group in unpack(packed):
        if sha256 in looking_alike or sha256 in copied:
            yield (sha256, group)


def component_of(sha256: str, filename: str, links: Mapping[str, str], pattern: str) -> str | None:
    """What an image has to stay together with; None for nothing."""
    group = group_name(filename, pattern)
    return links.get(sha256) or (links.get(group, group) if group else None)
