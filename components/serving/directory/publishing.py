"""A model -> a new version, which appears when it is complete: whole or not at all.

TFX's Pusher copies file by file into the final folder, from which TensorFlow Serving may load a
half of it (tensorflow/serving#1086), and skips the copy, reporting success, if the folder of that
second exists.
"""

import datetime
import os
import shutil
from collections.abc import Mapping

from components.errors import PipelineError
from components.serving.directory.layout import (
    EXTRA_FOLDER,
    HIGHEST_VERSION,
    MODEL_FILE,
    UNFINISHED,
    copy_file,
    find_serving,
    flush_folders,
    highest_number,
    version_folder,
    write_text,
)
from components.serving.directory.lock import locked
from components.serving.directory.log import append_event, event_of, read_events, restore
from components.serving.directory.release import (
    RELEASE_FILE,
    Release,
    ReleaseOrigin,
    digest_file,
    digest_files,
    digest_model,
    find_release,
    list_files,
)
from components.serving.directory.removing import keep_newest, sweep
from components.storage import flush_folder

ANY_VERSION = -1
"""No version has this number."""


def publish(
    source: str,
    model_folder: str,
    origin: ReleaseOrigin,
    now: float,
    extras: Mapping[str, str] | None = None,
    keep: int = 0,
    expected: int | None = ANY_VERSION,
) -> int:
    """Makes a model the newest version, unless it is that already.

    Args:
        source: Folder of the SavedModel.
        model_folder: `<serving>/<name>`.
        origin: Why.
        now: Seconds since the epoch.
        extras: Files to add to `assets.extra`: their paths, by their names there.
        keep: How many versions may be there afterwards; 0 for any number.
        expected: The version that serves; None if there is none; `ANY_VERSION` for whatever does.

    Returns:
        The new version, or the newest one if it has this very model.

    Raises:
        PipelineError: Another version serves than was expected. Or there is no SavedModel, it
            changed while it was copied, the copy failed, or
            the serving directory cannot be used. No server sees a trace of it.
    """
    if not os.path.isfile(os.path.join(source, MODEL_FILE)):
        raise PipelineError(
            f"A model that is pushed must have a file {MODEL_FILE}. Received: {source} without it. "
            "If its artifacts were removed, remove the whole output folder and run again."
        )
    files = digest_files(source)
    with locked(model_folder):
        prepare(model_folder)
        version = _version_that_serves(model_folder, digest_model(files))
        if version is None:
            if expected != ANY_VERSION:
                _check_expected(model_folder, expected)
            version = add_version(source, files, model_folder, origin, now, extras or {})
        keep_newest(model_folder, keep)
        return version


def prepare(model_folder: str) -> None:
    """Tidies up after a crash, and checks that changes can be logged; the lock is held.

    Raises:
        PipelineError: The log cannot be written, or what was cut off cannot be removed.
    """
    restore(model_folder)
    sweep(model_folder)


def add_version(
    source: str,
    files: Mapping[str, str],
    model_folder: str,
    origin: ReleaseOrigin,
    now: float,
    extras: Mapping[str, str],
) -> int:
    """Writes a version beside its place, and puts it there in one step; the lock is held.

    Args:
        source: Folder of the SavedModel.
        files: Its digests; what it holds besides is not copied.
        model_folder: `<serving>/<name>`.
        origin: Why.
        now: Seconds since the epoch.
        extras: As of `publish`.

    Returns:
        The new version.
    """
    version = next_version(model_folder, now)
    unfinished = os.path.join(model_folder, f"{UNFINISHED}{version}")
    try:
        release = _write(source, files, unfinished, version, origin, now, extras)
        flush_folders(unfinished)
        os.rename(unfinished, version_folder(model_folder, version))
    except OSError as error:
        raise PipelineError(
            "A push must be able to read a model and its report, and to write the serving "
            f"directory. Received: {error.filename or unfinished}: {error.strerror}. No server saw "
            "any of it. Make room, or change the permissions, and try again."
        ) from error
    finally:
        # Gone if all went well.
        shutil.rmtree(unfinished, ignore_errors=True)
    flush_folder(model_folder)
    append_event(model_folder, event_of(release))
    return version


def next_version(model_folder: str, now: float) -> int:
    """A version above all that there are or ever were: the time in seconds, or one more.

    Raises:
        PipelineError: Somebody took the highest number that a server reads.
    """
    taken = [highest_number(model_folder), *(e.version for e in read_events(model_folder))]
    version = max(int(now), max(taken) + 1)
    if version > HIGHEST_VERSION:
        raise PipelineError(
            f"A version must be at most {HIGHEST_VERSION}, which servers can read, and above all "
            f"that were ever there. Received: {model_folder} with version {max(taken)}. Rename "
            "that folder, or give another serving directory."
        )
    return version


def _write(
    source: str,
    files: Mapping[str, str],
    folder: str,
    version: int,
    origin: ReleaseOrigin,
    now: float,
    extras: Mapping[str, str],
) -> Release:
    """Copies everything, compares it, and adds the release."""
    sources = {os.path.join(EXTRA_FOLDER, name): path for name, path in extras.items()}
    # What the model has itself is its own.
    sources |= {path: os.path.join(source, path) for path in files}
    expected = {path: files.get(path) or digest_file(sources[path]) for path in sources}
    for path in sources:
        copy_file(sources[path], os.path.join(folder, path))
    written = digest_files(folder)
    for path, digest in expected.items():
        if written[path] != digest:
            raise PipelineError(
                "A model must not change while it is pushed. Received: "
                f"{sources[path]}, whose copy differs. Check the disk, and run again."
            )
    time = datetime.datetime.fromtimestamp(now, datetime.UTC).isoformat(timespec="seconds")
    release = Release(version, time, origin, digest_model(files), written)
    write_text(os.path.join(folder, RELEASE_FILE), release.to_json())
    return release


def _version_that_serves(model_folder: str, model_digest: str) -> int | None:
    """The newest version, if it has this model, whole."""
    newest = find_serving(model_folder)
    release = None if newest is None else find_release(model_folder, newest)
    if newest is None or release is None or release.model_digest != model_digest:
        return None
    return newest if is_whole(model_folder, newest) else None


def is_whole(model_folder: str, version: int) -> bool:
    """Whether a version has all its files as they were published."""
    folder, release = version_folder(model_folder, version), find_release(model_folder, version)
    if release is None:
        return False
    # Somebody may have laid hands on it.
    return set(list_files(folder)) >= release.files.keys() and all(
        digest_file(os.path.join(folder, path)) == digest for path, digest in release.files.items()
    )


def _check_expected(model_folder: str, expected: int | None) -> None:
    serving = find_serving(model_folder)
    if serving == expected:
        return
    events = [event for event in read_events(model_folder) if event.version == serving]
    how = f", a {events[0].origin.action} by {events[0].origin.actor}" if events else ""
    now = f"version {serving}{how}" if serving is not None else "no version"
    before = f"version {expected}" if expected is not None else "no version"
    raise PipelineError(
        "A model must be pushed over the one that it was compared with. Received: "
        f"{model_folder}, where {now}, serves now; when this run looked, {before} did. Run again, "
        "which compares with what serves now; what is done is cached."
    )
