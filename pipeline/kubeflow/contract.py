"""What a compiled pipeline, its containers and its clients agree on. Light: nothing is imported."""

import hashlib
import pathlib
import tomllib

from components.errors import PipelineError

PREPARE_RUN = "PrepareRun"
SCHEMA_STEP = "ImportSchemaGen"
DATA_STEPS = ("ImageFolderExampleGen", "StatisticsGen")
"""The steps that need no schema: it may be inferred from what they found."""
LAST_STEP = "Pusher"
MODEL_REFUSED = "ModelRefused"
"""Runs only if the model was refused: the state of a task is all that Kubeflow's API tells."""
RUN_ID = "run_id"
"""Input of PrepareRun, which Kubeflow fills in."""
RUN_FOLDER = "run_folder"
"""Output of PrepareRun, input of the steps."""
VERDICT = "verdict"
"""Output of ReleaseGate, input of ModelRefused."""
PLACEHOLDER = "{{"
"""How those of Kubeflow and Argo begin."""
FILE_SUFFIXES = (".yaml", ".yml", ".json")
"""By which Kubeflow knows that a file is a pipeline; to it, JSON is YAML."""

_ROOT = pathlib.Path(__file__).parents[2]
_CODE = (".py", ".html", ".css")


def code_version() -> str:
    """Version of the package and digest of all its code, such as "0.1.0+3f2a9c0d11e84b57"."""
    digest = hashlib.sha256()
    for package in ("components", "pipeline"):
        for path in sorted((_ROOT / package).rglob("*")):
            if path.suffix in _CODE:
                digest.update(f"{path.relative_to(_ROOT)}\0".encode())
                digest.update(path.read_bytes())
    # Images have the project as it is, and not installed.
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['version']}+{digest.hexdigest()[:16]}"


def check_code_version(compiled: str) -> None:
    """Checks that this code is what a pipeline was compiled from.

    Args:
        compiled: What `code_version` said then.

    Raises:
        PipelineError: It is not.
    """
    here = code_version()
    if here != compiled:
        raise PipelineError(
            "The image must have the very code that the pipeline was compiled from. "
            f"Received: an image with {here}, a pipeline of {compiled}. Build the image again, or "
            "compile the pipeline with the code of the image, then submit it again."
        )
