"""The folders that a run writes to."""

import datetime
import errno
import os
import shlex
import stat
import tempfile
from collections.abc import Collection, Mapping

from components.errors import PipelineError
from components.storage import atomic_write
from pipeline.config import PipelineConfig, to_yaml
from pipeline.paths import claim_name, model_folder, output_folder

CONFIG_FILE = "config.yaml"
PERMISSIONS = (errno.EACCES, errno.EPERM)


def make_run_folder(config: PipelineConfig, run: str = "") -> str:
    """Makes all folders that the run writes to, and stores its configuration.

    Args:
        config: What to run.
        run: Name of the run; without one, the time is its name.

    Returns:
        The folder of this run alone, with `config.yaml` in it.

    Raises:
        PipelineError: One of them cannot be written.
    """
    run = run or datetime.datetime.now().strftime("%Y-%m-%dT%H-%M-%S.%f")
    folder, output = run_folder(config, run), output_folder(config)
    wanted = {folder: config.output, model_folder(config): config.serving}
    if not os.path.exists(config.schema):
        place = os.path.dirname(config.schema) or "."
        wanted[place] = place
    # Of earlier runs, perhaps of another user.
    for name in os.listdir(output) if os.path.isdir(output) else ():
        if os.path.isdir(os.path.join(output, name)):
            wanted[os.path.join(output, name)] = config.output
    refused = {path: error for path in wanted if (error := _try_to_write(path)) is not None}
    if refused:
        raise _unwritable(refused, {wanted[path] for path in refused})
    path = os.path.join(folder, CONFIG_FILE)
    try:
        atomic_write(path, to_yaml(config).encode())
        claim_name(config)
    except OSError as error:
        raise _unwritable({path: error}, {config.output}) from error
    return folder


def run_folder(config: PipelineConfig, run: str) -> str:
    """Where one run alone keeps what it says of itself."""
    return os.path.join(output_folder(config), "runs", run)


def _try_to_write(path: str) -> OSError | None:
    """Why a folder, which is made, cannot be written; None if it can."""
    try:
        os.makedirs(path, exist_ok=True)
        # Asking for the permissions does not tell on every file system, and of a full one never.
        with tempfile.TemporaryFile(dir=path):
            return None
    except OSError as error:
        return error


def _unwritable(refused: Mapping[str, OSError], tops: Collection[str]) -> PipelineError:
    received = "; ".join(
        f"{path}: {error.strerror}{_owner(path, error)}" for path, error in refused.items()
    )
    are_permissions = all(error.errno in PERMISSIONS for error in refused.values())
    remedy = _remedy(tops) if are_permissions else "Change its permissions or choose another folder"
    return PipelineError(
        "The folders of --output, --serving and --schema must be writable. Received: "
        f"{received}. {remedy}."
    )


def _owner(path: str, error: OSError) -> str:
    """Whose the first folder that is there is, where that is the reason."""
    if error.errno not in PERMISSIONS:
        return ""
    there = path
    while not os.path.lexists(there):
        there = os.path.dirname(there) or "."
    found = os.stat(there)
    which = "it" if there == path else there
    return (
        f" ({which} has the user {found.st_uid}, the group {found.st_gid} and the mode "
        f"{stat.S_IMODE(found.st_mode):o})"
    )


def _remedy(tops: Collection[str]) -> str:
    places = " ".join(shlex.quote(os.path.abspath(top)) for top in sorted(tops))
    user, group = os.geteuid(), os.getegid()
    return (
        f"This process is the user {user} with the group {group}. Let whoever may do so run: "
        f"mkdir -p {places} && chown -R {user}:{group} {places} && chmod -R u+rwX {places}"
    )
