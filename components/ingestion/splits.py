"""Which split an image belongs to: decided by its own content, never by its neighbors.

Adding, removing or renaming images therefore never moves another image between splits. Images that
must stay together (near-duplicates, or a group by name) go where the first of them went; what was
in a split before, in the last run or in an earlier span, is pinned to it.
"""

import collections
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam

from components.audit import Finding
from components.features import EVAL_SPLIT, SPLITS, TEST_SPLIT, TRAIN_SPLIT
from components.ingestion.data_folder import split_of
from components.ingestion.deduplicate import CONFLICTS, FINDINGS, KEPT
from components.ingestion.duplicates import find_leaks
from components.ingestion.earlier_spans import EarlierImage, EarlierSpans
from components.ingestion.groups import component_of, group_name
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.manifest import Row, read_used_and_copies
from components.ingestion.packing import GatherAll, pack, unpack

Weights = Mapping[str, int]
SplitPlan = Mapping[str | None, Weights]
EarlierSplits = Mapping[str, frozenset[str]]

BETWEEN_SPLITS = "nearly the same as images of two splits"
_ALONE, _TOGETHER = "alone", "together"


def plan_splits(given_splits: tuple[str, ...], weights: Weights) -> SplitPlan:
    """Decides how predefined splits become train, eval and test.

    Args:
        given_splits: The predefined splits, empty for a flat folder.
        weights: Share of each split of a flat folder, as whole numbers of any sum.

    Returns:
        For each given split (None for a flat folder) the splits it feeds, with their weights:
        a missing test split is cut from eval, a missing eval split from train, both in the
        proportion that `weights` has.
    """
    if not given_splits:
        return {None: {split: weights[split] for split in SPLITS}}
    plan: dict[str | None, Weights] = {split: {split: 1} for split in given_splits}
    if TEST_SPLIT not in given_splits:
        plan[EVAL_SPLIT] = {split: weights[split] for split in (EVAL_SPLIT, TEST_SPLIT)}
    if EVAL_SPLIT not in given_splits:
        plan[TRAIN_SPLIT] = {split: weights[split] for split in (TRAIN_SPLIT, EVAL_SPLIT)}
    return plan


def choose_split(sha256: str, weights: Weights) -> str:
    """Chooses one of the weighted splits by the digest of an image.

    Args:
        sha256: Hexadecimal digest.
        weights: Share of each split, as whole numbers of any sum.

    Returns:
        The name of the split in whose part of [0, sum) the digest falls.
    """
    position = int(sha256, 16) % sum(weights.values())
    for split, weight in weights.items():
        if position < weight:
            return split
        position -= weight
    raise ValueError(f"Weights must be positive. Received: {dict(weights)}.")


def choose_common_split(
    units: Iterable[str], given_splits: Iterable[str | None], earlier: str | None, plan: SplitPlan
) -> str:
    """Chooses one split for images that must stay together.

    Args:
        units: What they are made of: digests of images, names of groups.
        given_splits: The predefined splits of the images, of which the strictest counts.
        earlier: Where images of them were in the run before; None if none was.
        plan: What each given split feeds.

    Returns:
        The earlier split, if the plan still leads there: a new copy never moves an image that was
        there before it. Otherwise the unit whose digest is the smallest decides.
    """
    weights = plan[strictest(given_splits)]
    if earlier in weights:
        return str(earlier)
    return choose_split(min(map(_digest, units)), weights)


def strictest(splits: Iterable[str | None]) -> str | None:
    """The split in which an image that lies in several does the least harm: test before eval.

    Returns:
        One of the splits; None if all of them are None, as in a flat folder.
    """
    return max((split for split in splits if split), key=SPLITS.index, default=None)


def _digest(unit: str) -> str:
    is_digest = len(unit) == hashlib.sha256().digest_size * 2 and ":" not in unit
    return unit if is_digest else hashlib.sha256(unit.encode()).hexdigest()


def assign_splits(
    alone: beam.PCollection,
    clustered: beam.PCollection,
    known: EarlierSpans,
    links: beam.pvalue.AsSingleton,
    pattern: str,
    plan: SplitPlan,
    earlier: str,
) -> Mapping[str, beam.PCollection]:
    """Gives each image its split.

    Args:
        alone: Packed records of images near no other.
        clustered: Record of each other image.
        known: The images of the spans before this one.
        links: What must stay together: image or group -> its component.
        pattern: Of the names of groups; empty for none.
        plan: Which split of ours the predefined splits feed.
        earlier: Folder of the records of the run before, whose splits stay; empty for none.

    Returns:
        `KEPT`: lists of (split, ImageRecord), `CONFLICTS` and `FINDINGS`.
    """
    if pattern:
        alone, together = _sort_out(alone, clustered, links, pattern)
    else:
        together = clustered | "ComponentOf" >> beam.Map(
            lambda image, links: (links[image.sha256], image), links
        )
    earlier_splits = (
        _earlier_splits(alone.pipeline, links, pattern, plan, earlier) if earlier else {}
    )
    pinned_by_spans = _pinned_by_spans(known, links, pattern) if known.files else {}
    assigned = (
        together
        | "StayTogether" >> beam.GroupByKey()
        | "AssignTogether"
        >> beam.ParDo(
            _assign_together, earlier_splits, pinned_by_spans, pattern, plan
        ).with_outputs(CONFLICTS, FINDINGS, main=KEPT)
    )
    kept = _all_assigned(alone, assigned[KEPT], plan, earlier_splits)
    return {**{name: assigned[name] for name in (CONFLICTS, FINDINGS)}, KEPT: kept}


