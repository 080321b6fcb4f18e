"""The folders that a run writes to."""

import datetime
import os

from components.errors import PipelineError
from components.whole_file import write_whole
from pipeline.config import PipelineConfig, to_yaml
from pipeline.places import claim_name, model_folder, output_folder

CONFIG_FILE = "config.yaml"


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
    folder = run_folder(config, run)
    _make_writable(folder)
    _make_writable(model_folder(config))
    if not os.path.exists(config.schema):
        _make_writable(os.path.dirname(config.schema) or ".")
    path = os.path.join(folder, CONFIG_FILE)
    try:
        write_whole(path, to_yaml(config).encode())
        claim_name(config)
    except OSError as error:
        raise _unwritable(path, str(error.strerror)) from error
    return folder


def run_folder(config: PipelineConfig, run: str) -> str:
    """Where one run alone keeps what it says of itself."""
    return os.path.join(output_folder(config), "runs", run)


def _make_writable(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, str(error.strerror)) from error
    if not os.access(folder, os.W_OK):
        raise _unwritable(folder, "no permission to write")


def _unwritable(path: str, reason: str) -> PipelineError:
    return PipelineError(
        f"The folders of --output, --serving and --schema must be writable. Received: {path}: "
        f"{reason}. Change its permissions or choose another folder."
    )
