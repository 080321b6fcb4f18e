"""The one walk through ML Metadata: which step made an artifact, from what, and at what cost.

An execution of a step reads artifacts and makes others; events say which. TFX also puts an artifact
into the folder `<root>/<step>/<key>/<execution>`, and some of its runners name it
`<pipeline>:<run>:<step>:<key>:<number>`.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2

from components.step_cost import STEP_MILLISECONDS, STEP_PEAK_MEMORY

if typing.TYPE_CHECKING:
    # Ten seconds that commands which only look cannot wait.
    from tfx import types

NODE, RUN = "node", "pipeline_run"
"""Types of the contexts that TFX gives the executions of one step, and of one run."""
_EVENT = metadata_store_pb2.Event
OUTPUTS = (_EVENT.OUTPUT, _EVENT.INTERNAL_OUTPUT)
"""A resolver computes nothing: what it chose is an internal output."""
_NAME = re.compile(r"[^:]+:(?P<run>[^:]+):(?P<step>[^:]+):(?P<key>[^:]+):\d+")
_FOLDER = re.compile(r"(?:.*/)?(?P<step>[^/]+)/(?P<key>[^/]+)/(?P<execution>\d+)/?")


def executions_in(
    store: mlmd.MetadataStore, kind: str, name: str
) -> list[metadata_store_pb2.Execution]:
    """The executions of a step, or of a run.

    Args:
        store: ML Metadata.
        kind: `NODE` or `RUN`.
        name: "<pipeline>.<step>", or TFX's id of the run.

    Returns:
        The oldest first; none of what ML Metadata does not know.
    """
    context = store.get_context_by_type_and_name(kind, name)
    found = store.get_executions_by_context(context.id) if context else []
    return sorted(found, key=lambda execution: execution.id)


def outputs_of(
    store: mlmd.MetadataStore, executions: Iterable[int], kinds: Sequence[int] = (_EVENT.OUTPUT,)
) -> list[metadata_store_pb2.Artifact]:
    """The artifacts that executions made, by id.

    Args:
        store: ML Metadata.
        executions: Their ids.
        kinds: Types of the events that count.
    """
    return _artifacts(store, _events(store.get_events_by_execution_ids, executions), kinds)


def keyed_outputs(
    store: mlmd.MetadataStore, executions: Iterable[int], kinds: Sequence[int] = (_EVENT.OUTPUT,)
) -> list[tuple[str, metadata_store_pb2.Artifact]]:
    """The artifacts that executions made, by id, each with the key of the output it is."""
    executions = list(executions)
    keys = {
        event.artifact_id: event.path.steps[0].key
        for event in _events(store.get_events_by_execution_ids, executions)
        if event.type in kinds
    }
    return [(keys[made.id], made) for made in outputs_of(store, executions, kinds)]


def sources_of(
    store: mlmd.MetadataStore, artifacts: Iterable[int]
) -> list[metadata_store_pb2.Artifact]:
    """What the executions that made artifacts read, by id.

    Args:
        store: ML Metadata.
        artifacts: Their ids.
    """
    events = _events(store.get_events_by_artifact_ids, artifacts)
    makers = {event.execution_id for event in events if event.type == _EVENT.OUTPUT}
    return _artifacts(store, _events(store.get_events_by_execution_ids, makers), (_EVENT.INPUT,))


def readers_of(store: mlmd.MetadataStore, artifact: int) -> list[metadata_store_pb2.Execution]:
    """The executions that read an artifact, by id."""
    events = _events(store.get_events_by_artifact_ids, [artifact])
    readers = {event.execution_id for event in events if event.type == _EVENT.INPUT}
    return list(store.get_executions_by_id(sorted(readers))) if readers else []


@dataclasses.dataclass(frozen=True)
class ArtifactOrigin:
    """Where an artifact comes from, and what it cost to make.

    Attributes:
        step: Name of the step that made it; empty if unknown.
        run: In which run; earlier than this one's if it came from the cache; empty if unknown.
        key: Which of the step's outputs it is; empty if unknown.
        execution: Number of the execution of the step, counted over all runs; None if unknown.
        number: Of the artifact in ML Metadata.
        type_name: TFX's name of its type.
        uri: Its folder.
        milliseconds: That the step took; None where the runner has not measured it.
        peak_memory_bytes: The most that the step held; None likewise.
    """

    step: str
    run: str
    key: str
    execution: int | None
    number: int
    type_name: str
    uri: str
    milliseconds: int | None = None
    peak_memory_bytes: int | None = None


def read_origins(inputs: Mapping[str, Iterable[types.Artifact]]) -> tuple[ArtifactOrigin, ...]:
    """Reads where artifacts come from.

    Args:
        inputs: As an executor receives them.

    Returns:
        One for each, in the order in which they were made.
    """
    artifacts = [artifact for listed in inputs.values() for artifact in listed]
    return tuple(map(_read_origin, sorted(artifacts, key=lambda each: each.id)))


def _read_origin(artifact: types.Artifact) -> ArtifactOrigin:
    name, folder = _NAME.fullmatch(artifact.name or ""), _FOLDER.fullmatch(artifact.uri)
    known = name or folder
    return ArtifactOrigin(
        step=known["step"] if known else "",
        run=name["run"] if name else "",
        key=known["key"] if known else "",
        execution=int(folder["execution"]) if folder else None,
        number=artifact.id,
        type_name=artifact.type_name,
        uri=artifact.uri,
        milliseconds=_number(artifact, STEP_MILLISECONDS),
        peak_memory_bytes=_number(artifact, STEP_PEAK_MEMORY),
    )


def _number(artifact: types.Artifact, name: str) -> int | None:
    if not artifact.has_custom_property(name):
        return None
    return int(artifact.get_int_custom_property(name))


def _events(
    ask: Callable[[Sequence[int]], Sequence[metadata_store_pb2.Event]], ids: Iterable[int]
) -> Sequence[metadata_store_pb2.Event]:
    wanted = sorted(set(ids))
    # ML Metadata refuses a question about nothing.
    return ask(wanted) if wanted else []


def _artifacts(
    store: mlmd.MetadataStore, events: Iterable[metadata_store_pb2.Event], kinds: Sequence[int]
) -> list[metadata_store_pb2.Artifact]:
    ids = sorted({event.artifact_id for event in events if event.type in kinds})
    found = store.get_artifacts_by_id(ids) if ids else []
    return sorted(found, key=lambda artifact: artifact.id)
