"""Examinations -> what becomes of each image, on Beam.

examinations
  -> equal files: one is used, or all are set aside     copies.py
     and none if an earlier span has it                 earlier.py
  -> images that look alike: pairs, then components     near_duplicates.py, connected.py
  -> equal pixels among those: as equal files           look_alikes.py
  -> what must stay together gets one split             splits.py

No step compares all with all, and none holds all images: in memory are the pairs of near-duplicates
and the components that they form.
"""

import collections
import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam

from components.ingestion.comparing.connected import connected_components
from components.ingestion.comparing.copies import find_leaks, settle
from components.ingestion.comparing.earlier import (
    EarlierImage,
    EarlierSpans,
    find_across,
    set_aside,
    settle_known,
    signature_files,
)
from components.ingestion.comparing.look_alikes import (
    CONFLICTS,
    DUPLICATES,
    FINDINGS,
    SettleLookAlikes,
    settlement_outputs,
)
from components.ingestion.comparing.near_duplicates import NearDuplicatePairs
from components.ingestion.examining.examination import Examination
from components.ingestion.reporting.findings import Finding
from components.ingestion.rules import IngestionRules
from components.ingestion.splits import (
    SplitPlan,
    choose_common_split,
    choose_split,
    strictest,
)
from components.ingestion.writing.manifest import Row, read_used

ALONE = "alone"
TOGETHER = "together"
KEPT = "kept"
KNOWN = "known"
NEW = "new"


@dataclasses.dataclass(frozen=True)
class Decisions:
    """PCollections of what became of the examined images; each is in one of the first three.

    Attributes:
        placed: (split, Examination) of the images that are used.
        duplicates: Duplicate.
        conflicts: Rejection.
        findings: Finding, about images of any of these.
    """

    placed: beam.PCollection
    duplicates: beam.PCollection
    conflicts: beam.PCollection
    findings: beam.PCollection


def decide(
    examined: beam.PCollection,
    root: str,
    rules: IngestionRules,
    plan: SplitPlan,
    earlier: str,
    earlier_spans: Sequence[str] = (),
) -> Decisions:
    """Lays out the decisions in Beam.

    Args:
        examined: Examination of every readable image.
        root: The data folder.
        rules: How to decide.
        plan: Which split of ours the owner's splits feed.
        earlier: Folder of the records of the run before, whose splits stay; empty for none.
        earlier_spans: Folders of the records of the spans before this one.
    """
    known = EarlierSpans(examined.pipeline, signature_files(earlier_spans))
    equal = _settle_equal_files(examined, known)
    pairs = (
        (equal[KEPT], known.read("Likeness"))
        | "AllImages" >> beam.Flatten()
        | "Signature" >> beam.Map(lambda image: (image.sha256, image.signature))
        | NearDuplicatePairs(rules.near_duplicate_distance)
    )
    components = beam.pvalue.AsSingleton(_components(pairs, "LookAlikes"))
    look_alikes = _settle_look_alikes(equal[KEPT], components, root, rules)
    duplicates = (equal[DUPLICATES], look_alikes[DUPLICATES]) | "Duplicates" >> beam.Flatten()
    links = _link(examined, known, duplicates, pairs, rules.group_pattern)
    placed = _place(look_alikes[KEPT], known, links, rules, plan, earlier)
    sources = (equal, look_alikes, placed)
    conflicts = [source[CONFLICTS] for source in sources] | "Conflicts" >> beam.Flatten()
    findings = [source[FINDINGS] for source in sources]
    if known.files:
        findings.append(_find_across(look_alikes[KEPT], known, components))
    return Decisions(placed[KEPT], duplicates, conflicts, findings | "Findings" >> beam.Flatten())


