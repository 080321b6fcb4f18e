"""Images that look alike: equal pixels are settled as equal files, the rest is named."""

from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam

from components.ingestion.comparing.copies import CONTESTED
from components.ingestion.comparing.earlier import EarlierImage, EarlierSpans, find_across
from components.ingestion.comparing.look_alikes import (
    CONFLICTS,
    DUPLICATES,
    FINDINGS,
    SettleLookAlikes,
)
from components.ingestion.comparing.near_duplicates import BATCH_SIZE
from components.ingestion.deciding.outputs import ALONE, KEPT, KNOWN, NEW, TOGETHER
from components.ingestion.examining.examination import Examination
from components.ingestion.gathering import pack, unpack
from components.ingestion.rules import IngestionRules


def all_signatures(new: beam.PCollection, known: EarlierSpans) -> beam.PCollection:
    """Lists of (digest, signature), which have all images."""
    if not known.files:
        # Beam would hold all of them in memory to flatten one collection, too.
        return new
    earlier = (
        known.read("Likeness")
        | "EarlierSignature" >> beam.Map(lambda image: (image.sha256, image.signature))
        | "EarlierSignatures"
        >> beam.BatchElements(min_batch_size=BATCH_SIZE, max_batch_size=BATCH_SIZE)
    )
    return (new, earlier) | "AllSignatures" >> beam.Flatten()


def settle_look_alikes(
    images: beam.PCollection,
    components: beam.pvalue.AsSingleton,
    root: str,
    rules: IngestionRules,
) -> Mapping[str, beam.PCollection]:
    """Sorts out which images look alike, and settles those.

    Args:
        images: Packed Examinations.
        components: The digest of each image that looks like another -> its component.
        root: The data folder.
        rules: How to decide.

    Returns:
        `ALONE`, packed: those that look like no other; of the rest `KEPT`: Examination,
        `DUPLICATES`, `CONFLICTS` and `FINDINGS`.
    """
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
    outputs = {name: settled[name] for name in (KEPT, DUPLICATES, CONFLICTS, FINDINGS)}
    return {ALONE: sorted_out[ALONE], **outputs}


def _sort_out_look_alikes(packed: bytes, components: Mapping[str, str]) -> Iterator[Any]:
    alone = []
    for image in unpack(packed):
        if image.sha256 in components:
            yield beam.pvalue.TaggedOutput(TOGETHER, (components[image.sha256], image))
        elif image.class_text != CONTESTED:
            alone.append(image)
    yield pack(alone)


def find_across_spans(
    images: beam.PCollection, known: EarlierSpans, components: beam.pvalue.AsSingleton
) -> beam.PCollection:
    """Findings about new images that look like those of earlier spans."""
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
