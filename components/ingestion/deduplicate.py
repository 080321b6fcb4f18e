"""Examined images -> those that are used, duplicates and conflicts, laid out on Beam.

examined images
  -> files of the same bytes: one is used, or all are rejected, or none if an earlier span has it
  -> near-duplicate clusters (near_duplicates.py): files of the same pixels are resolved likewise,
     the rest is named
  -> one split for what must stay together (splits.py)

Whether two files hold the same pixels is only asked of near-duplicates: to ask it of all would mean
to decode every photo in full. No step compares all with all, and none holds all images: in memory
are the pairs of near-duplicates and the clusters that they form; what pairs are found by lies in
files. Images go from step to step by the thousand, packed; those of clusters go one by one.
"""

import collections
import dataclasses
import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam

from components.ingestion import examine
from components.ingestion.duplicates import (
    CONTESTED,
    SAME_BYTES,
    SAME_PIXELS,
    Resolution,
    describe_cluster,
    resolve,
)
from components.ingestion.earlier_spans import EarlierImage, EarlierSpans
from components.ingestion.examine import Item, digest_pixels
from components.ingestion.examine_files import item_of
from components.ingestion.image_record import ImageRecord
from components.ingestion.ingestion_rules import IngestionRules
from components.ingestion.near_duplicates import BATCH_SIZE
from components.ingestion.packing import Gather, pack, part_of, unpack, unpack_all, windowed
from components.sandbox import Sandbox

PART_SIZE = 5_000
"""Images among which equal files are looked for at once, about 10 MB in memory."""
AT_ONCE = 1_000
"""Images that are decoded in one go; what is known of them is held in memory."""

KEPT = "kept"
DUPLICATES = "duplicates"
CONFLICTS = "conflicts"
FINDINGS = "findings"
SIGNATURES = "signatures"
SINGLETONS = "singletons"
_CLUSTERED = "clustered"
_NEW, _EARLIER = "new", "earlier"

Outputs = Mapping[str, beam.PCollection]


def resolve_equal_files(
    examined: beam.PCollection, known: EarlierSpans, images_expected: int, keeps_signatures: bool
) -> Outputs:
    """Resolves files of the same bytes.

    Args:
        examined: Lists of records, of every readable image.
        known: The images of the spans before this one.
        images_expected: How many there may be: so that no step has too many at once.
        keeps_signatures: Whether the images that are kept still have theirs.

    Returns:
        `KEPT`, packed, `SIGNATURES`: lists of (digest, signature) of these, `DUPLICATES`,
        `CONFLICTS` and `FINDINGS`.
    """
    parts = 1 + (images_expected + known.most_images) // PART_SIZE
    earlier = (
        known.read("Content")
        | "WithoutSignature" >> beam.Map(lambda image: [dataclasses.replace(image, signature=b"")])
        | "KnownByContent" >> _gather_by_content(parts)
        if known.files
        else None
    )
    new = examined | "NewByContent" >> _gather_by_content(parts)
    grouped = _group(new, earlier, "EqualFiles")
    return grouped | "ResolveEqualFiles" >> beam.ParDo(
        _resolve_equal, keeps_signatures
    ).with_outputs(DUPLICATES, CONFLICTS, FINDINGS, SIGNATURES, main=KEPT)


def all_signatures(new: beam.PCollection, known: EarlierSpans) -> beam.PCollection:
    """Lists of (digest, signature), which have all images."""
    if not known.files:
        # Beam would hold all of them in memory to flatten one collection, too.
        return new
    earlier = (
        known.read("Signatures")
        | "EarlierSignature" >> beam.Map(lambda image: (image.sha256, image.signature))
        | "EarlierSignatures"
        >> beam.BatchElements(min_batch_size=BATCH_SIZE, max_batch_size=BATCH_SIZE)
    )
    return (new, earlier) | "AllSignatures" >> beam.Flatten()


