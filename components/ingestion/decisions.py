"""Examinations -> what becomes of each image, on Beam.

examinations
  -> equal files: one is used, or all are set aside     copies.py
     and none if an earlier span has it                 earlier.py
  -> images that look alike: pairs, then components     near_duplicates.py, connected.py
  -> equal pixels among those: as equal files           look_alikes.py
  -> what must stay together gets one split             splits.py

No step compares all with all, and none holds all images: in memory are the pairs of near-duplicates
and the components that they form. Images go from step to step by the thousand, packed; those that
look alike or belong together go one by one.
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
from components.ingestion.gathering import Gather, GatherAll, pack, part_of, unpack, unpack_all
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
SIGNATURES = "signatures"
PART_SIZE = 5_000
"""Images among which equal files are looked for at once, about 10 MB in memory."""


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
    images_expected: int = PART_SIZE,
    keeps_signatures: bool = True,
) -> Decisions:
    """Lays out the decisions in Beam.

    Args:
        examined: Examination of every readable image.
        root: The data folder.
        rules: How to decide.
        plan: Which split of ours the owner's splits feed.
        earlier: Folder of the records of the run before, whose splits stay; empty for none.
        earlier_spans: Folders of the records of the spans before this one.
        images_expected: How many there may be: so that no step has too many at once.
        keeps_signatures: Whether the images that are placed still have theirs, half of all that is
            known of an image.
    """
    known = EarlierSpans(examined.pipeline, signature_files(earlier_spans))
    equal = _settle_equal_files(examined, known, images_expected, keeps_signatures)
    signatures = _all_signatures(equal[SIGNATURES], known)
    pairs = signatures | NearDuplicatePairs(rules.near_duplicate_distance)
    components = _components(pairs, "LookAlikes")
    look_alikes = _settle_look_alikes(equal[KEPT], components, root, rules)
    duplicates = (equal[DUPLICATES], look_alikes[DUPLICATES]) | "Duplicates" >> beam.Flatten()
    # Each step takes Beam some hundredths of a second to lay out, however few the images are.
    links = (
        _link(examined, known, duplicates, pairs, rules.group_pattern)
        if rules.group_pattern
        else components
    )
    placed = _place(look_alikes[KEPT], known, links, rules, plan, earlier)
    sources = (equal, look_alikes, placed)
    conflicts = [source[CONFLICTS] for source in sources] | "Conflicts" >> beam.Flatten()
    findings = [source[FINDINGS] for source in sources]
    if known.files:
        findings.append(_find_across(look_alikes[KEPT], known, components))
    return Decisions(placed[KEPT], duplicates, conflicts, findings | "Findings" >> beam.Flatten())


def _settle_equal_files(
    examined: beam.PCollection, known: EarlierSpans, images_expected: int, keeps_signatures: bool
) -> Mapping[str, beam.PCollection]:
    parts = 1 + (images_expected + known.most_images) // PART_SIZE
    new = examined | "NewByContent" >> _gather_by_content(parts)
    # To group together with nothing would take every image through Beam twice.
    grouped = (
        {
            NEW: new,
            KNOWN: known.read("Content")
            | "WithoutSignature"
            >> beam.Map(lambda image: dataclasses.replace(image, signature=b""))
            | "KnownByContent" >> _gather_by_content(parts),
        }
        | "EqualFiles" >> beam.CoGroupByKey()
        if known.files
        else new
        | "EqualFiles" >> beam.GroupByKey()
        | "NoneEarlier" >> beam.MapTuple(lambda part, images: (part, {NEW: images, KNOWN: ()}))
    )
    return grouped | "SettleEqualFiles" >> beam.ParDo(_settle_equal, keeps_signatures).with_outputs(
        DUPLICATES, CONFLICTS, FINDINGS, SIGNATURES, main=KEPT
    )


def _gather_by_content(parts: int) -> beam.PTransform:
    return "KeyByContent" >> beam.Map(
        lambda image: (part_of(image.sha256, parts), image)
    ) | "GatherByContent" >> beam.ParDo(Gather())


def _settle_equal(
    element: tuple[int, Mapping[str, Iterable[bytes]]], keeps_signatures: bool
) -> Iterator[Any]:
    by_content = collections.defaultdict(list)
    for image in unpack_all(element[1][NEW]):
        by_content[image.sha256].append(image)
    known: dict[str, EarlierImage] = {}
    for image in unpack_all(element[1][KNOWN]):
        if image.sha256 in by_content:
            known[image.sha256] = min(image, known.get(image.sha256, image))
    kept = []
    for sha256, copies in by_content.items():
        settlement = (
            settle_known(copies, known[sha256]) if sha256 in known else settle(copies, "same bytes")
        )
        if settlement.kept:
            kept.append(settlement.kept)
        yield from settlement_outputs(settlement)
    for image in kept:
        yield beam.pvalue.TaggedOutput(SIGNATURES, (image.sha256, image.signature))
    yield pack(kept if keeps_signatures else [image.without_signature() for image in kept])


def _all_signatures(new: beam.PCollection, known: EarlierSpans) -> beam.PCollection:
    """(digest, signature) of each image."""
    if not known.files:
        # Beam would hold all of them in memory to flatten one collection, too.
        return new
    earlier = known.read("Likeness") | "EarlierSignature" >> beam.Map(
        lambda image: (image.sha256, image.signature)
    )
    return (new, earlier) | "AllSignatures" >> beam.Flatten()


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
    kept = (
        sorted_out[ALONE],
        settled[KEPT] | "GatherKept" >> GatherAll(),
    ) | "Kept" >> beam.Flatten()
    return {KEPT: kept, **{name: settled[name] for name in (DUPLICATES, CONFLICTS, FINDINGS)}}


def _find_across(
    images: beam.PCollection, known: EarlierSpans, components: beam.pvalue.AsSingleton
) -> beam.PCollection:
    new = images | "UnpackNew" >> beam.FlatMap(unpack)
    by_component = {
        name: collection | f"LookAlikes[{name}]" >> beam.FlatMap(_by_component, components)
        for name, collection in ((NEW, new), (KNOWN, known.read("LookAlikes")))
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


def _sort_out_look_alikes(packed: bytes, components: Mapping[str, str]) -> Iterator[Any]:
    alone = []
    for image in unpack(packed):
        if image.sha256 in components:
            yield beam.pvalue.TaggedOutput(TOGETHER, (components[image.sha256], image))
        else:
            alone.append(image)
    yield pack(alone)


def _components(edges: beam.PCollection, label: str) -> beam.pvalue.AsSingleton:
    return beam.pvalue.AsSingleton(
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
    sources = {NEW: examined, **({KNOWN: known.read("Groups")} if known.files else {})}
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
    return _components((pairs, memberships) | "Edges" >> beam.Flatten(), "Links")


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
    earlier_splits = _earlier_splits(images.pipeline, links, pattern, earlier) if earlier else {}
    held = _held(known, links, pattern) if known.files else {}
    placed = (
        sorted_out[TOGETHER]
        | "StayTogether" >> beam.GroupByKey()
        | "PlaceTogether"
        >> beam.ParDo(_place_together, earlier_splits, held, pattern, plan).with_outputs(
            CONFLICTS, FINDINGS, main=KEPT
        )
    )
    kept = (
        (sorted_out[ALONE], placed[KEPT] | "GatherPlaced" >> GatherAll())
        | "Placed" >> beam.Flatten()
        | "UnpackPlaced" >> beam.FlatMap(unpack)
    )
    return {KEPT: kept, CONFLICTS: placed[CONFLICTS], FINDINGS: placed[FINDINGS]}


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


def _component(sha256: str, filename: str, links: Mapping[str, str], pattern: str) -> str | None:
    """What an image has to stay together with; None for nothing."""
    group = group_name(filename, pattern)
    return links.get(sha256) or (links.get(group, group) if group else None)


def _sort_out_groups(
    packed: bytes, links: Mapping[str, str], pattern: str, plan: SplitPlan
) -> Iterator[Any]:
    alone = []
    for image in unpack(packed):
        component = _component(image.sha256, image.filename, links, pattern)
        if component:
            yield beam.pvalue.TaggedOutput(TOGETHER, (component, image))
        else:
            alone.append((choose_split(image.sha256, plan[image.given_split]), image))
    yield pack(alone)


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
