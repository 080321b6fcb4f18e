"""Files of the same bytes: one is used, or all are set aside, or none if an earlier span has it."""

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam

from components.ingestion.comparing.copies import CONTESTED, settle
from components.ingestion.comparing.earlier import EarlierImage, EarlierSpans, settle_known
from components.ingestion.comparing.look_alikes import (
    CONFLICTS,
    DUPLICATES,
    FINDINGS,
    settlement_outputs,
)
from components.ingestion.deciding.outputs import KEPT, KNOWN, NEW, SIGNATURES
from components.ingestion.gathering import Gather, pack, part_of, unpack_all

PART_SIZE = 5_000
"""Images among which equal files are looked for at once, about 10 MB in memory."""


def settle_equal_files(
    examined: beam.PCollection, known: EarlierSpans, images_expected: int, keeps_signatures: bool
) -> Mapping[str, beam.PCollection]:
    """Settles files of the same bytes.

    Args:
        examined: Lists of Examinations, of every readable image.
        known: The images of the spans before this one.
        images_expected: How many there may be: so that no step has too many at once.
        keeps_signatures: Whether the images that are kept still have theirs.

    Returns:
        `KEPT`, packed, `SIGNATURES`: lists of (digest, signature) of these, `DUPLICATES`,
        `CONFLICTS` and `FINDINGS`.
    """
    parts = 1 + (images_expected + known.most_images) // PART_SIZE
    new = examined | "NewByContent" >> _gather_by_content(parts)
    # To group together with nothing would take every image through Beam twice.
    grouped = (
        {
            NEW: new,
            KNOWN: known.read("Content")
            | "WithoutSignature"
            >> beam.Map(lambda image: [dataclasses.replace(image, signature=b"")])
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
    return "GatherByContent" >> beam.ParDo(Gather(lambda image: part_of(image.sha256, parts)))


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
        elif settlement.conflicts:
            # Files of other bytes may hold its pixels, and are as doubtful.
            kept.append(min(copies)._replace(class_text=CONTESTED))
        yield from settlement_outputs(settlement)
    # Those of earlier spans are known by theirs.
    signatures = [(image.sha256, image.signature) for image in kept if image.sha256 not in known]
    yield beam.pvalue.TaggedOutput(SIGNATURES, signatures)
    yield pack(kept if keeps_signatures else [image.without_signature() for image in kept])
