"""What ML Metadata knows of the steps of one run. Light: no TFX."""

import dataclasses
import glob
import os
import shutil
from collections.abc import Mapping
from typing import TypeAlias

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2

from components.lineage import NODE, OUTPUTS, RUN, executions_in, keyed_outputs, outputs_of
from components.step_cost import STEP_MILLISECONDS, STEP_PEAK_MEMORY

Connection: TypeAlias = (
    metadata_store_pb2.ConnectionConfig | metadata_store_pb2.MetadataStoreClientConfig
)
"""To a database, or to a server of ML Metadata."""
COMPUTED, CACHED, HAD_BEEN_DONE = "computed", "cached", "had been done"
"""How a step of a run came to its result; the last by an earlier attempt at the same run."""
UNFINISHED = (metadata_store_pb2.Execution.NEW, metadata_store_pb2.Execution.RUNNING)


@dataclasses.dataclass(frozen=True)
class StepArtifact:
    """One output of a step.

    Attributes:
        uri: Its folder.
        properties: Its custom properties.
    """

    uri: str
    properties: Mapping[str, int | str]


@dataclasses.dataclass(frozen=True)
class StepRecord:
    """The newest execution of a step.

    Attributes:
        state: A name of ml_metadata.proto.Execution.State.
        outputs: Its outputs by key; the first, where there are several.
    """

    state: str
    outputs: Mapping[str, StepArtifact]

    @property
    def is_cached(self) -> bool:
        """Whether an earlier result was used."""
        return self.state == "CACHED"

    @property
    def is_successful(self) -> bool:
        """Whether the step did its work, now or earlier."""
        return self.state in ("CACHED", "COMPLETE")


def sqlite_connection(path: str) -> metadata_store_pb2.ConnectionConfig:
    """To a file, which is made where there is none."""
    connection = metadata_store_pb2.ConnectionConfig()
    connection.sqlite.filename_uri = path
    connection.sqlite.connection_mode = connection.sqlite.READWRITE_OPENCREATE
    return connection


def is_known_run(connection: Connection, run: str) -> bool:
    """Whether a step was begun for a run, given TFX's id of it."""
    return bool(executions_in(mlmd.MetadataStore(connection), RUN, run))


def find_unfinished(connection: Connection, pipeline: str) -> set[tuple[str, str]]:
    """The runs of a pipeline, with the steps in them that have begun and did not end."""
    store = mlmd.MetadataStore(connection)
    found = set()
    for execution in store.get_executions():
        if execution.last_known_state in UNFINISHED:
            contexts = store.get_contexts_by_execution(execution.id)
            names = {context.type: context.name for context in contexts}
            step = names.get(NODE, "").removeprefix(f"{pipeline}.")
            if RUN in names and step != names.get(NODE):
                found.add((names[RUN], step))
    return found


def kind_of(step: str) -> str:
    """What a step does: its name without that of the span that it does it for."""
    return step.partition(".")[0]


def span_of(step: str) -> str:
    """Name of the span that a step is for, such as "span-3"; empty for all others."""
    return step.partition(".")[2]


def records_of(records: Mapping[str, StepRecord], kind: str) -> dict[str, StepRecord]:
    """The steps of one kind, in the order in which they ran: one, or one of each span."""
    return {step: record for step, record in records.items() if kind_of(step) == kind}


class StepRecords:
    """What ML Metadata knows of the steps of one run, by their names in TFX.

    A database forgets a connection that is idle for the hours of a training, so that each question
    makes its own: 3 ms for SQLite.
    """

    def __init__(self, connection: Connection, pipeline: str, run: str):
        """Prepares; connects when a method is called.

        Args:
            connection: To ML Metadata, which may know other pipelines too.
            pipeline: Its name.
            run: TFX's id of a run: its executions alone count, since another may go on meanwhile.
        """
        self._connection = connection
        self._pipeline = pipeline
        self._run = run

    def find(self, step: str) -> StepRecord | None:
        """Reads the newest execution of a step, if there is one."""
        store = mlmd.MetadataStore(self._connection)
        executions = self._executions(store, step)
        if not executions:
            return None
        state = metadata_store_pb2.Execution.State.Name(executions[-1].last_known_state)
        return StepRecord(state, _outputs(store, executions[-1].id))

    def read(self, step: str) -> StepRecord:
        """Reads the newest execution of a step.

        Raises:
            LookupError: There is none.
        """
        found = self.find(step)
        if found is None:
            raise LookupError(f"ML Metadata knows no execution of {step}.")
        return found

    def note_cost(self, step: str, seconds: float, peak_memory: int) -> None:
        """Writes on the outputs of a step what it took, where later steps can read it.

        Only once, and before later steps read them: all of an artifact counts for TFX's cache.

        Args:
            step: It just did its work.
            seconds: How long it took.
            peak_memory: Most bytes that its process held meanwhile.
        """
        store = mlmd.MetadataStore(self._connection)
        made = outputs_of(store, [execution.id for execution in self._executions(store, step)[-1:]])
        for artifact in made:
            artifact.custom_properties[STEP_MILLISECONDS].int_value = round(1000 * seconds)
            artifact.custom_properties[STEP_PEAK_MEMORY].int_value = peak_memory
        store.put_artifacts(made)

    def remove_leftovers(self, step: str, artifacts: str) -> None:
        """Removes what killed executions of a step have written, and ends them as failed.

        Args:
            step: The caller knows that none of its executions goes on.
            artifacts: Folder of all artifacts of the pipeline.
        """
        # In this order: whoever is killed in between leaves it to the next.
        for execution in self._unfinished(step):
            node = os.path.join(glob.escape(artifacts), step)
            for place in ("*", os.path.join(".system", "executor_execution")):
                for folder in glob.glob(os.path.join(node, place, str(execution.id))):
                    shutil.rmtree(folder)
        self.close_unfinished(step)

    def close_unfinished(self, step: str) -> None:
        """Ends, as failed, what a killed process left behind as running; nothing of it goes on."""
        left = self._unfinished(step)
        for execution in left:
            execution.last_known_state = metadata_store_pb2.Execution.FAILED
        mlmd.MetadataStore(self._connection).put_executions(left)

    def _unfinished(self, step: str) -> list[metadata_store_pb2.Execution]:
        executions = self._executions(mlmd.MetadataStore(self._connection), step)
        return [each for each in executions if each.last_known_state in UNFINISHED]

    def _executions(
        self, store: mlmd.MetadataStore, step: str
    ) -> list[metadata_store_pb2.Execution]:
        of_run = {found.id for found in executions_in(store, RUN, self._run)}
        of_step = executions_in(store, NODE, f"{self._pipeline}.{step}")
        return [found for found in of_step if found.id in of_run]


def _outputs(store: mlmd.MetadataStore, execution: int) -> dict[str, StepArtifact]:
    return {
        key: StepArtifact(artifact.uri, _properties(artifact))
        for key, artifact in keyed_outputs(store, [execution], OUTPUTS)
    }


def _properties(artifact: metadata_store_pb2.Artifact) -> dict[str, int | str]:
    return {
        name: value.int_value if value.HasField("int_value") else value.string_value
        for name, value in artifact.custom_properties.items()
    }