def _settle_equal_files(
    examined: beam.PCollection, known: EarlierSpans
) -> Mapping[str, beam.PCollection]:
    new = examined | "KeyByContent" >> beam.Map(lambda image: (image.sha256, image))
    # Of a folder without spans, this is one of the few steps through which every image goes.
    grouped = (
        {NEW: new, KNOWN: known.read("Content") | "KeyKnownByContent" >> beam.Map(_key_by_content)}
        | "EqualFiles" >> beam.CoGroupByKey()
        if known.files
        else new
        | "EqualFiles" >> beam.GroupByKey()
        | "NoneEarlier"
        >> beam.MapTuple(lambda content, images: (content, {NEW: images, KNOWN: ()}))
    )
    return grouped | "SettleEqualFiles" >> beam.ParDo(_settle_copies).with_outputs(
        DUPLICATES, CONFLICTS, FINDINGS, main=KEPT
    )


def _key_by_content(image: EarlierImage) -> tuple[str, EarlierImage]:
    return image.sha256, dataclasses.replace(image, signature=b"")


def _settle_copies(element: tuple[str, Mapping[str, Iterable[Any]]]) -> Iterator[Any]:
    copies, known = list(element[1][NEW]), sorted(element[1][KNOWN])
    if copies and known:
        yield from settlement_outputs([settle_known(copies, known[0])])
    elif copies:
        yield from settlement_outputs([settle(copies, "same bytes")])


def _settle_look_alikes(
    images: beam.PCollection,
    components: beam.pvalue.AsSingleton,
    root: str,
    rules: IngestionRules,
) -> Mapping[str, beam.PCollection]:
    sorted_out = images | "WhoLooksAlike" >> beam.ParDo(
        _sort_out_look_alikes, components
    ).with_outputs(TOGETHER, main=ALONE)
    settled = (
        sorted_out[TOGETHER]
        | "LookAlikes" >> beam.GroupByKey()
        | "SettleLookAlikes"
        >> beam.ParDo(SettleLookAlikes(root, rules)).with_outputs(
            DUPLICATES, CONFLICTS, FINDINGS, main=KEPT
        )
    )
    kept = (sorted_out[ALONE], settled[KEPT]) | "Kept" >> beam.Flatten()
    return {KEPT: kept, **{name: settled[name] for name in (DUPLICATES, CONFLICTS, FINDINGS)}}


def _find_across(
    images: beam.PCollection, known: EarlierSpans, components: beam.pvalue.AsSingleton
) -> beam.PCollection:
    by_component = {
        name: collection | f"LookAlikes[{name}]" >> beam.FlatMap(_by_component, components)
        for name, collection in ((NEW, images), (KNOWN, known.read("LookAlikes")))
    }
    return (
        by_component
        | "AcrossSpans" >> beam.CoGroupByKey()
        | "FindAcrossSpans"
        >> beam.FlatMapTuple(lambda _, alike: find_across(alike[NEW], alike[KNOWN]))
    )


def _by_component(
    image: Examination | EarlierImage, components: Mapping[str, str]
) -> Iterator[tuple[str, Examination | EarlierImage]]:
    if image.sha256 in components:
        yield (components[image.sha256], image)


def _sort_out_look_alikes(image: Examination, components: Mapping[str, str]) -> Iterator[Any]:
    if image.sha256 in components:
        yield beam.pvalue.TaggedOutput(TOGETHER, (components[image.sha256], image))
    else:
        yield image


def _components(edges: beam.PCollection, label: str) -> beam.PCollection:
    return (
        edges
        | f"ListEdges[{label}]" >> beam.combiners.ToList()
        | f"Connect[{label}]" >> beam.Map(connected_components)
    )


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


