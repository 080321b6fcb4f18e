"""What ML Metadata knows of a step that just ended."""

import dataclasses
from collections.abc import Mapping
from typing import TypeAlias, TypeVar

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2

from components.step_cost import STEP_MILLISECONDS, STEP_PEAK_MEMORY

Connection: TypeAlias = (
    metadata_store_pb2.ConnectionConfig | metadata_store_pb2.MetadataStoreClientConfig
)
"""To a database, or to a server of ML Metadata."""
Found = TypeVar("Found")

# A resolver computes nothing: what it chose is an internal output.
OUTPUT_EVENTS = (metadata_store_pb2.Event.OUTPUT, metadata_store_pb2.Event.INTERNAL_OUTPUT)
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


def is_known_run(connection: Connection, run: str) -> bool:
    """Whether a step was begun for a run.

    Args:
        connection: To ML Metadata.
        run: TFX's id of it.
    """
    return bool(_executions(mlmd.MetadataStore(connection), "pipeline_run", run))


def find_unfinished(connection: Connection, pipeline: str) -> set[tuple[str, str]]:
    """The runs of a pipeline and the steps in them that have begun and did not end.

    Args:
        connection: To ML Metadata.
        pipeline: Name of the pipeline.
    """
    store = mlmd.MetadataStore(connection)
    found = set()
    for execution in store.get_executions():
        if execution.last_known_state in UNFINISHED:
            contexts = store.get_contexts_by_execution(execution.id)
            names = {context.type: context.name for context in contexts}
            step = names.get("node", "").removeprefix(f"{pipeline}.")
            if "pipeline_run" in names and step != names.get("node"):
                found.add((names["pipeline_run"], step))
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
    """What ML Metadata knows of the steps of one pipeline."""

    def __init__(self, connection: Connection, pipeline: str, run: str):
        """Prepares; connects when asked.

        Args:
            connection: To ML Metadata, which may know other pipelines too.
            pipeline: Name of the pipeline.
            run: TFX's id of a run: its executions alone count, since another may go on meanwhile.
        """
        self._connection = connection
        self._pipeline = pipeline
        self._run = run

    def find(self, step: str) -> StepRecord | None:
        """Reads the newest execution of a step, if there is one.

        Args:
            step: Name of the step in TFX.
        """
        store = mlmd.MetadataStore(self._connection)
        newest = self._newest_execution(store, step)
        if newest is None:
            return None
        state = metadata_store_pb2.Execution.State.Name(newest.last_known_state)
        return StepRecord(state, _outputs(store, newest.id))

    def read(self, step: str) -> StepRecord:
        """Reads the newest execution of a step.

        Args:
            step: Name of the step in TFX.

        Raises:
            LookupError: There is none.
        """
        return _known(self.find(step), step)

    def note_cost(self, step: str, seconds: float, peak_memory: int) -> None:
        """Writes what a step took into ML Metadata, on its outputs, where later steps can read it.

        Only once, and before later steps read them: all of an artifact counts for TFX's cache.

        Args:
            step: Name of the step in TFX, which just did its work.
            seconds: How long it took.
            peak_memory: Most bytes that its process held meanwhile.
        """
        store = mlmd.MetadataStore(self._connection)
        newest = _known(self._newest_execution(store, step), step)
        made = [
            event.artifact_id
            for event in store.get_events_by_execution_ids([newest.id])
            if event.type == metadata_store_pb2.Event.OUTPUT
        ]
        artifacts = store.get_artifacts_by_id(made)
        for artifact in artifacts:
            artifact.custom_properties[STEP_MILLISECONDS].int_value = round(1000 * seconds)
            artifact.custom_properties[STEP_PEAK_MEMORY].int_value = peak_memory
        store.put_artifacts(artifacts)

    def close_unfinished(self, step: str) -> list[int]:
        """Ends, as failed, the executions of a step that a killed process left behind as running.

        Args:
            step: Name of the step in TFX; the caller knows that none of its executions goes on.

        Returns:
            Their ids.
        """
        left = self.find_unfinished(step)
        for execution in left:
            execution.last_known_state = metadata_store_pb2.Execution.FAILED
        mlmd.MetadataStore(self._connection).put_executions(left)
        return [execution.id for execution in left]

    def find_unfinished(self, step: str) -> list[metadata_store_pb2.Execution]:
        """The executions of a step that have begun and did not end.

        Args:
            step: Name of the step in TFX.
        """
        return [
            execution
            for execution in self._executions(mlmd.MetadataStore(self._connection), step)
            if execution.last_known_state in UNFINISHED
        ]

    def _newest_execution(
        self, store: mlmd.MetadataStore, step: str
    ) -> metadata_store_pb2.Execution | None:
        executions = self._executions(store, step)
        return max(executions, key=lambda execution: execution.id, default=None)

    def _executions(
        self, store: mlmd.MetadataStore, step: str
    ) -> list[metadata_store_pb2.Execution]:
        executions = _executions(store, "node", f"{self._pipeline}.{step}")
        of_run = {found.id for found in _executions(store, "pipeline_run", self._run)}
        return [found for found in executions if found.id in of_run]


def _known(found: Found | None, step: str) -> Found:
    if found is None:
        raise LookupError(f"ML Metadata knows no execution of {step}.")
    return found


def _executions(
    store: mlmd.MetadataStore, kind: str, name: str
) -> list[metadata_store_pb2.Execution]:
    context = store.get_context_by_type_and_name(kind, name)
    return list(store.get_executions_by_context(context.id)) if context else []


def _outputs(store: mlmd.MetadataStore, execution_id: int) -> dict[str, StepArtifact]:
    keys = {
        event.artifact_id: event.path.steps[0].key
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type in OUTPUT_EVENTS
    }
    return {
        keys[artifact.id]: StepArtifact(artifact.uri, _properties(artifact))
        for artifact in store.get_artifacts_by_id(list(keys))
    }


def _properties(artifact: metadata_store_pb2.Artifact) -> dict[str, int | str]:
    return {
        name: value.int_value if value.HasField("int_value") else value.string_value
        for name, value in artifact.custom_properties.items()
    }
