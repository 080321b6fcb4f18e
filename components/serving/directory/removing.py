"""Old versions, and what was cut off: taken away so that no server sees a part of a version."""

import contextlib
import datetime
import os
import shutil
from collections.abc import Iterator

from components.errors import PipelineError
from components.serving.directory.layout import (
    REMOVED,
    UNFINISHED,
    find_serving,
    is_version,
    list_versions,
    version_folder,
)
from components.serving.directory.log import (
    REMOVAL,
    Event,
    append_event,
    is_publishing,
    read_lines,
    rolled_back_versions,
)
from components.serving.directory.release import (
    Release,
    ReleaseOrigin,
    find_actor,
    find_release,
    read_release,
)
from components.storage import flush_folder

SERVES, GO_BACK = "serves", "a rollback can go back to it"
SAME_MODEL, ROLLED_BACK = "the same model as a newer version", "rolled back"
WORTHS = (SERVES, GO_BACK, SAME_MODEL, ROLLED_BACK)
"""What a version is good for; the last are the first to go."""


def sweep(model_folder: str) -> None:
    """Removes what was cut off; the lock is held, so that nobody is still at it.

    Raises:
        PipelineError: Something of it must not be removed.
    """
    for name in os.listdir(model_folder):
        place = os.path.join(model_folder, name)
        if _is_of(REMOVED, name):
            _finish(model_folder, place)
        elif _is_of(UNFINISHED, name):
            _delete(place)


def _is_of(prefix: str, name: str) -> bool:
    return name.startswith(prefix) and is_version(name.removeprefix(prefix))


def _finish(model_folder: str, removed: str) -> None:
    """Goes on with a removal that was cut off, maybe before its line was written."""
    try:
        release = read_release(removed)
    except PipelineError:
        release = None
    logged = {e.version for e in read_lines(model_folder) if not is_publishing(e)}
    if release is not None and release.version not in logged:
        _log(model_folder, release, "a removal that was cut off")
    _delete(removed)


def keep_newest(model_folder: str, keep: int) -> list[int]:
    """Removes versions of ours that are not kept; the lock is held.

    Kept are the newest, which serves, and of the others the newest that one can go back to: each
    with a model of its own that was not rolled back. The rest is the first to go, and of that
    what was rolled back. Versions that were not published by us are never removed, and not counted.

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
    # The newest of all may be somebody else's; the newest of ours stays in any case.
    old = sorted(list(find_worth(model_folder).items())[keep:])
    for version, worth in old:
        reason = worth if worth in (SAME_MODEL, ROLLED_BACK) else f"the newest {keep} are kept"
        _remove(model_folder, version, reason)
    return [version for version, _ in old]


def find_worth(model_folder: str) -> dict[int, str]:
    """What each version of ours is good for, those first that are to be kept first."""
    releases, rolled_back = _releases(model_folder), rolled_back_versions(model_folder)
    serving, seen = find_serving(model_folder), set[str]()
    worth: dict[int, str] = {}
    for release in reversed(releases):
        is_newest = release is releases[-1]
        if is_newest:
            worth[release.version] = SERVES if release.version == serving else GO_BACK
        elif release.version in rolled_back:
            worth[release.version] = ROLLED_BACK
        else:
            worth[release.version] = SAME_MODEL if release.model_digest in seen else GO_BACK
        seen.add(release.model_digest)
    return dict(sorted(worth.items(), key=lambda pair: WORTHS.index(pair[1])))


def _releases(model_folder: str) -> list[Release]:
    found = (find_release(model_folder, number) for number in list_versions(model_folder))
    return [release for release in found if release is not None]


def _remove(model_folder: str, version: int, reason: str) -> None:
    """Renames a version, so that it is gone at once for a server, and then takes it apart."""
    folder, release = version_folder(model_folder, version), find_release(model_folder, version)
    removed = os.path.join(model_folder, f"{REMOVED}{version}")
    with _removable(removed):
        os.rename(folder, removed)
    flush_folder(model_folder)
    if release is not None:
        _log(model_folder, release, reason)
    _delete(removed)


def _log(model_folder: str, release: Release, reason: str) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    origin = ReleaseOrigin(REMOVAL, find_actor(), reason)
    append_event(model_folder, Event(now, release.version, release.model_digest, origin))


def _delete(place: str) -> None:
    """Removes a folder with all it holds; of a link, the link alone."""
    with _removable(place):
        if os.path.isdir(place) and not os.path.islink(place):
            shutil.rmtree(place)
        else:
            os.remove(place)


@contextlib.contextmanager
def _removable(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PipelineError(
            "Old versions, and what was cut off, must be removable. Received: "
            f"{error.filename or place}: {error.strerror}. Change the permissions."
        ) from error
