"""Images -> splits: one for all that must stay together, and the earlier one where there was."""

import collections
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam

from components.ingestion.comparing.copies import find_leaks
from components.ingestion.comparing.earlier import EarlierImage, EarlierSpans, set_aside
from components.ingestion.comparing.look_alikes import CONFLICTS, FINDINGS
from components.ingestion.deciding.groups import component_of, group_name
from components.ingestion.deciding.outputs import ALONE, KEPT, TOGETHER
from components.ingestion.examining.examination import Examination
from components.ingestion.gathering import GatherAll, pack, unpack
from components.ingestion.reporting.findings import Finding
from components.ingestion.rules import IngestionRules
from components.ingestion.splits import (
    SplitPlan,
    choose_common_split,
    choose_split,
    strictest,
)
from components.ingestion.writing.manifest import Row, read_used


def place(
    alone: beam.PCollection,
    alike: beam.PCollection,
    known: EarlierSpans,
    links: beam.pvalue.AsSingleton,
    rules: IngestionRules,
    plan: SplitPlan,
    earlier: str,
) -> Mapping[str, beam.PCollection]:
    """Gives each image its split.

    Args:
        alone: Packed Examinations of images that look like no other.
        alike: Examination of each other image.
        known: The images of the spans before this one.
        links: What must stay together: image or group -> its component.
        rules: With the pattern of groups.
        plan: Which split of ours the owner's splits feed.
        earlier: Folder of the records of the run before, whose splits stay; empty for none.

    Returns:
        `KEPT`: lists of (split, Examination), `CONFLICTS` and `FINDINGS`.
    """
    pattern = rules.group_pattern
    if pattern:
        alone, together = _sort_out(alone, alike, links, pattern)
    else:
        together = alike | "ComponentOf" >> beam.Map(
            lambda image, links: (links[image.sha256], image), links
        )
    earlier_splits = _earlier_splits(alone.pipeline, links, pattern, earlier) if earlier else {}
    held = _held(known, links, pattern) if known.files else {}
    placed = (
        together
        | "StayTogether" >> beam.GroupByKey()
        | "PlaceTogether"
        >> beam.ParDo(_place_together, earlier_splits, held, pattern, plan).with_outputs(
            CONFLICTS, FINDINGS, main=KEPT
        )
    )
    kept = _all_placed(alone, placed[KEPT], plan)
    return {KEPT: kept, CONFLICTS: placed[CONFLICTS], FINDINGS: placed[FINDINGS]}


def _sort_out(
    alone: beam.PCollection,
    alike: beam.PCollection,
    links: beam.pvalue.AsSingleton,
    pattern: str,
) -> tuple[beam.PCollection, beam.PCollection]:
    """Which images stay alone, packed, and (component, image) of the others.

    Those that look like no other may be in a group with them, or with one another.
    """
    sorted_out = (
        (alone, alike | "GatherAlike" >> GatherAll())
        | "Kept" >> beam.Flatten()
        | "WhoStaysTogether"
        >> beam.ParDo(_sort_out_groups, links, pattern).with_outputs(TOGETHER, main=ALONE)
    )
    return sorted_out[ALONE], sorted_out[TOGETHER]


def _sort_out_groups(packed: bytes, links: Mapping[str, str], pattern: str) -> Iterator[Any]:
    alone = []
    for image in unpack(packed):
        component = component_of(image.sha256, image.filename, links, pattern)
        if component:
            yield beam.pvalue.TaggedOutput(TOGETHER, (component, image))
        else:
            alone.append(image)
    yield pack(alone)


