"""A data folder -> what is in it and what becomes of it, without writing any record.

The part that ingestion and the audit share; TensorFlow is not needed for it.
"""

import dataclasses
import functools
import os
import tempfile
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from components.audit import AUDIT_FILE, Audit
from components.beam_arguments import ONE_PROCESS
from components.ingestion.data_folder import ImageFolder, list_image_folder
from components.ingestion.data_spans import FEWEST_CLASSES, is_span
from components.ingestion.deciding.decisions import Decisions, decide
from components.ingestion.examining.examine_files import REJECTED, ExamineFiles, batches
from components.ingestion.profile import FINDINGS, PLACED, REJECTIONS, ProfileImages
from components.ingestion.rules import IngestionRules
from components.ingestion.splits import plan_splits
from components.pages.thumbnails import RULES, make_thumbnails
from components.storage import read_file


@dataclasses.dataclass(frozen=True)
class Survey:
    """PCollections that account for every file of a folder.

    Attributes:
        decisions: About the images that could be examined.
        rejections: Rejection of all other files.
    """

    decisions: Decisions
    rejections: beam.PCollection


def survey(
    pipeline: beam.Pipeline,
    folder: ImageFolder,
    rules: IngestionRules,
    work_folder: str,
    earlier: str = "",
    earlier_spans: Sequence[str] = (),
    keeps_signatures: bool = False,
) -> Survey:
    """Lays out examination and decisions in Beam.

    Args:
        pipeline: Where to.
        folder: What to survey.
        rules: How.
        work_folder: For files that are needed while the pipeline runs; every worker must reach it,
            and it can be removed afterwards.
        earlier: Folder of the records of the run before, whose splits stay; empty for none.
        earlier_spans: Folders of the records of the spans before this one.
        keeps_signatures: Whether the images that are placed still have theirs.
    """
    examined = (
        pipeline
        | "Files" >> beam.Create(batches(folder.files))
        | "Examine"
        >> beam.ParDo(ExamineFiles(folder.root, rules, len(folder.files))).with_outputs(
            REJECTED, main="examined"
        )
    )
    plan = plan_splits(folder.given_splits, rules.split_weights)
    decisions = decide(
        examined["examined"],
        folder.root,
        rules,
        plan,
        work_folder,
        earlier,
        earlier_spans,
        len(folder.files),
        keeps_signatures,
    )
    # There is nothing to do for them that several workers could share.
    by_name = pipeline | "RejectedByName" >> beam.Create(folder.rejections, reshuffle=False)
    rejections = (examined[REJECTED], by_name, decisions.conflicts) | "Rejected" >> beam.Flatten()
    return Survey(decisions, rejections)


def summarize(
    placed: beam.PCollection,
    rejections: beam.PCollection,
    findings: beam.PCollection,
    folder: ImageFolder,
) -> beam.PCollection:
    """One Audit of what became of all files."""
    known = {PLACED: placed, REJECTIONS: rejections, FINDINGS: findings}
    return known | ProfileImages(folder.root, folder.found, folder.classes)


def make_pictures(audit: Audit) -> dict[str, str]:
    """Makes small pictures of the images that a page about an audit shows, by path."""
    read = functools.partial(read_file, audit.data_folder, most_bytes=RULES.max_bytes)
    return make_thumbnails(audit.pictured, read)


def audit_folder(root: str, rules: IngestionRules) -> Audit:
    """Surveys a folder on this machine.

    Args:
        root: A path that `components.ingestion.data_folder` can list.
        rules: How.

    Raises:
        PipelineError: The folder is not a data folder.
    """
    folder = list_image_folder(root, FEWEST_CLASSES) if is_span(root) else list_image_folder(root)
    with tempfile.TemporaryDirectory() as destination:
        with beam.Pipeline(options=PipelineOptions(list(ONE_PROCESS))) as pipeline:
            found = survey(pipeline, folder, rules, destination)
            audit = summarize(
                found.decisions.placed, found.rejections, found.decisions.findings, folder
            )
            _ = audit | "WriteAudit" >> beam.Map(
                lambda audit: audit.write(os.path.join(destination, AUDIT_FILE))
            )
        return Audit.read(os.path.join(destination, AUDIT_FILE))
