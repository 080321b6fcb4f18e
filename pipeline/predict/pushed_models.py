"""The serving directory -> the model to use.

Looks by itself, without TensorFlow, so that a mistake is answered before that is loaded.
"""

import argparse
import shlex
from pathlib import Path

from components.config_checks import expand_home
from components.errors import PipelineError
from components.serving.directory.layout import MODEL_FILE, is_version


class SeveralModelsError(PipelineError):
    """Nobody said which of several models is meant: wrong use, not a failure."""


def add_model_flags(parser: argparse.ArgumentParser, others: str = "") -> None:
    """Adds --serving and --model.

    Args:
        parser: Changes.
        others: What to say besides of --serving in --help.
    """
    models = parser.add_mutually_exclusive_group()
    models.add_argument(
        "--serving",
        metavar="FOLDER",
        default="serving",
        help=f"the only model in this folder{others} (default: %(default)s)",
    )
    models.add_argument(
        "--model", metavar="FOLDER", help="the newest version of this model, <serving>/<name>"
    )


def choose_model(given: argparse.Namespace) -> Path:
    """Finds the model to use.

    Args:
        given: With --serving, `<serving>/<name>/<version>`, and --model, the choice of the user;
            None for the only model in `serving`.

    Returns:
        `<serving>/<name>`.

    Raises:
        PipelineError: No model was pushed there, or there are several to choose from.
    """
    if given.model is not None:
        model = Path(expand_home("--model", given.model))
        if not _versions(model, "*"):
            raise PipelineError(
                "--model must be the folder of a pushed model, <serving>/<name>. "
                f"Received: {model} without versions. Run the pipeline first, or give another."
            )
        return model
    models = find_models(given)
    serving = expand_home("--serving", given.serving)
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


def find_models(given: argparse.Namespace) -> list[Path]:
    """All models that were pushed to the folder of --serving, by name: `<serving>/<name>`."""
    serving = Path(expand_home("--serving", given.serving))
    return sorted({version.parent for version in _versions(serving, "*/*")})


def _versions(folder: Path, pattern: str) -> list[Path]:
    """Complete versions: a model that is still being copied has a name that is no number."""
    found = (path.parent for path in folder.glob(f"{pattern}/{MODEL_FILE}"))
    return [version for version in found if is_version(version.name)]
