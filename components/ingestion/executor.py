"""An image folder -> TFRecords of train, eval and test, on Beam."""

import json
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils, standard_component_specs

from components import features, images
from components.ingestion.accounting import Account, make_account, write_rejects
from components.ingestion.driver import DATA_FOLDER_KEY
from components.ingestion.file_system import read_file
from components.ingestion.folder import ImageFile, ImageFolder, Rejection, list_image_folder
from components.ingestion.record import encode_record
from components.ingestion.splits import SplitPlan, choose_split, plan_splits
from components.ingestion.writer import WriteShards
from components.progress import Progress

CHANNELS_KEY = "channels"
SPLIT_WEIGHTS_KEY = "split_weights"
CODE_FINGERPRINT_KEY = "code_fingerprint"
REJECTED = "rejected"
USED = "used"


class ImageFolderExecutor(base_beam_executor.BaseBeamExecutor):
    """Reads, checks, splits and writes the images of a folder, and accounts for each file."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `Split-<split>/*.gz`, `rejects.csv` and `account.json` into the artifact.

        Raises:
            PipelineError: The folder cannot be used; the message says why.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        examples = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.EXAMPLES_KEY]
        )
        examples.split_names = artifact_utils.encode_split_names(list(features.SPLITS))
        folder = list_image_folder(exec_properties[DATA_FOLDER_KEY])
        weights = json.loads(exec_properties[SPLIT_WEIGHTS_KEY])
        splits = plan_splits(folder.given_splits, weights)
        with self._make_beam_pipeline() as pipeline:
            _ingest(pipeline, folder, splits, exec_properties[CHANNELS_KEY], examples)
        account = Account.read(examples.uri)
        account.check()
        _publish(account, examples)


class ReadImages(beam.DoFn):
    """Turns each file into (digest, record) in the output of its split, or into a rejection."""

    def __init__(self, root: str, splits: SplitPlan, channels: int, total: int):
        super().__init__()
        self._root = root
        self._splits = splits
        self._channels = channels
        self._total = total

    def setup(self) -> None:
        """Starts the progress of this worker."""
        self._progress = Progress("images read", self._total)

    def process(self, file: ImageFile) -> Iterator[Any]:
        """Yields one outcome for one file."""
        self._progress.advance()
        outcome = read_image(self._root, file, self._channels)
        if isinstance(outcome, Rejection):
            yield beam.pvalue.TaggedOutput(REJECTED, outcome)
            return
        sha256 = outcome.features.feature[features.IMAGE_SHA256].bytes_list.value[0].decode()
        split = choose_split(sha256, self._splits[file.given_split])
        serialized = outcome.SerializeToString(deterministic=True)
        yield beam.pvalue.TaggedOutput(split, (sha256, serialized))
        yield (split, file.class_text)


def read_image(root: str, file: ImageFile, channels: int) -> tf.train.Example | Rejection:
    """Reads one file and makes its record, or says why not."""
    try:
        encoded = read_file(root, file.filename)
    except OSError as error:
        return Rejection(file.filename, file.class_text, "unreadable", str(error.strerror))
    except tf.errors.OpError as error:
        return Rejection(file.filename, file.class_text, "unreadable", images.first_line(error))
    return encode_record(file, encoded, channels)


def _ingest(
    pipeline: beam.Pipeline,
    folder: ImageFolder,
    splits: SplitPlan,
    channels: int,
    examples: types.Artifact,
) -> None:
    """Lays out the Beam pipeline: files -> records by split, rejections, account."""
    reader = ReadImages(folder.root, splits, channels, len(folder.files))
    outcomes = (
        pipeline
        | "Files" >> beam.Create(folder.files)
        | "Spread" >> beam.Reshuffle()
        | "Read" >> beam.ParDo(reader).with_outputs(REJECTED, *features.SPLITS, main=USED)
    )
    for split in features.SPLITS:
        path = artifact_utils.get_split_uris([examples], split)[0]
        _ = outcomes[split] | f"Write[{split}]" >> WriteShards(path, len(folder.files))
    rejected_by_name = pipeline | "RejectedByName" >> beam.Create(folder.rejections)
    used = outcomes[USED] | "Count" >> beam.combiners.Count.PerElement()
    _ = (
        (outcomes[REJECTED], rejected_by_name)
        | "AllRejections" >> beam.Flatten()
        | "ListRejections" >> beam.combiners.ToList()
        | "WriteAccount"
        >> beam.Map(
            _write_account, beam.pvalue.AsList(used), folder.found, folder.classes, examples.uri
        )
    )


def _write_account(
    rejections: list[Rejection],
    used: list[tuple[tuple[str, str], int]],
    found: int,
    classes: tuple[str, ...],
    destination: str,
) -> None:
    write_rejects(rejections, destination)
    make_account(found, classes, dict(used), rejections).write(destination)


def _publish(account: Account, examples: types.Artifact) -> None:
    """Puts the totals into ML Metadata, beside the artifact."""
    examples.set_int_custom_property("images_found", account.found)
    examples.set_int_custom_property("images_rejected", account.rejected)
    for split in features.SPLITS:
        examples.set_int_custom_property(f"images_{split}", account.split_size(split))
