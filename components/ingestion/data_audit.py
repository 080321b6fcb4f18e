"""A data folder -> its audit: what is in it and what becomes of it, without writing any record."""

import functools
import os
import tempfile

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from components.audit import AUDIT_FILE, Audit
from components.beam_arguments import ONE_PROCESS
from components.ingestion.data_folder import ImageFolder, list_image_folder
from components.ingestion.data_spans import FEWEST_CLASSES, is_span
from components.ingestion.decisions import decide_folder
from components.ingestion.ingestion_rules import IngestionRules
from components.ingestion.profile_images import FINDINGS, PLACED, REJECTIONS, ProfileImages
from components.pages.thumbnails import RULES, make_thumbnails
from components.storage import read_file


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
    """Looks through a folder on this machine.

    Args:
        root: A path that `components.ingestion.data_folder` can list.
        rules: How.

    Raises:
        PipelineError: The folder is not a data folder.
    """
    folder = list_image_folder(root, FEWEST_CLASSES) if is_span(root) else list_image_folder(root)
    with tempfile.TemporaryDirectory() as destination:
        with beam.Pipeline(options=PipelineOptions(list(ONE_PROCESS))) as pipeline:
            found = decide_folder(pipeline, folder, rules, destination)
            audit = summarize(found.assigned, found.rejections, found.findings, folder)
            _ = audit | "WriteAudit" >> beam.Map(
                lambda audit: audit.write(os.path.join(destination, AUDIT_FILE))
            )
        return Audit.read(os.path.join(destination, AUDIT_FILE))
