"""The output folder of a pipeline -> the statistics of its last run.

Looks by itself, without TensorFlow and TFX, so that the answer comes at once.
"""

import os
import pathlib

import ml_metadata as mlmd
from google.protobuf.message import DecodeError
from ml_metadata.proto import metadata_store_pb2
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.errors import PipelineError
from components.features import SPLITS
from components.lineage import NODE, RUN, executions_in, outputs_of
from pipeline.config import PipelineConfig
from pipeline.paths import metadata_file

STEP = "StatisticsGen"
OUTPUT = "statistics"
STATISTICS_FILE = "FeatureStats.pb"
HOW_TO_GET_THEM = (
    "Run the pipeline first, which leaves statistics also where it stops at the gate; or give "
    "--statistics FOLDER."
)
_DONE = (metadata_store_pb2.Execution.COMPLETE, metadata_store_pb2.Execution.CACHED)


def find_latest(config: PipelineConfig) -> list[str]:
    """Finds the statistics of the images that the last run found.

    Args:
        config: Of the pipeline.

    Returns:
        The folder of the artifact; of a data folder with spans, one of each span.

    Raises:
        PipelineError: There are none.
    """
    path = metadata_file(config)
    if not os.path.isfile(path):
        raise PipelineError(
            f"The pipeline must have been run. Received: {path}, which is not there. "
            f"{HOW_TO_GET_THEM}"
        )
    try:
        folders = _latest_outputs(_open(path), f"{config.name}.{STEP}")
    # The former is what opening a file raises that is no database.
    except (RuntimeError, mlmd.errors.StatusError) as error:
        raise PipelineError(
            f"The metadata of the last run must be readable. Received: {path}: "
            f"{_first_line(error)}. {HOW_TO_GET_THEM}"
        ) from error
    if not folders:
        raise PipelineError(
            f"The pipeline must have got as far as {STEP}. Received: {path} without a run that "
            f"did. {HOW_TO_GET_THEM}"
        )
    return folders


def load_statistics(folder: str) -> dict[str, statistics_pb2.DatasetFeatureStatisticsList]:
    """Reads the statistics of every split.

    Args:
        folder: Of an ExampleStatistics artifact.

    Returns:
        Statistics by split, in the order of `features.SPLITS`.

    Raises:
        PipelineError: There are none, or they cannot be read.
    """
    statistics = {}
    for split in SPLITS:
        path = pathlib.Path(folder, f"Split-{split}", STATISTICS_FILE)
        if not path.is_file():
            continue
        try:
            statistics[split] = statistics_pb2.DatasetFeatureStatisticsList.FromString(
                path.read_bytes()
            )
        except (OSError, DecodeError) as error:
            raise PipelineError(
                f"Statistics must be readable, as TFDV writes them. Received: {path}: "
                f"{_first_line(error)}. {HOW_TO_GET_THEM}"
            ) from error
    if not statistics:
        raise PipelineError(
            f"Statistics must lie in Split-<split>/{STATISTICS_FILE}. Received: {folder} without "
            f"any. {HOW_TO_GET_THEM}"
        )
    return statistics


def _open(path: str) -> mlmd.MetadataStore:
    connection = metadata_store_pb2.ConnectionConfig()
    connection.sqlite.filename_uri = path
    connection.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READONLY
    return mlmd.MetadataStore(connection)


def _latest_outputs(store: mlmd.MetadataStore, node: str) -> list[str]:
    """The outputs of the newest execution, and of those of other spans in the same run."""
    done = [
        execution.id
        for context in store.get_contexts_by_type(NODE)
        # With spans, there is a node of each: "<pipeline>.<step>.span-<N>".
        if context.name == node or context.name.startswith(f"{node}.")
        for execution in store.get_executions_by_context(context.id)
        if execution.last_known_state in _DONE
    ]
    if not done:
        return []
    same_run = {
        execution.id
        for context in store.get_contexts_by_execution(max(done))
        if context.type == RUN
        for execution in executions_in(store, RUN, context.name)
    }
    chosen = [execution for execution in done if execution in {*same_run, max(done)}]
    return [str(artifact.uri) for artifact in outputs_of(store, chosen)]


def _first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [type(error).__name__])[0]
    # ML Metadata appends its whole query.
    return line.partition(" query:")[0].rstrip(" .")