def resolve_near_duplicates(
    images: beam.PCollection,
    clusters: beam.pvalue.AsSingleton,
    known: EarlierSpans,
    root: str,
    rules: IngestionRules,
) -> Outputs:
    """Finds the images that are nearly the same, and resolves those of the same pixels.

    Args:
        images: Packed records.
        clusters: The digest of each near-duplicate -> its cluster.
        known: The images of the spans before this one.
        root: The data folder.
        rules: How to decide.

    Returns:
        `SINGLETONS`, packed: those that are near no other; of the rest `KEPT`: ImageRecord,
        `DUPLICATES`, `CONFLICTS` and `FINDINGS`.
    """
    sorted_out = images | "SortOutClusters" >> beam.ParDo(_sort_out, clusters).with_outputs(
        _CLUSTERED, main=SINGLETONS
    )
    earlier = (
        known.read("Clusters") | "EarlierOfClusters" >> beam.FlatMap(_by_cluster, clusters)
        if known.files
        else None
    )
    resolved = _group(sorted_out[_CLUSTERED], earlier, "GroupClusters") | "ResolveClusters" >> (
        beam.ParDo(ResolveClusters(root, rules)).with_outputs(
            DUPLICATES, CONFLICTS, FINDINGS, main=KEPT
        )
    )
    outputs = {name: resolved[name] for name in (KEPT, DUPLICATES, CONFLICTS, FINDINGS)}
    return {SINGLETONS: sorted_out[SINGLETONS], **outputs}


class ResolveClusters(beam.DoFn):
    """Takes (cluster, its images, new ones and earlier ones) apart.

    Yields the images that stay; duplicates, conflicts and findings in outputs of their own. The
    images of many clusters are decoded in one go: most have two, and to wait for these alone takes
    five milliseconds.
    """

    def __init__(self, root: str, rules: IngestionRules):
        super().__init__()
        self._root = root
        self._rules = rules

    def setup(self) -> None:
        """Prepares the workers."""
        self._sandbox = Sandbox(
            functools.partial(digest_pixels, self._rules.image),
            lambda *_: "",
            preload=examine.__name__,
            limits=self._rules.limits,
        )

    def teardown(self) -> None:
        """Ends the workers."""
        self._sandbox.close()

    def start_bundle(self) -> None:
        """Forgets the clusters of the bundle before."""
        self._waiting: list[tuple[list[ImageRecord], list[EarlierImage]]] = []

    def process(self, element: tuple[str, Mapping[str, Iterable[Any]]]) -> Iterator[Any]:
        """Takes one cluster; yields the outcomes of all that wait, once they are enough."""
        _, images = element
        new = sorted(images[_NEW], key=lambda image: image.filename)
        if new:
            self._waiting.append((new, sorted(images[_EARLIER])))
        if sum(len(new) + len(earlier) for new, earlier in self._waiting) >= AT_ONCE:
            yield from self._resolve()
            self.start_bundle()

    def finish_bundle(self) -> Iterator[Any]:
        """Yields the outcomes of the rest."""
        yield from map(windowed, self._resolve())
        # The steps behind need the memory.
        self._sandbox.close()

    def _resolve(self) -> Iterator[Any]:
        items = [item for cluster in self._waiting for item in self._doubtful(*cluster)]
        found = zip((item[1].sha256 for item in items), self._sandbox.map(items), strict=True)
        digests = {sha256: digest for sha256, digest in found if digest}
        for new, earlier in self._waiting:
            yield from _outcomes(new, earlier, digests)

    def _doubtful(
        self, new: Sequence[ImageRecord], earlier: Sequence[EarlierImage]
    ) -> Iterator[Item]:
        """Without new images of a size of their own, which need not be decoded.

        Of earlier images the size is not known, and perhaps their files are not there any more.
        """
        sizes = collections.Counter((image.width, image.height) for image in new)
        for image in new:
            if earlier or sizes[image.width, image.height] > 1:
                yield item_of(self._root, self._rules.image, image)
        above = os.path.dirname(self._root.rstrip("/"))
        for known in earlier:
            image = ImageRecord(known.path, known.class_text, None, known.sha256)
            yield item_of(os.path.join(above, known.span), self._rules.image, image)


