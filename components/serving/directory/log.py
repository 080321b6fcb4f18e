"""`releases.jsonl`: who did what, when and why.

Lines are only ever added. One that was cut off by a crash is passed over, and ended before the next
one is added. What it would have said of a version stands in the version's own release.json: whoever
reads hears it from there, and `restore` adds it again.
"""

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.serving.directory.layout import LOG_FILE, append_line, list_versions, usable
from components.serving.directory.release import (
    Release,
    ReleaseOrigin,
    find_release,
    require,
    to_origin,
)

REMOVAL = "removal"


@dataclasses.dataclass(frozen=True)
class Event:
    """One line.

    Attributes:
        time: ISO 8601, UTC.
        version: The version that was published or removed.
        model_digest: Of its model.
        origin: Why; its action may also be "removal".
    """

    time: str
    version: int
    model_digest: str
    origin: ReleaseOrigin


def event_of(release: Release) -> Event:
    """The line about the publishing of a version."""
    return Event(release.time, release.version, release.model_digest, release.origin)


def append_event(model_folder: str, event: Event) -> None:
    """Adds a line, and flushes it."""
    line = json.dumps(dataclasses.asdict(event), ensure_ascii=False)
    append_line(os.path.join(model_folder, LOG_FILE), line)


def read_events(model_folder: str) -> list[Event]:
    """All that happened, also what a crash kept from being written, in its order.

    A rollback that was cut off after its version appeared counts, or the gate would let out again
    what was rolled back.
    """
    lines = read_lines(model_folder)
    return [*lines, *_find_unwritten(model_folder, lines)]


def read_lines(model_folder: str) -> list[Event]:
    """All lines that are whole, in their order."""
    return list(_parse(os.path.join(model_folder, LOG_FILE)))


def restore(model_folder: str) -> None:
    """Adds the lines that a crash kept from being written; the lock is held.

    Raises:
        PipelineError: The log cannot be written. Known before anything changes, so that nothing
            changes without its line.
    """
    path = os.path.join(model_folder, LOG_FILE)
    with usable(path), open(path, "ab+"):
        pass
    for event in _find_unwritten(model_folder, read_lines(model_folder)):
        append_event(model_folder, event)


def _find_unwritten(model_folder: str, lines: Sequence[Event]) -> list[Event]:
    """What the versions say, and no line does."""
    logged = {event.version for event in lines if is_publishing(event)}
    versions = (version for version in list_versions(model_folder) if version not in logged)
    releases = (find_release(model_folder, version) for version in versions)
    return [event_of(release) for release in releases if release is not None]


def is_publishing(event: Event) -> bool:
    """Whether a version came into being."""
    return event.origin.action != REMOVAL


def rolled_back_versions(model_folder: str) -> set[int]:
    """The versions whose model was taken out of use by a rollback, and did not come back since."""
    events = read_events(model_folder)
    rolled_back = _replay(events)
    return {event.version for event in events if event.model_digest in rolled_back}


def rollbacks_of(model_folder: str, model_digest: str) -> list[Event]:
    """The rollbacks by which a model was taken out of use, since it was last published."""
    return _replay(read_events(model_folder)).get(model_digest, [])


def _replay(events: Sequence[Event]) -> dict[str, list[Event]]:
    """The models that are rolled back in the end, by digest, with the rollbacks that did it."""
    digests: dict[int, str] = {}
    rolled_back: dict[str, list[Event]] = {}
    # By version, since a line that was lost may have been added at the end.
    for event in sorted(filter(is_publishing, events), key=lambda event: event.version):
        digests[event.version] = event.model_digest
        for digest in {digests[v] for v in event.origin.withdraws if v in digests}:
            rolled_back.setdefault(digest, []).append(event)
        rolled_back.pop(event.model_digest, None)
    return rolled_back


def _parse(path: str) -> Iterator[Event]:
    try:
        with open(path, "rb") as file:
            # Not `splitlines` of text, which also ends lines at what a reason may hold, as U+2028.
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield _to_event(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            # Cut off by a crash.
            continue


def _to_event(values: Mapping[str, Any]) -> Event:
    event = Event(**{**values, "origin": to_origin(values["origin"])})
    require(str, event.time, event.model_digest)
    require(int, event.version)
    return event
