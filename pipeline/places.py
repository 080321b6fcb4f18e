"""Where a pipeline keeps what: light enough for every command to ask."""

import os
import re
import tempfile
from collections.abc import Mapping

from components.config_checks import ConfigurationError
from components.ingestion.listing.file_system import lies_in
from pipeline.config import PipelineConfig

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


def checkpoint_folder(config: PipelineConfig) -> str:
    """Where trainings that were cut off leave their state."""
    return os.path.join(output_folder(config), "checkpoints")


def check_places(config: PipelineConfig) -> None:
    """Checks that a run can write where it is to, and that it would not find its own files there.

    Args:
        config: What to run. Nothing is made, and none of its folders need exist.

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
    patterns = {name: path for name, path in places.items() if _PATTERN.search(path)}
    if patterns:
        raise ConfigurationError(
            "The paths that a run writes to may not have [, *, ? or \\ in them, which TensorFlow "
            f"takes for patterns of names. Received: {_listed(patterns)}. Choose other folders."
        )
    check_outside(config.data, places)


def check_outside(data: str, places: Mapping[str, str]) -> None:
    """Checks that nothing is written into the data folder.

    Args:
        data: The data folder.
        places: Paths by the flag that gives them.

    Raises:
        ConfigurationError: One lies in the data folder.
    """
    inside = {name: path for name, path in places.items() if lies_in(path, data)}
    if inside:
        raise ConfigurationError(
            "A run must write outside of its data folder, where folders are classes and files are "
            f"images. Received: --data {data}, and in it {_listed(inside)}. Give other places with "
            f"{' and '.join(inside)}, or start from another folder."
        )


def _listed(places: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {path}" for name, path in places.items())
