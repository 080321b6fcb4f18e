"""The serving directory -> the model to ask.

Looks by itself, without TensorFlow, so that a mistake is answered before that is loaded.
"""

from pathlib import Path

from components.errors import PipelineError
from components.serving.directory.layout import MODEL_FILE, is_version


def choose_model(serving: Path, model: Path | None) -> Path:
    """Finds the model to ask.

    Args:
        serving: Folder of models, `<serving>/<name>/<version>`.
        model: The choice of the user; None for the model in `serving` that was pushed last, since
            versions are seconds since the epoch.

    Returns:
        `<serving>/<name>`.

    Raises:
        PipelineError: No model was pushed there.
    """
    if model is not None:
        if not _versions(model, "*"):
            raise PipelineError(
                "--model must be the folder of a pushed model, <serving>/<name>. "
                f"Received: {model} without versions. Run the pipeline first, or give another."
            )
        return model
    versions = _versions(serving, "*/*")
    if not versions:
        raise PipelineError(
            f"A model must have been pushed. Received: {serving} without versions of any model. "
            "Run the pipeline first, or give another folder with --serving or --model."
        )
    return max(versions, key=lambda version: (int(version.name), version)).parent


def _versions(folder: Path, pattern: str) -> list[Path]:
    """Complete versions: a model that is still being copied has a name that is no number."""
    found = (path.parent for path in folder.glob(f"{pattern}/{MODEL_FILE}"))
    return [version for version in found if is_version(version.name)]