def _all_placed(
    alone: beam.PCollection, placed: beam.PCollection, plan: SplitPlan
) -> beam.PCollection:
    """Lists of (split, image), of images without a split, packed, and of such pairs."""
    packed = (
        alone | "Undecided" >> beam.Map(lambda packed: (False, packed)),
        placed
        | "GatherPlaced" >> GatherAll()
        | "Decided" >> beam.Map(lambda packed: (True, packed)),
    )
    return (
        packed
        # Packed still: what is flattened is coded.
        | "Placed" >> beam.Flatten()
        | "UnpackPlaced"
        >> beam.MapTuple(
            lambda is_decided, packed: (
                unpack(packed) if is_decided else _place_alone(unpack(packed), plan)
            )
        )
    )


def _place_alone(images: Iterable[Examination], plan: SplitPlan) -> list[tuple[str, Examination]]:
    """Each image in the split that its digest says."""
    return [(choose_split(image.sha256, plan[image.given_split]), image) for image in images]


def _earlier_splits(
    pipeline: beam.Pipeline, links: beam.pvalue.AsSingleton, pattern: str, earlier: str
) -> beam.pvalue.AsSingleton:
    """The split of each component in the run before."""
    return beam.pvalue.AsSingleton(
        pipeline
        | "EarlierRun" >> beam.Create([earlier])
        | "EarlierSplits" >> beam.FlatMap(read_used)
        | "EarlierComponents" >> beam.FlatMap(_earlier_component, links, pattern)
        | "SplitsOfComponent" >> beam.CombinePerKey(lambda splits: strictest(splits))
        | "EarlierSplitsByComponent" >> beam.combiners.ToDict()
    )


def _earlier_component(
    row: Row, links: Mapping[str, str], pattern: str
) -> Iterator[tuple[str, str]]:
    component = component_of(row.sha256, row.path, links, pattern)
    if component:
        yield (component, row.split)


def _held(
    known: EarlierSpans, links: beam.pvalue.AsSingleton, pattern: str
) -> beam.pvalue.AsSingleton:
    """An image of each split in which earlier spans have images of a component."""
    return beam.pvalue.AsSingleton(
        known.read("Splits")
        | "ComponentsOfEarlierSpans" >> beam.FlatMap(_held_by, links, pattern)
        | "HeldByComponent" >> beam.CombinePerKey(_merge_held)
        | "HeldByComponents" >> beam.combiners.ToDict()
    )


def _held_by(
    image: EarlierImage, links: Mapping[str, str], pattern: str
) -> Iterator[tuple[str, dict[str, str]]]:
    component = component_of(image.sha256, image.path, links, pattern)
    if component:
        yield (component, {image.split: image.filename})


def _merge_held(several: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """An image of each split, the first by name."""
    merged: dict[str, str] = {}
    for held in several:
        for split, name in held.items():
            merged[split] = min(name, merged.get(split, name))
    return merged


def _place_together(
    element: tuple[str, Iterable[Examination]],
    earlier_splits: Mapping[str, str],
    held: Mapping[str, Mapping[str, str]],
    pattern: str,
    plan: SplitPlan,
) -> Iterator[Any]:
    component, members = element
    images = sorted(members, key=lambda image: image.filename)
    groups = {image.sha256: group_name(image.filename, pattern) for image in images}
    splits = held.get(component, {})
    if len(splits) > 1:
        for rejection in set_aside(images, splits):
            yield beam.pvalue.TaggedOutput(CONFLICTS, rejection)
        return
    split = next(iter(splits), None) or choose_common_split(
        (groups[image.sha256] or image.sha256 for image in images),
        sorted({image.given_split for image in images if image.given_split}),
        earlier_splits.get(component),
        plan,
    )
    yield from ((split, image) for image in images)
    for leak in _leaks_of_groups(images, groups):
        yield beam.pvalue.TaggedOutput(FINDINGS, leak)


def _leaks_of_groups(
    images: Sequence[Examination], groups: Mapping[str, str | None]
) -> Iterator[Finding]:
    by_group = collections.defaultdict(list)
    for image in images:
        if group := groups[image.sha256]:
            by_group[group].append(image)
    for group, members in sorted(by_group.items()):
        yield from find_leaks(members, group)