def _group(new: beam.PCollection, earlier: beam.PCollection | None, name: str) -> beam.PCollection:
    """Groups new and earlier images by their key."""
    if earlier is not None:
        return {_NEW: new, _EARLIER: earlier} | name >> beam.CoGroupByKey()
    # To group together with nothing would take every image through Beam twice.
    return (
        new
        | name >> beam.GroupByKey()
        | f"{name}Alone" >> beam.MapTuple(lambda key, images: (key, {_NEW: images, _EARLIER: ()}))
    )


def _gather_by_content(parts: int) -> beam.PTransform:
    return "GatherByContent" >> beam.ParDo(Gather(lambda image: part_of(image.sha256, parts)))


def _resolve_equal(
    element: tuple[int, Mapping[str, Iterable[bytes]]], keeps_signatures: bool
) -> Iterator[Any]:
    by_content = collections.defaultdict(list)
    for image in unpack_all(element[1][_NEW]):
        by_content[image.sha256].append(image)
    known: dict[str, EarlierImage] = {}
    for image in unpack_all(element[1][_EARLIER]):
        if image.sha256 in by_content:
            known[image.sha256] = min(image, known.get(image.sha256, image))
    kept = []
    for sha256, copies in by_content.items():
        earlier = [known[sha256]] if sha256 in known else []
        resolution = resolve(copies, SAME_BYTES, earlier)
        if resolution.kept:
            kept.append(resolution.kept)
        elif resolution.conflicts:
            # Files of other bytes may hold its pixels, and are as doubtful.
            kept.append(min(copies)._replace(class_text=CONTESTED))
        yield from _outputs(resolution)
    # Those of earlier spans are known by theirs.
    signatures = [(image.sha256, image.signature) for image in kept if image.sha256 not in known]
    yield beam.pvalue.TaggedOutput(SIGNATURES, signatures)
    yield pack(kept if keeps_signatures else [image._replace(signature=b"") for image in kept])


def _sort_out(packed: bytes, clusters: Mapping[str, str]) -> Iterator[Any]:
    singletons = []
    for image in unpack(packed):
        if image.sha256 in clusters:
            yield beam.pvalue.TaggedOutput(_CLUSTERED, (clusters[image.sha256], image))
        elif image.class_text != CONTESTED:
            singletons.append(image)
    yield pack(singletons)


def _by_cluster(
    image: EarlierImage, clusters: Mapping[str, str]
) -> Iterator[tuple[str, EarlierImage]]:
    if image.sha256 in clusters:
        yield (clusters[image.sha256], image)


def _outcomes(
    new: Sequence[ImageRecord], earlier: Sequence[EarlierImage], digests: Mapping[str, str]
) -> Iterator[Any]:
    """What becomes of the images of one cluster, whose pixels have these digests."""
    known = collections.defaultdict(list)
    for image in earlier:
        known[digests.get(image.sha256, image.sha256)].append(image)
    groups = collections.defaultdict(list)
    for one in new:
        groups[digests.get(one.sha256, one.sha256)].append(one)
    resolutions = [
        resolve(copies, SAME_PIXELS, known.get(digest, ())) for digest, copies in groups.items()
    ]
    staying = [resolution.kept for resolution in resolutions if resolution.kept]
    yield from staying
    for resolution in resolutions:
        yield from _outputs(resolution)
    for finding in describe_cluster(staying, earlier):
        yield beam.pvalue.TaggedOutput(FINDINGS, finding)


def _outputs(resolution: Resolution) -> Iterator[beam.pvalue.TaggedOutput]:
    """What a resolution means beside the image that is kept, as outputs of a DoFn."""
    for name, found in (
        (DUPLICATES, resolution.duplicates),
        (CONFLICTS, resolution.conflicts),
        (FINDINGS, resolution.findings),
    ):
        for one in found:
            yield beam.pvalue.TaggedOutput(name, one)