def _sort_out(
    alone: beam.PCollection,
    clustered: beam.PCollection,
    links: beam.pvalue.AsSingleton,
    pattern: str,
) -> tuple[beam.PCollection, beam.PCollection]:
    """Which images stay alone, packed, and (component, image) of the others.

    Those that are near no other may be in a group with them, or with one another.
    """
    sorted_out = (
        (alone, clustered | "GatherClustered" >> GatherAll())
        | "Kept" >> beam.Flatten()
        | "WhoStaysTogether"
        >> beam.ParDo(_sort_out_groups, links, pattern).with_outputs(_TOGETHER, main=_ALONE)
    )
    return sorted_out[_ALONE], sorted_out[_TOGETHER]


def _sort_out_groups(packed: bytes, links: Mapping[str, str], pattern: str) -> Iterator[Any]:
    alone = []
    for image in unpack(packed):
        component = component_of(image.sha256, image.filename, links, pattern)
        if component:
            yield beam.pvalue.TaggedOutput(_TOGETHER, (component, image))
        else:
            alone.append(image)
    yield pack(alone)


def _all_assigned(
    alone: beam.PCollection,
    assigned: beam.PCollection,
    plan: SplitPlan,
    earlier_splits: Any,
) -> beam.PCollection:
    """Lists of (split, image), of images without a split, packed, and of such pairs."""
    packed = (
        alone | "Undecided" >> beam.Map(lambda packed: (False, packed)),
        assigned
        | "GatherAssigned" >> GatherAll()
        | "Decided" >> beam.Map(lambda packed: (True, packed)),
    )
    return (
        packed
        # Packed still: what is flattened is coded.
        | "Assigned" >> beam.Flatten()
        | "UnpackAssigned" >> beam.Map(_unpack_assigned, plan, earlier_splits)
    )


def _unpack_assigned(
    element: tuple[bool, bytes], plan: SplitPlan, earlier: EarlierSplits
) -> list[tuple[str, ImageRecord]]:
    is_decided, packed = element
    return unpack(packed) if is_decided else _assign_alone(unpack(packed), plan, earlier)


def _assign_alone(
    images: Iterable[ImageRecord], plan: SplitPlan, earlier: EarlierSplits
) -> list[tuple[str, ImageRecord]]:
    """Each image in the split where it was, or else in that which its digest says."""
    return [
        (
            _split_before(image, plan[image.given_split], earlier)
            or choose_split(image.sha256, plan[image.given_split]),
            image,
        )
        for image in images
    ]


def _split_before(image: ImageRecord, weights: Weights, earlier: EarlierSplits) -> str | None:
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
        | "EarlierSplits" >> beam.FlatMap(read_used_and_copies)
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


def _pinned_by_spans(
    known: EarlierSpans, links: beam.pvalue.AsSingleton, pattern: str
) -> beam.pvalue.AsSingleton:
    """An image of each split in which earlier spans have images of a component."""
    return beam.pvalue.AsSingleton(
        known.read("Splits")
        | "ComponentsOfEarlierSpans" >> beam.FlatMap(_split_of_earlier, links, pattern)
        | "PinnedByComponent" >> beam.CombinePerKey(_first_of_each)
        | "PinnedByComponents" >> beam.combiners.ToDict()
    )


def _split_of_earlier(
    image: EarlierImage, links: Mapping[str, str], pattern: str
) -> Iterator[tuple[str, dict[str, str]]]:
    component = component_of(image.sha256, image.path, links, pattern)
    if component:
        yield (component, {image.split: image.filename})


def _first_of_each(several: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """An image of each split, the first by name."""
    merged: dict[str, str] = {}
    for splits in several:
        for split, name in splits.items():
            merged[split] = min(name, merged.get(split, name))
    return merged


def _assign_together(
    element: tuple[str, Iterable[ImageRecord]],
    earlier: EarlierSplits,
    pinned_by_spans: Mapping[str, Mapping[str, str]],
    pattern: str,
    plan: SplitPlan,
) -> Iterator[Any]:
    component, members = element
    images = sorted(members, key=lambda image: image.filename)
    groups = {image.sha256: group_name(image.filename, pattern) for image in images}
    given = sorted({image.given_split for image in images if image.given_split})
    spans = pinned_by_spans.get(component, {})
    # Where an earlier span has images of them, these alone decide.
    pinned = {} if spans else _pinned(images, plan[strictest(given)], earlier)
    new = [image for image in images if image not in pinned]
    places = spans or _first_of_each_split(pinned)
    if len(places) > 1 and new:
        for rejection in _rejected_between(new, places):
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
    images: Sequence[ImageRecord], weights: Weights, earlier: EarlierSplits
) -> dict[ImageRecord, str]:
    """The images that have a split from the run before."""
    before = ((image, _split_before(image, weights, earlier)) for image in images)
    return {image: split for image, split in before if split}


def _first_of_each_split(pinned: Mapping[ImageRecord, str]) -> dict[str, str]:
    """The first image by name of each split."""
    return _first_of_each({split: image.filename} for image, split in pinned.items())


def _leaks_of_groups(
    images: Sequence[ImageRecord], groups: Mapping[str, str | None]
) -> Iterator[Finding]:
    by_group = collections.defaultdict(list)
    for image in images:
        if group := groups[image.sha256]:
            by_group[group].append(image)
    for group, members in sorted(by_group.items()):
        yield from find_leaks(members, group)


def _rejected_between(
    images: Sequence[ImageRecord], pinned: Mapping[str, str]
) -> Iterator[Rejection]:
    """Rejects images of which near-copies are in two splits already: each split would be wrong.

    Args:
        images: What has to stay together.
        pinned: An image that was in each of the splits before.
    """
    places = ", ".join(f"{name} in {split}" for split, name in sorted(pinned.items()))
    for image in images:
        yield image.rejected(BETWEEN_SPLITS, f"as {places}")
