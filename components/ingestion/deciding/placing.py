"""Images -> splits: one for all that must stay together, and the earlier one where there was."""

import collections
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam

from components.audit import Finding
from components.ingestion.comparing.copies import find_leaks
from components.ingestion.comparing.earlier import EarlierImage, EarlierSpans, set_aside
from components.ingestion.comparing.look_alikes import CONFLICTS, FINDINGS
from components.ingestion.data_folder import split_of
from components.ingestion.deciding.groups import component_of, group_name
from components.ingestion.deciding.outputs import ALONE, KEPT, TOGETHER
from components.ingestion.examining.examination import Examination
from components.ingestion.gathering import GatherAll, pack, unpack
from components.ingestion.rules import IngestionRules
from components.ingestion.splits import (
    SplitPlan,
    Weights,
    choose_common_split,
    choose_split,
    strictest,
)
from components.ingestion.writing.manifest import Row, read_placed

EarlierSplits = Mapping[str, frozenset[str]]


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
    earlier_splits = (
        _earlier_splits(alone.pipeline, links, pattern, plan, earlier) if earlier else {}
    )
    held = _held(known, links, pattern) if known.files else {}
    placed = (
        together
        | "StayTogether" >> beam.GroupByKey()
        | "PlaceTogether"
        >> beam.ParDo(_place_together, earlier_splits, held, pattern, plan).with_outputs(
            CONFLICTS, FINDINGS, main=KEPT
        )
    )
    kept = _all_placed(alone, placed[KEPT], plan, earlier_splits)
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
    alone: beam.PCollection,
    placed: beam.PCollection,
    plan: SplitPlan,
    earlier_splits: Any,
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
        | "UnpackPlaced" >> beam.Map(_unpack_placed, plan, earlier_splits)
    )


def _unpack_placed(
    element: tuple[bool, bytes], plan: SplitPlan, earlier: EarlierSplits
) -> list[tuple[str, Examination]]:
    is_decided, packed = element
    return unpack(packed) if is_decided else _place_alone(unpack(packed), plan, earlier)


def _place_alone(
    images: Iterable[Examination], plan: SplitPlan, earlier: EarlierSplits
) -> list[tuple[str, Examination]]:
    """Each image in the split where it was, or else in that which its digest says."""
    return [
        (
            _split_before(image, plan[image.given_split], earlier)
            or choose_split(image.sha256, plan[image.given_split]),
            image,
        )
        for image in images
    ]


def _split_before(image: Examination, weights: Weights, earlier: EarlierSplits) -> str | None:
    """Where an image was in the run before, if the plan still leads there."""
    return strictest(split for split in earlier.get(image.sha256, ()) if split in weights)


def _earlier_splits(
    pipeline: beam.Pipeline,
    links: beam.pvalue.AsSingleton,
    pattern: str,
    plan: SplitPlan,
    earlier: str,
) -> beam.pvalue.AsSingleton:
    """The splits in the run before: of components, and of images that need to be remembered."""
    return beam.pvalue.AsSingleton(
        pipeline
        | "EarlierRun" >> beam.Create([earlier])
        | "EarlierSplits" >> beam.FlatMap(read_placed)
        | "EarlierComponents" >> beam.FlatMap(_remember, links, pattern, plan)
        | "SplitsOfComponent" >> beam.CombinePerKey(lambda sets: frozenset().union(*sets))
        | "EarlierSplitsByComponent" >> beam.combiners.ToDict()
    )


def _remember(
    row: Row, links: Mapping[str, str], pattern: str, plan: SplitPlan
) -> Iterator[tuple[str, frozenset[str]]]:
    """What a row says of an image and of its component; nothing if its digest says the same."""
    splits = frozenset([row.split])
    component = component_of(row.sha256, row.path, links, pattern)
    if component:
        yield (_key(component), splits)
    given = None if None in plan else split_of(row.path.partition("/")[0])
    # Most images were never with others: not to remember these keeps this small.
    if component or given not in plan or choose_split(row.sha256, plan[given]) != row.split:
        yield (row.sha256, splits)


def _key(component: str) -> str:
    """Of a component, whose own name may be the digest of an image."""
    return f"component {component}"


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
    earlier: EarlierSplits,
    held: Mapping[str, Mapping[str, str]],
    pattern: str,
    plan: SplitPlan,
) -> Iterator[Any]:
    component, members = element
    images = sorted(members, key=lambda image: image.filename)
    groups = {image.sha256: group_name(image.filename, pattern) for image in images}
    given = sorted({image.given_split for image in images if image.given_split})
    spans = held.get(component, {})
    # Where an earlier span has images of them, these alone decide.
    pinned = {} if spans else _pinned(images, plan[strictest(given)], earlier)
    new = [image for image in images if image not in pinned]
    places = spans or _first_of_each_split(pinned)
    if len(places) > 1 and new:
        for rejection in set_aside(new, places):
            yield beam.pvalue.TaggedOutput(CONFLICTS, rejection)
        yield from ((split, image) for image, split in pinned.items())
        return
    before = strictest(places) or strictest(earlier.get(_key(component), ()))
    split = next(iter(spans), None) or choose_common_split(
        (groups[image.sha256] or image.sha256 for image in images), given, before, plan
    )
    yield from ((split, image) for image in images)
    for leak in _leaks_of_groups(images, groups):
        yield beam.pvalue.TaggedOutput(FINDINGS, leak)


def _pinned(
    images: Sequence[Examination], weights: Weights, earlier: EarlierSplits
) -> dict[Examination, str]:
    """The images that have a split from the run before."""
    before = ((image, _split_before(image, weights, earlier)) for image in images)
    return {image: split for image, split in before if split}


def _first_of_each_split(pinned: Mapping[Examination, str]) -> dict[str, str]:
    """The first image by name of each split."""
    return _merge_held({split: image.filename} for image, split in pinned.items())


def _leaks_of_groups(
    images: Sequence[Examination], groups: Mapping[str, str | None]
) -> Iterator[Finding]:
    by_group = collections.defaultdict(list)
    for image in images:
        if group := groups[image.sha256]:
            by_group[group].append(image)
    for group, members in sorted(by_group.items()):
        yield from find_leaks(members, group)
