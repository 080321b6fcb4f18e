"""Old versions, and what was cut off: taken away so that no server sees a part of a version."""

import contextlib
import datetime
import os
import shutil
from collections.abc import Iterator, Sequence, Set

from components.errors import PipelineError
from components.serving.directory.layout import (
    REMOVED,
    UNFINISHED,
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
    withdrawn_versions,
)
from components.serving.directory.release import (
    Origin,
    Release,
    find_actor,
    find_release,
    read_release,
)
from components.whole_file import flush_folder


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
    kept = _by_worth(_releases(model_folder), withdrawn_versions(model_folder))[:keep]
    old = [release for release in _releases(model_folder) if release not in kept]
    for release in old:
        _remove(model_folder, release, keep)
    return [release.version for release in old]


def _by_worth(releases: Sequence[Release], withdrawn: Set[int]) -> list[Release]:
    """The newest; what one can go back to from there; more of the same models; the withdrawn."""
    ranks: dict[int, int] = {}
    seen: set[str] = set()
    for release in reversed(releases):
        is_newest = release is releases[-1]
        is_withdrawn = release.version in withdrawn and not is_newest
        ranks[release.version] = 2 * is_withdrawn + (release.model_digest in seen)
        seen.add(release.model_digest)
    return sorted(releases, key=lambda each: (ranks[each.version], -each.version))


def _releases(model_folder: str) -> list[Release]:
    found = (find_release(model_folder, number) for number in list_versions(model_folder))
    return [release for release in found if release is not None]


def _remove(model_folder: str, release: Release, keep: int) -> None:
    """Renames a version, so that it is gone at once for a server, and then takes it apart."""
    removed = os.path.join(model_folder, f"{REMOVED}{release.version}")
    with _removable(removed):
        os.rename(version_folder(model_folder, release.version), removed)
    flush_folder(model_folder)
    _log(model_folder, release, f"the newest {keep} are kept")
    _delete(removed)


def _log(model_folder: str, release: Release, reason: str) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    origin = Origin(REMOVAL, find_actor(), reason)
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