def _link(
    examined: beam.PCollection,
    known: EarlierSpans,
    duplicates: beam.PCollection,
    pairs: beam.PCollection,
    pattern: str,
) -> beam.pvalue.AsSingleton:
    """Components of images and groups: image -> component, group -> component."""
    if not pattern:
        return beam.pvalue.AsSingleton(_components(pairs, "Links"))
    looking_alike = beam.pvalue.AsSingleton(
        pairs | "ListPairs" >> beam.combiners.ToList() | "Images" >> beam.Map(_images_of)
    )
    # Copies under several names tie their groups together, as look-alikes do.
    copied = beam.pvalue.AsSingleton(
        duplicates
        | "DigestOfDuplicate" >> beam.Map(lambda duplicate: duplicate.examination.sha256)
        | "ListDigests" >> beam.combiners.ToList()
        | "DigestsOfDuplicates" >> beam.Map(frozenset)
    )
    memberships = (
        (examined, known.read("Groups"))
        | "NewAndEarlier" >> beam.Flatten()
        | "Memberships" >> beam.FlatMap(_membership, looking_alike, copied, pattern)
    )
    return beam.pvalue.AsSingleton(
        _components((pairs, memberships) | "Edges" >> beam.Flatten(), "Links")
    )


def _images_of(pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(image for pair in pairs for image in pair)


def _membership(
    image: Examination | EarlierImage,
    looking_alike: frozenset[str],
    copied: frozenset[str],
    pattern: str,
) -> Iterator[tuple[str, str]]:
    path = image.path if isinstance(image, EarlierImage) else image.filename
    group = group_name(path, pattern)
    if group and (image.sha256 in looking_alike or image.sha256 in copied):
        yield (image.sha256, group)


def _place(
    images: beam.PCollection,
    known: EarlierSpans,
    links: beam.pvalue.AsSingleton,
    rules: IngestionRules,
    plan: SplitPlan,
    earlier: str,
) -> Mapping[str, beam.PCollection]:
    pattern = rules.group_pattern
    sorted_out = images | "WhoStaysTogether" >> beam.ParDo(
        _sort_out_groups, links, pattern, plan
    ).with_outputs(TOGETHER, main=ALONE)
    earlier_splits = beam.pvalue.AsSingleton(
        images.pipeline
        | "EarlierRun" >> beam.Create([earlier] if earlier else [])
        | "EarlierSplits" >> beam.FlatMap(read_used)
        | "EarlierComponents" >> beam.FlatMap(_earlier_component, links, pattern)
        | "SplitsOfComponent" >> beam.CombinePerKey(lambda splits: strictest(splits))
        | "EarlierSplitsByComponent" >> beam.combiners.ToDict()
    )
    held = beam.pvalue.AsSingleton(
        known.read("Splits")
        | "ComponentsOfEarlierSpans" >> beam.FlatMap(_held_by, links, pattern)
        | "HeldByComponent" >> beam.CombinePerKey(_merge_held)
        | "HeldByComponents" >> beam.combiners.ToDict()
    )
    placed = (
        sorted_out[TOGETHER]
        | "StayTogether" >> beam.GroupByKey()
        | "PlaceTogether"
        >> beam.ParDo(_place_together, earlier_splits, held, pattern, plan).with_outputs(
            CONFLICTS, FINDINGS, main=KEPT
        )
    )
    kept = (sorted_out[ALONE], placed[KEPT]) | "Placed" >> beam.Flatten()
    return {KEPT: kept, CONFLICTS: placed[CONFLICTS], FINDINGS: placed[FINDINGS]}


def _component(sha256: str, filename: str, links: Mapping[str, str], pattern: str) -> str | None:
    """What an image has to stay together with; None for nothing."""
    group = group_name(filename, pattern)
    return links.get(sha256) or (links.get(group, group) if group else None)


def _sort_out_groups(
    image: Examination, links: Mapping[str, str], pattern: str, plan: SplitPlan
) -> Iterator[Any]:
    component = _component(image.sha256, image.filename, links, pattern)
    if component:
        yield beam.pvalue.TaggedOutput(TOGETHER, (component, image))
    else:
        yield (choose_split(image.sha256, plan[image.given_split]), image)


def _earlier_component(
    row: Row, links: Mapping[str, str], pattern: str
) -> Iterator[tuple[str, str]]:
    component = _component(row.sha256, row.path, links, pattern)
    if component:
        yield (component, row.split)


def _held_by(
    image: EarlierImage, links: Mapping[str, str], pattern: str
) -> Iterator[tuple[str, dict[str, str]]]:
    component = _component(image.sha256, image.path, links, pattern)
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
