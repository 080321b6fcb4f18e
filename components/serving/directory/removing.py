"""Old versions, and what was cut off: taken away so that no server sees a part of a version."""

import datetime
import os
import shutil

from components.errors import PipelineError
from components.serving.directory.flushing import flush_folder
from components.serving.directory.layout import (
    REMOVED,
    UNFINISHED,
    list_numbers,
    list_versions,
    version_folder,
)
from components.serving.directory.log import REMOVAL, Event, append_event
from components.serving.directory.release import Origin, Release, find_actor, read_release


def sweep(model_folder: str) -> None:
    """Removes what was cut off; the lock is held, so that nobody is still at it."""
    for name in os.listdir(model_folder):
        if name.startswith((UNFINISHED, REMOVED)):
            shutil.rmtree(os.path.join(model_folder, name))


def keep_newest(model_folder: str, keep: int) -> list[int]:
    """Removes our oldest versions; the lock is held.

    Versions that were not published by us are never removed, and not counted.

    Args:
        model_folder: `<serving>/<name>`.
        keep: How many stay; 0 for all.

    Returns:
        What was removed.

    Raises:
        PipelineError: A version must not be removed.
    """
    if not keep:
        return []
    releases = _releases(model_folder)
    old = releases[: max(0, len(releases) - keep)]
    # The newest of all may be somebody else's; the newest of ours stays in any case.
    for release in old:
        _remove(model_folder, release, keep)
    return [release.version for release in old]


def _releases(model_folder: str) -> list[Release]:
    found = (read_release(version_folder(model_folder, n)) for n in list_versions(model_folder))
    return [release for release in found if release is not None]


def _remove(model_folder: str, release: Release, keep: int) -> None:
    """Renames a version, so that it is gone at once for a server, and then takes it apart."""
    removed = os.path.join(model_folder, f"{REMOVED}{release.version}")
    try:
        os.rename(version_folder(model_folder, release.version), removed)
        flush_folder(model_folder)
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        origin = Origin(REMOVAL, find_actor(), f"the newest {keep} are kept")
        append_event(model_folder, Event(now, release.version, release.model_digest, origin))
        shutil.rmtree(removed)
    except OSError as error:
        raise PipelineError(
            "Old versions must be removable. Received: "
            f"{error.filename or removed}: {error.strerror}. Change the permissions."
        ) from error


def foreign_names(model_folder: str) -> list[str]:
    """Names of folders that look like versions, and were not published by us."""
    return [
        str(number)
        for number in list_numbers(model_folder)
        if read_release(version_folder(model_folder, number)) is None
    ]
