"""`release.json`: where a version comes from, and the digest of each of its files."""

import dataclasses
import getpass
import hashlib
import json
import os
import socket
import types
from collections.abc import Iterator, Mapping
from typing import Any

from components.errors import PipelineError
from components.serving.directory.layout import EXTRA_FOLDER, version_folder

RELEASE_FILE = os.path.join(EXTRA_FOLDER, "release.json")
# What a push adds to a model, and what differs each time.
ADDED_FILES = frozenset(
    os.path.join(EXTRA_FOLDER, name)
    for name in ("release.json", "report.html", "model_card.md", "metrics.json")
)
PUSH = "push"
FORCED_PUSH = "forced push"
ROLLBACK = "rollback"


@dataclasses.dataclass(frozen=True)
class ReleaseOrigin:
    """Why a version is published.

    Attributes:
        action: `PUSH`, `FORCED_PUSH` or `ROLLBACK`.
        actor: Who, as "user@host".
        reason: In the words of whoever decided; of a plain push, empty.
        sentence: The gate's verdict.
        run: Of the pipeline; empty outside of one.
        reset_baseline: Why it was not compared with what served before; empty if it was.
        of_version: The version that a rollback went back to.
        withdraws: The versions that a rollback took out of use.
    """

    action: str
    actor: str
    reason: str = ""
    sentence: str = ""
    run: str = ""
    reset_baseline: str = ""
    of_version: int | None = None
    withdraws: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Release:
    """What is known of a version.

    Attributes:
        version: Its number.
        time: When it was published, ISO 8601, UTC.
        origin: Why.
        model_digest: Of the model alone: equal for equal models.
        files: SHA-256 of each file of the version but this one, by path below its folder.
    """

    version: int
    time: str
    origin: ReleaseOrigin
    model_digest: str
    files: Mapping[str, str]

    def to_json(self) -> str:
        """The content of the file."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n"


def read_release(folder: str) -> Release | None:
    """Reads the release of a version.

    Returns:
        None for a folder that was not published by us.

    Raises:
        PipelineError: The file is damaged, or must not be read.
    """
    path = os.path.join(folder, RELEASE_FILE)
    try:
        with open(path, encoding="utf-8") as file:
            values: dict[str, Any] = json.load(file)
        release = Release(**{**values, "origin": to_origin(values["origin"])})
        require(int, release.version)
        require(str, release.time, release.model_digest, *release.files.values())
        return release
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PipelineError(
            f"{RELEASE_FILE} of a version must be readable, and as it was written. Received: "
            f"{path}: {error}. Remove this version, or restore it from a backup."
        ) from error


def find_release(model_folder: str, version: int) -> Release | None:
    """Reads the release of a version, if it was published by us, and as this version.

    A damaged release is as good as none here: it must keep nobody from a push or a rollback. So is
    one of another version, whose folder somebody copied.
    """
    try:
        release = read_release(version_folder(model_folder, version))
    except PipelineError:
        return None
    return release if release is not None and release.version == version else None


def to_origin(values: Mapping[str, Any]) -> ReleaseOrigin:
    """Reads what JSON made of an origin.

    Raises:
        ValueError, TypeError or KeyError: It was something else.
    """
    origin = ReleaseOrigin(**{**values, "withdraws": tuple(values["withdraws"])})
    require(str, origin.action, origin.actor, origin.reason, origin.sentence)
    require(str, origin.run, origin.reset_baseline)
    require(int | None, origin.of_version)
    require(int, *origin.withdraws)
    return origin


def require(kind: type | types.UnionType, *values: object) -> None:
    """Checks the type of what was read.

    Raises:
        TypeError: One of them has another.
    """
    for value in values:
        if not isinstance(value, kind):
            raise TypeError(f"{value!r} is of another type")


def digest_file(path: str) -> str:
    """SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_files(folder: str) -> Iterator[str]:
    """Yields the paths of all files below a folder, relative to it, sorted."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield os.path.relpath(os.path.join(parent, name), folder)


def digest_files(folder: str) -> dict[str, str]:
    """SHA-256 of each file below a folder, by path."""
    return {path: digest_file(os.path.join(folder, path)) for path in list_files(folder)}


def digest_model(files: Mapping[str, str]) -> str:
    """One digest of a model, without what a push adds to it."""
    digest = hashlib.sha256()
    for path in sorted(files.keys() - ADDED_FILES):
        digest.update(f"{path}\0{files[path]}\n".encode())
    return digest.hexdigest()


def find_actor() -> str:
    """Who is at work, as "user@host"."""
    try:
        user = getpass.getuser()
    # In a container, a user may have a number and no name.
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def find_damage(folder: str) -> Iterator[str]:
    """Yields a sentence for each file that is not as it was published."""
    try:
        release = read_release(folder)
    except PipelineError as error:
        yield str(error)
        return
    if release is None:
        yield f"{folder} was not published by this pipeline: it has no {RELEASE_FILE}."
        return
    there = set(list_files(folder)) - {RELEASE_FILE}
    for path in sorted(release.files.keys() | there):
        if path not in there:
            yield f"{path} is missing."
        elif path not in release.files:
            yield f"{path} was added."
        elif digest_file(os.path.join(folder, path)) != release.files[path]:
            yield f"{path} was changed."
