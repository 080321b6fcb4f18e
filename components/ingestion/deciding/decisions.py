"""Examinations -> what becomes of each image, laid out on Beam."""

import dataclasses
from collections.abc import Sequence

import apache_beam as beam

from components.ingestion.comparing.connected import ConnectedComponents
from components.ingestion.comparing.earlier import EarlierSpans, signature_files
from components.ingestion.comparing.look_alikes import CONFLICTS, DUPLICATES, FINDINGS
from components.ingestion.comparing.near_duplicates import NearDuplicatePairs
from components.ingestion.deciding.alike_files import (
    all_signatures,
    find_across_spans,
    settle_look_alikes,
)
from components.ingestion.deciding.equal_files import PART_SIZE, settle_equal_files
from components.ingestion.deciding.groups import link
from components.ingestion.deciding.outputs import ALONE, KEPT, SIGNATURES
from components.ingestion.deciding.placing import place
from components.ingestion.rules import IngestionRules
from components.ingestion.splits import SplitPlan


@dataclasses.dataclass(frozen=True)
class Decisions:
    """PCollections of what became of the examined images; each is in one of the first three.

    Attributes:
        placed: Lists of (split, Examination), of the images that are used.
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
    work_folder: str,
    earlier: str,
    earlier_spans: Sequence[str] = (),
    images_expected: int = PART_SIZE,
    keeps_signatures: bool = True,
) -> Decisions:
    """Lays out the decisions in Beam.

    Args:
        examined: Lists of Examinations, of every readable image.
        root: The data folder.
        rules: How to decide.
        plan: Which split of ours the owner's splits feed.
        work_folder: For files that are needed while the pipeline runs; every worker must reach it.
        earlier: Folder of the records of the run before, whose splits stay; empty for none.
        earlier_spans: Folders of the records of the spans before this one.
        images_expected: How many there may be: so that no step has too many at once.
        keeps_signatures: Whether the images that are placed still have theirs, half of all that is
            known of an image.
    """
    known = EarlierSpans(examined.pipeline, signature_files(earlier_spans))
    equal = settle_equal_files(examined, known, images_expected, keeps_signatures)
    signatures = all_signatures(equal[SIGNATURES], known)
    pairs = signatures | NearDuplicatePairs(rules.near_duplicate_distance, work_folder)
    components = beam.pvalue.AsSingleton(pairs | "Components" >> ConnectedComponents())
    look_alikes = settle_look_alikes(equal[KEPT], components, root, rules)
    duplicates = (equal[DUPLICATES], look_alikes[DUPLICATES]) | "Duplicates" >> beam.Flatten()
    # Each step takes Beam some hundredths of a second to lay out, however few the images are.
    links = (
        link(examined, known, duplicates, pairs, rules.group_pattern)
        if rules.group_pattern
        else components
    )
    placed = place(look_alikes[ALONE], look_alikes[KEPT], known, links, rules, plan, earlier)
    sources = (equal, look_alikes, placed)
    conflicts = [source[CONFLICTS] for source in sources] | "Conflicts" >> beam.Flatten()
    findings = [source[FINDINGS] for source in sources]
    if known.files:
        findings.append(find_across_spans(look_alikes[KEPT], known, components))
    return Decisions(placed[KEPT], duplicates, conflicts, findings | "Findings" >> beam.Flatten())
