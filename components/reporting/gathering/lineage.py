"""Artifacts -> which step made them, in which run, and what it cost.

TFX puts an artifact into the folder `<root>/<step>/<key>/<execution>`, and some of its runners name
it `<pipeline>:<run>:<step>:<key>:<number>`. Time and memory are there where the runner has measured
them.
"""

import re
from collections.abc import Iterable, Mapping

from tfx import types

from components.reporting.facts import Origin
from components.step_cost import STEP_MILLISECONDS, STEP_PEAK_MEMORY

_NAME = re.compile(r"[^:]+:(?P<run>[^:]+):(?P<step>[^:]+):(?P<key>[^:]+):\d+")
_FOLDER = re.compile(r"(?:.*/)?(?P<step>[^/]+)/(?P<key>[^/]+)/(?P<execution>\d+)/?")


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
    name, folder = _NAME.fullmatch(artifact.name or ""), _FOLDER.fullmatch(artifact.uri)
    known = name or folder
    return Origin(
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
