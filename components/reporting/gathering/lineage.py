"""Artifacts -> which step made them, in which run, and what it cost.

TFX names an artifact `<pipeline>:<run>:<step>:<key>:<number>`. Time and memory are there where the
runner has measured them.
"""

from collections.abc import Iterable, Mapping

from tfx import types

from components.artifact_types import STEP_MILLISECONDS, STEP_PEAK_MEMORY
from components.reporting.facts import Origin

_PARTS_OF_A_NAME = 5


def read_origins(inputs: Mapping[str, Iterable[types.Artifact]]) -> tuple[Origin, ...]:
    """Reads where artifacts come from.

    Args:
        inputs: As an executor receives them.

    Returns:
        One for each, in the order in which they were made.
    """
    artifacts = [artifact for listed in inputs.values() for artifact in listed]
    return tuple(_read(artifact) for artifact in sorted(artifacts, key=lambda each: each.id))


def _read(artifact: types.Artifact) -> Origin:
    parts = (artifact.name or "").split(":")
    known = parts if len(parts) == _PARTS_OF_A_NAME else [""] * _PARTS_OF_A_NAME
    return Origin(
        step=known[2],
        run=known[1],
        key=known[3],
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
