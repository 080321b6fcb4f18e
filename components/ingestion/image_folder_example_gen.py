"""An image folder -> TFRecords of train, eval and test, on Beam: the step, as TFX sees it."""

import contextlib
import functools
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
from tfx import types
from tfx.dsl.components.base import (
    base_beam_component,
    base_beam_executor,
    executor_spec,
)
from tfx.types import (
    artifact_utils,
    component_spec,
    standard_artifacts,
    standard_component_specs,
)

from components import features
from components.audit import AUDIT_FILE, Audit
from components.ingestion.accounting import check_account, write_rejects
from components.ingestion.data_audit import make_pictures, summarize
from components.ingestion.data_folder import ImageFolder, list_image_folder
from components.ingestion.data_spans import FEWEST_CLASSES
from components.ingestion.decisions import Decisions, Earlier, decide_folder
from components.ingestion.driver import (
    DATA_FOLDER_KEY,
    EARLIER_KEY,
    EARLIER_SPANS_KEY,
    FINGERPRINT_KEY,
    RULES_KEY,
    SPAN_KEY,
    SPLIT_RULES_KEY,
    ImageFolderDriver,
    digest_listing,
    write_listing,
)
from components.ingestion.earlier_spans import WriteSignatures
from components.ingestion.ingestion_rules import IngestionRules
from components.ingestion.manifest import WriteManifest, row_of_duplicate, row_of_rejection
from components.ingestion.packing import ApplyToAll
from components.ingestion.shard import write_records
from components.ingestion.write import REJECTED, ROWS, WRITTEN, WriteShards
from components.pages.thumbnails import write_thumbnails
from components.storage import (
    folder_exists,
    list_files,
    make_folder,
    remove_folder,
    remove_unfinished,
    replacing,
)

CODE_FINGERPRINT_KEY = "code_fingerprint"


