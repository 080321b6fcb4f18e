"""A data folder -> what becomes of each file, laid out on Beam without writing any record.

The part that ingestion and the audit share; TensorFlow is not needed for it.
"""

import dataclasses
from collections.abc import Sequence

import apache_beam as beam

from components.ingestion.data_folder import ImageFolder
from components.ingestion.deduplicate import (
    CONFLICTS,
    DUPLICATES,
    FINDINGS,
    KEPT,
    PART_SIZE,
    SIGNATURES,
    SINGLETONS,
    all_signatures,
    resolve_equal_files,
    resolve_near_duplicates,
)
from components.ingestion.earlier_spans import EarlierSpans, signature_files
from components.ingestion.examine_files import REJECTED, ExamineFiles, batches
from components.ingestion.groups import link
from components.ingestion.ingestion_rules import IngestionRules
from components.ingestion.near_duplicates import NearDuplicatePairs, connected_components
from components.ingestion.packing import ApplyToAll
from components.ingestion.splits import SplitPlan, assign_splits, plan_splits


@dataclasses.dataclass(frozen=True)
class Earlier:
    """What was ingested before.

    Attributes:
        records: Folder of the records of the run before, whose splits stay; empty for none.
        spans: Folders of the records of the spans before this one.
    """

    records: str = ""
    spans: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Question:
    """What is to be decided, and how.

    Attributes:
        root: The data folder.
        rules: How to decide.
        plan: Which split of ours the predefined splits feed.
        work_folder: For files that are needed while the pipeline runs; every worker must reach it,
            and it can be removed afterwards.
        earlier: What was ingested before.
        images_expected: How many there may be: so that no step has too many at once.
        keeps_signatures: Whether the images that are used still have theirs, half of all that is
            known of an image.
    """

    root: str
    rules: IngestionRules
    plan: SplitPlan
    work_folder: str
    earlier: Earlier = Earlier()
    images_expected: int = PART_SIZE
    keeps_signatures: bool = True


@dataclasses.dataclass(frozen=True)
class Decisions:
    """PCollections of what becomes of the files; each file is in one of the first three.

    Attributes:
        assigned: Lists of (split, ImageRecord), of the images that are used.
        duplicates: Duplicate.
        rejections: Rejection.
        findings: Finding, about files of any of these.
    """

    assigned: beam.PCollection
    duplicates: beam.PCollection
    rejections: beam.PCollection
    findings: beam.PCollection


def decide_folder(
    pipeline: beam.Pipeline,
    folder: ImageFolder,
    rules: IngestionRules,
    work_folder: str,
    earlier: Earlier = Earlier(),
    keeps_signatures: bool = False,
) -> Decisions:
    """Lays out the examination of all files of a folder, and the decisions.

    Args:
        pipeline: Where to.
        folder: Whose files.
        rules: How.
        work_folder: As of `Question`.
        earlier: What was ingested before.
        keeps_signatures: As of `Question`.
    """
    total = len(folder.files)
    examined = (
        pipeline
        | "Files" >> beam.Create(batches(folder.files))
        | "Examine"
        >> beam.ParDo(ExamineFiles(folder.root, rules, total)).with_outputs(
            REJECTED, main="examined"
        )
    )
    plan = plan_splits(folder.given_splits, rules.split_weights)
    question = Question(folder.root, rules, plan, work_folder, earlier, total, keeps_signatures)
    decided = decide(examined["examined"], question)
    # There is nothing to do for them that several workers could share.
    by_name = pipeline | "RejectedByName" >> beam.Create(folder.rejections, reshuffle=False)
    rejections = (examined[REJECTED], by_name, decided.rejections) | "Rejected" >> beam.Flatten()
    return dataclasses.replace(decided, rejections=rejections)


def decide(examined: beam.PCollection, question: Question) -> Decisions:
    """Lays out the decisions about images.

    Args:
        examined: Lists of records, of every readable image.
        question: How to decide.
    """
    rules = question.rules
    known = EarlierSpans(examined.pipeline, signature_files(question.earlier.spans))
    equal = resolve_equal_files(
        examined, known, question.images_expected, question.keeps_signatures
    )
    signatures = all_signatures(equal[SIGNATURES], known)
    pairs = signatures | NearDuplicatePairs(rules.near_duplicate_distance, question.work_folder)
    clusters = beam.pvalue.AsSingleton(pairs | "Clusters" >> ApplyToAll(connected_components))
    near = resolve_near_duplicates(equal[KEPT], clusters, known, question.root, rules)
    duplicates = (equal[DUPLICATES], near[DUPLICATES]) | "Duplicates" >> beam.Flatten()
    # Each step takes Beam some hundredths of a second to lay out, however few the images are.
    links = (
        link(examined, known, duplicates, pairs, rules.group_pattern)
        if rules.group_pattern
        else clusters
    )
    assigned = assign_splits(
        near[SINGLETONS],
        near[KEPT],
        known,
        links,
        rules.group_pattern,
        question.plan,
        question.earlier.records,
    )
    sources = (equal, near, assigned)
    conflicts = [source[CONFLICTS] for source in sources] | "Conflicts" >> beam.Flatten()
    findings = [source[FINDINGS] for source in sources] | "Findings" >> beam.Flatten()
    return Decisions(assigned[KEPT], duplicates, conflicts, findings)
