"""Where a pipeline keeps what: light enough for every command."""

import os
import re
import tempfile
from collections.abc import Mapping

from components.config_checks import ConfigurationError
from components.storage import atomic_write, is_local, lies_in
from pipeline.config import PipelineConfig

OWNER_FILE = ".data_folder"
"""Holds the path of the data folder that a pipeline's name belongs to."""
_PATTERN = re.compile(r"[\[*?\\]")
"""What TensorFlow and Beam take for a pattern of names where they look for files."""


def output_folder(config: PipelineConfig) -> str:
    """Where everything of a pipeline lies but the pushed models."""
    return os.path.join(config.output, config.name)


def model_folder(config: PipelineConfig) -> str:
    """Where the pushed models lie."""
    return os.path.join(config.serving, config.name)


def metadata_file(config: PipelineConfig) -> str:
    """ML Metadata's SQLite file."""
    return os.path.join(output_folder(config), "metadata.sqlite")


def artifacts_folder(config: PipelineConfig) -> str:
    """Where the steps write what they hand on."""
    return os.path.join(output_folder(config), "artifacts")


def checkpoint_folder(config: PipelineConfig) -> str:
    """Where trainings that were cut off leave their state."""
    return os.path.join(output_folder(config), "checkpoints")


def check_places(config: PipelineConfig) -> None:
    """Checks that a run can write where it is to, and that it would not find its own files there.

    Nothing is made, and no folder need exist.

    Raises:
        ConfigurationError: A path that a run writes to lies in the data folder, or has characters
            that some step could not deal with, hours later.
    """
    places = {
        "--output": config.output,
        "--serving": config.serving,
        "--schema": config.schema,
        "TMPDIR": tempfile.gettempdir(),
    }
    # Beam makes paths absolute, so that a pattern above the current directory is one, too.
    whole = {
        name: os.path.abspath(path) if is_local(path) else path for name, path in places.items()
    }
    patterns = {name: path for name, path in whole.items() if _PATTERN.search(path)}
    if patterns:
        raise ConfigurationError(
            "The paths that a run writes to may not have [, *, ? or \\ in them, which TensorFlow "
            f"takes for patterns of names. Received: {_listed(patterns)}. Choose other folders."
        )
    check_outside(config.data, places)


def check_outside(data: str, places: Mapping[str, str]) -> None:
    """Checks that no place, by the flag that gives it, lies in the data folder.

    Raises:
        ConfigurationError: One does.
    """
    inside = {name: path for name, path in places.items() if lies_in(path, data)}
    if inside:
        raise ConfigurationError(
            "A run must write outside of its data folder, where folders are classes and files are "
            f"images. Received: --data {data}, and in it {_listed(inside)}. Give other places with "
            f"{' and '.join(inside)}, or start from another folder."
        )


def check_guessed_name(config: PipelineConfig) -> None:
    """Checks that a name which nobody gave is not that of a pipeline of another data folder.

    Args:
        config: Named by the last part of its data folder's path, as `teamA/images` and
            `teamB/images` both are: the second would be pushed over the first.

    Raises:
        ConfigurationError: It is.
    """
    data = _identity(config)
    for folder in (output_folder(config), model_folder(config)):
        owner = _read_owner(folder)
        if owner and owner != data:
            raise ConfigurationError(
                "A name that is taken from the data folder must not be that of a pipeline of "
                f"another folder. Received: --data {config.data}, so that the name is "
                f"{config.name}, whose {folder} belongs to {owner}. Give this pipeline a name of "
                f"its own with --name; or, if the folder was moved, confirm it once with --name "
                f"{config.name}."
            )


def claim_name(config: PipelineConfig) -> None:
    """Notes in the folders of a pipeline, which exist, whose data they are made from.

    Raises:
        OSError: It cannot be written.
    """
    data = _identity(config)
    for folder in (output_folder(config), model_folder(config)):
        if _read_owner(folder) != data:
            atomic_write(os.path.join(folder, OWNER_FILE), os.fsencode(data))


def _identity(config: PipelineConfig) -> str:
    return os.path.realpath(config.data) if is_local(config.data) else config.data.rstrip("/")


def _read_owner(folder: str) -> str:
    try:
        with open(os.path.join(folder, OWNER_FILE), "rb") as file:
            return os.fsdecode(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _listed(places: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {path}" for name, path in places.items())
