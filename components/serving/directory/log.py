"""`releases.jsonl`: who did what, when and why.

Lines are only ever added. One that was cut off by a crash is passed over, and ended before the next
one is added; what it would have said of a version stands in the version's own release.json, from
which `restore` adds it again.
"""

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.serving.directory.flushing import append_line
from components.serving.directory.layout import LOG_FILE, list_versions, version_folder
from components.serving.directory.release import Origin, Release, read_release, to_origin

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
    origin: Origin


def event_of(release: Release) -> Event:
    """The line about the publishing of a version."""
    return Event(release.time, release.version, release.model_digest, release.origin)


def append_event(model_folder: str, event: Event) -> None:
    """Adds a line, and flushes it.

    Args:
        model_folder: `<serving>/<name>`.
        event: What happened.
    """
    line = json.dumps(dataclasses.asdict(event), ensure_ascii=False)
    append_line(os.path.join(model_folder, LOG_FILE), line)


def read_events(model_folder: str) -> list[Event]:
    """All lines that are whole, in their order.

    Args:
        model_folder: `<serving>/<name>`, which need not have a log.
    """
    return list(_parse(os.path.join(model_folder, LOG_FILE)))


def restore(model_folder: str) -> None:
    """Adds the lines that a crash kept from being written, by what the versions say."""
    logged = {event.version for event in read_events(model_folder) if is_publishing(event)}
    for version in list_versions(model_folder):
        release = read_release(version_folder(model_folder, version))
        if release is not None and release.version == version and version not in logged:
            append_event(model_folder, event_of(release))


def is_publishing(event: Event) -> bool:
    """Whether a version came into being."""
    return event.origin.action != REMOVAL


def withdrawn_versions(model_folder: str) -> set[int]:
    """The versions whose model was taken out of use by a rollback, and did not come back since.

    Args:
        model_folder: `<serving>/<name>`, which need not have a log.
    """
    events = read_events(model_folder)
    withdrawn = _replay(events)
    return {event.version for event in events if event.model_digest in withdrawn}


def withdrawals_of(model_folder: str, model_digest: str) -> list[Event]:
    """The rollbacks by which a model was taken out of use, since it was last published.

    Args:
        model_folder: `<serving>/<name>`, which need not have a log.
        model_digest: Of the model.
    """
    return _replay(read_events(model_folder)).get(model_digest, [])


def _replay(events: Sequence[Event]) -> dict[str, list[Event]]:
    """The models that are withdrawn in the end, by digest, with the rollbacks that did it."""
    digests: dict[int, str] = {}
    withdrawn: dict[str, list[Event]] = {}
    for event in events:
        if not is_publishing(event):
            continue
        digests[event.version] = event.model_digest
        for digest in {digests[v] for v in event.origin.withdraws if v in digests}:
            withdrawn.setdefault(digest, []).append(event)
        withdrawn.pop(event.model_digest, None)
    return withdrawn


def _parse(path: str) -> Iterator[Event]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield _to_event(json.loads(line))
        except (ValueError, TypeError, KeyError):
            # Cut off by a crash.
            continue


def _to_event(values: Mapping[str, Any]) -> Event:
    return Event(**{**values, "origin": to_origin(values["origin"])})
