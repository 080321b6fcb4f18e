"""Every file of a version against the digests of its release."""

import os
from collections.abc import Iterator

from components.errors import PipelineError
from components.serving.directory.release import (
    RELEASE_FILE,
    Release,
    digest_file,
    list_files,
    read_release,
)


def find_damage(folder: str) -> Iterator[str]:
    """Yields a sentence for each file that is not as it was published.

    Args:
        folder: Of a version.
    """
    try:
        release = read_release(folder)
    except PipelineError as error:
        yield str(error)
        return
    if release is None:
        yield f"{folder} was not published by this pipeline: it has no {RELEASE_FILE}."
        return
    yield from _compare(folder, release)


def _compare(folder: str, release: Release) -> Iterator[str]:
    there = set(list_files(folder)) - {RELEASE_FILE}
    for path in sorted(release.files.keys() | there):
        if path not in there:
            yield f"{path} is missing."
        elif path not in release.files:
            yield f"{path} was added."
        elif digest_file(os.path.join(folder, path)) != release.files[path]:
            yield f"{path} was changed."
