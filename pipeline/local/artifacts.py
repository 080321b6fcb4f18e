"""What ML Metadata knows of a step that just ended."""

import dataclasses
from collections.abc import Mapping

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from components.artifact_types import STEP_MILLISECONDS, STEP_PEAK_MEMORY

# A resolver computes nothing: what it chose is an internal output.
OUTPUT_EVENTS = (metadata_store_pb2.Event.OUTPUT, metadata_store_pb2.Event.INTERNAL_OUTPUT)


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


def kind_of(step: str) -> str:
    """What a step does: its name without that of the span that it does it for."""
    return step.partition(".")[0]


def span_of(step: str) -> str:
    """Name of the span that a step is for, such as "span-3"; empty for all others."""
    return step.partition(".")[2]


def records_of(records: Mapping[str, StepRecord], kind: str) -> dict[str, StepRecord]:
    """The steps of one kind, in the order in which they ran: one, or one of each span."""
    return {step: record for step, record in records.items() if kind_of(step) == kind}


def read_step(metadata_path: str, step: str) -> StepRecord:
    """Reads the newest execution of a step.

    Args:
        metadata_path: ML Metadata's SQLite file.
        step: Name of the step in TFX.
    """
    store = mlmd.MetadataStore(metadata.sqlite_metadata_connection_config(metadata_path))
    newest = _newest_execution(store, step)
    state = metadata_store_pb2.Execution.State.Name(newest.last_known_state)
    return StepRecord(state, _outputs(store, newest.id))


def note_cost(metadata_path: str, step: str, seconds: float, peak_memory: int) -> None:
    """Writes what a step took into ML Metadata, on its outputs, where later steps can read it.

    Only once, and before later steps read them: all of an artifact counts for TFX's cache.

    Args:
        metadata_path: ML Metadata's SQLite file.
        step: Name of the step in TFX, which just did its work.
        seconds: How long it took.
        peak_memory: Most bytes that its process held meanwhile.
    """
    store = mlmd.MetadataStore(metadata.sqlite_metadata_connection_config(metadata_path))
    newest = _newest_execution(store, step)
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


def _newest_execution(store: mlmd.MetadataStore, step: str) -> metadata_store_pb2.Execution:
    # The name of a pipeline has no dot.
    contexts = [c for c in store.get_contexts_by_type("node") if c.name.partition(".")[2] == step]
    executions = store.get_executions_by_context(contexts[0].id)
    return max(executions, key=lambda execution: execution.id)


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