class ImageFolderExecutor(base_beam_executor.BaseBeamExecutor):
    """Examines, decides, writes, and accounts for each file of a folder."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `Split-<split>/*.gz` and the account of all files into the artifact.

        Raises:
            PipelineError: The folder cannot be used; the message says why.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        examples = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.EXAMPLES_KEY]
        )
        examples.split_names = artifact_utils.encode_split_names(list(features.SPLITS))
        if exec_properties.get(SPAN_KEY) is None:
            folder = list_image_folder(exec_properties[DATA_FOLDER_KEY])
            audit = self._ingest(folder, exec_properties, examples.uri)
        else:
            audit = self._ingest_span(exec_properties, examples)
        write_thumbnails(make_pictures(audit), examples.uri)
        _publish(audit, examples)
        _remember(exec_properties, examples)

    def _ingest_span(self, exec_properties: dict[str, Any], examples: types.Artifact) -> Audit:
        folder = list_image_folder(exec_properties[DATA_FOLDER_KEY], FEWEST_CLASSES)
        # Before any image is read, so that a change meanwhile is noticed by the next run.
        listing = digest_listing(folder)
        audit = self._ingest(folder, exec_properties, examples.uri)
        write_empty_splits(examples.uri)
        examples.span = exec_properties[SPAN_KEY]
        write_listing(examples.uri, listing)
        return audit

    def _ingest(self, folder: ImageFolder, exec_properties: dict[str, Any], uri: str) -> Audit:
        rules = IngestionRules.from_json(exec_properties[RULES_KEY])
        is_span = exec_properties.get(SPAN_KEY) is not None
        spans = json.loads(exec_properties.get(EARLIER_SPANS_KEY) or "[]")
        with _work_folder(uri) as work_folder, self._make_beam_pipeline() as pipeline:
            earlier = Earlier(exec_properties.get(EARLIER_KEY, ""), spans)
            found = decide_folder(
                pipeline, folder, rules, work_folder, earlier, keeps_signatures=True
            )
            used = _write(found, folder, rules, uri, work_folder)
            # The place of a folder is of no meaning, unless it is a span.
            span = os.path.basename(folder.root.rstrip("/")) if is_span else ""
            _ = used | WriteSignatures(uri, span, len(folder.files))
        audit = Audit.read(os.path.join(uri, AUDIT_FILE))
        check_account(audit, rules, is_span)
        return audit


@contextlib.contextmanager
def _work_folder(uri: str) -> Iterator[str]:
    """A folder beside the records, which every worker reaches.

    Afterwards it is gone, and so is what attempts left that were killed or did not count.
    """
    folder = os.path.join(uri, "work")
    try:
        yield folder
    finally:
        remove_folder(folder)
        remove_unfinished(uri)


def _write(
    found: Decisions, folder: ImageFolder, rules: IngestionRules, uri: str, work_folder: str
) -> beam.PCollection:
    """Lays out what is written: records by split, manifest, rejections, audit.

    Returns:
        Lists of (split, ImageRecord), of the images that are used.
    """
    written = found.assigned | WriteShards(
        folder.root, uri, work_folder, rules.image, len(folder.files), rules.max_seconds
    )
    rejections = (found.rejections, written[REJECTED]) | "AllRejections" >> beam.Flatten()
    _ = (
        written[ROWS],
        found.duplicates | "DuplicateRows" >> beam.Map(lambda one: [row_of_duplicate(one)]),
        rejections | "RejectionRows" >> beam.Map(lambda one: [row_of_rejection(one)]),
    ) | WriteManifest(uri, work_folder, folder.found)
    _ = rejections | "WriteRejects" >> ApplyToAll(functools.partial(write_rejects, folder=uri))
    audit = summarize(written[WRITTEN], rejections, found.findings, folder)
    _ = audit | "WriteAudit" >> beam.Map(_write_audit, os.path.join(uri, AUDIT_FILE))
    return written[WRITTEN]


def _write_audit(audit: Audit, path: str) -> None:
    with replacing(path) as unfinished:
        audit.write(unfinished)


def write_empty_splits(uri: str) -> None:
    """Writes a file without records for each split that has none.

    A span may be too small to have images in each split, and the steps after this one fail on a
    split without files.

    Args:
        uri: Folder of the records.
    """
    for split in features.SPLITS:
        folder = os.path.join(uri, f"Split-{split}")
        if not (folder_exists(folder) and list_files(folder)):
            make_folder(folder)
            write_records(os.path.join(folder, "data_tfrecord-00000-of-00001.gz"), [])


def _publish(audit: Audit, examples: types.Artifact) -> None:
    """Puts the totals into ML Metadata, beside the artifact."""
    examples.set_int_custom_property("images_found", audit.found)
    examples.set_int_custom_property("images_rejected", audit.rejected)
    examples.set_int_custom_property("images_duplicate", audit.duplicates)
    examples.set_int_custom_property("files_ignored", audit.ignored)
    for split in features.SPLITS:
        examples.set_int_custom_property(f"images_{split}", audit.split_size(split))


def _remember(exec_properties: dict[str, Any], examples: types.Artifact) -> None:
    """Leaves what the driver of the next run asks for."""
    rules = IngestionRules.from_json(exec_properties[RULES_KEY])
    examples.set_string_custom_property(SPLIT_RULES_KEY, rules.split_rules())
    for key in (FINGERPRINT_KEY, EARLIER_KEY, EARLIER_SPANS_KEY):
        if key in exec_properties:
            examples.set_string_custom_property(key, exec_properties[key])


class ImageFolderExampleGenSpec(types.ComponentSpec):
    """Names and types of what goes in and out."""

    PARAMETERS = {
        DATA_FOLDER_KEY: component_spec.ExecutionParameter(type=str),
        RULES_KEY: component_spec.ExecutionParameter(type=str),
        CODE_FINGERPRINT_KEY: component_spec.ExecutionParameter(type=str),
        SPAN_KEY: component_spec.ExecutionParameter(type=int, optional=True),
        EARLIER_SPANS_KEY: component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {
        standard_component_specs.EXAMPLES_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.Examples
        )
    }


class ImageFolderExampleGen(base_beam_component.BaseBeamComponent):
    """Reads a folder of images, one sub-folder a class, into TFRecords of tf.train.Example.

    The output `examples` has the splits train, eval and test, the features that
    `components.features` describes as raw, and beside them `manifest.csv`, `rejects.csv`,
    `audit.json`, `thumbnails.json` with small pictures of what was found, and `signatures`, by
    which later spans, and warm starts, recognize the images.
    """

    SPEC_CLASS = ImageFolderExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(ImageFolderExecutor)
    DRIVER_CLASS = ImageFolderDriver

    def __init__(
        self,
        data_folder: str,
        rules: IngestionRules,
        code_fingerprint: str,
        span: int | None = None,
        earlier_steps: Sequence[str] = (),
    ):
        """Declares the step.

        Args:
            data_folder: A path that `components.ingestion.data_folder` can list.
            rules: What is accepted, and what becomes of it.
            code_fingerprint: Changes when the code of the step does, and with it the cache key.
            span: Number of the span, if the folder is one.
            earlier_steps: Names of the steps that ingest the spans before it. They must be done
                when this one starts: what they have is not ingested twice.
        """
        of_span = {} if span is None else _span_parameters(span, earlier_steps)
        super().__init__(
            spec=ImageFolderExampleGenSpec(
                **of_span,
                **{
                    DATA_FOLDER_KEY: data_folder,
                    RULES_KEY: rules.to_json(),
                    CODE_FINGERPRINT_KEY: code_fingerprint,
                    standard_component_specs.EXAMPLES_KEY: types.Channel(
                        type=standard_artifacts.Examples
                    ),
                },
            )
        )


def _span_parameters(span: int, earlier_steps: Sequence[str]) -> dict[str, int | str]:
    return {SPAN_KEY: span, EARLIER_SPANS_KEY: json.dumps(list(earlier_steps))}
