"""The serving directory -> the model to ask.

Looks by itself, without TensorFlow, so that a mistake is answered before that is loaded.
"""

import shlex
from pathlib import Path

from components.errors import PipelineError
from components.serving.directory.layout import MODEL_FILE, is_version


class SeveralModelsError(PipelineError):
    """Nobody said which of several models is meant: wrong use, not a failure."""


def choose_model(serving: Path, model: Path | None) -> Path:
    """Finds the model to ask.

    Args:
        serving: Folder of models, `<serving>/<name>/<version>`.
        model: The choice of the user; None for the only model in `serving`.

    Returns:
        `<serving>/<name>`.

    Raises:
        PipelineError: No model was pushed there, or there are several to choose from.
    """
    if model is not None:
        if not _versions(model, "*"):
            raise PipelineError(
                "--model must be the folder of a pushed model, <serving>/<name>. "
                f"Received: {model} without versions. Run the pipeline first, or give another."
            )
        return model
    models = find_models(serving)
    if not models:
        raise PipelineError(
            f"A model must have been pushed. Received: {serving} without versions of any model. "
            "Run the pipeline first, or give another folder with --serving or --model."
        )
    if len(models) > 1:
        listed = "\n".join(f"  --model {shlex.quote(str(found))}" for found in models)
        raise SeveralModelsError(
            f"Without --model, {serving} must hold one model. Received: {len(models):,}. "
            f"Give one of them:\n{listed}"
        )
    return models[0]


def find_models(serving: Path) -> list[Path]:
    """All models that were pushed to a folder, by name: `<serving>/<name>`."""
    return sorted({version.parent for version in _versions(serving, "*/*")})


def _versions(folder: Path, pattern: str) -> list[Path]:
    """Complete versions: a model that is still being copied has a name that is no number."""
    found = (path.parent for path in folder.glob(f"{pattern}/{MODEL_FILE}"))
    return [version for version in found if is_version(version.name)]
