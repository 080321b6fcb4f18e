"""A command line -> answers on standard output, everything else on standard error."""

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from components.errors import PipelineError
from pipeline.predict.answers import WRITERS
from pipeline.predict.command_line import Question, parse_question
from pipeline.predict.files import ImageFiles
from pipeline.predict.models import SeveralModelsError, choose_model
from pipeline.predict.quiet import quiet_standard_error
from pipeline.terminal import print_plain

if TYPE_CHECKING:
    from components.serving.predictor import Predictor

ANSWERED = 0
FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130
# Fewer are answered before a bar could be read.
FEWEST_FILES_FOR_A_BAR = 65


def load_predictor(model_folder: str) -> "Predictor":
    """Loads TensorFlow and the newest version of a model: ten seconds.

    Args:
        model_folder: `<serving>/<name>`.

    Raises:
        PipelineError: The model cannot be loaded.
    """
    # From here on, warnings of TensorFlow's C++ code are not for the user either; errors are.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with quiet_standard_error():
        from components.serving.predictor import Predictor

        try:
            return Predictor(model_folder)
        except PipelineError:
            raise
        except Exception as error:
            # TensorFlow has no kind of exception for a damaged model.
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise PipelineError(
                "A pushed model must be one that TensorFlow loads. Received: "
                f"{model_folder}: {reason}. Remove its newest version, or push it again."
            ) from error


def main(argv: Sequence[str], load: Callable[[str], "Predictor"] = load_predictor) -> int:
    """Answers for each image; what can be wrong is said before TensorFlow loads.

    Args:
        argv: The arguments, without the program's name.
        load: Loads the model of a folder.

    Returns:
        The exit status: 0 every image has an answer, 1 some have none or there is no model,
        2 nobody said which of several models is meant, 130 interrupted.

    Raises:
        SystemExit: 0 after --help; 2 after one message on standard error.
    """
    console = Console(stderr=True)
    try:
        question = parse_question(argv)
        return _ask(question, choose_model(question.serving, question.model), load, console)
    except PipelineError as error:
        print_plain(console, f"error: {error}")
        return WRONG_USE if isinstance(error, SeveralModelsError) else FAILED
    except KeyboardInterrupt:
        print_plain(console, "Interrupted.")
        return INTERRUPTED


def _ask(
    question: Question, model: Path, load: Callable[[str], "Predictor"], console: Console
) -> int:
    if console.is_terminal:
        print_plain(console, "Loading TensorFlow and the model ...")
    predictor = load(str(model))
    print_plain(console, _describe(model.name, predictor.version, question.files))
    paths = question.files.paths
    has_bar = console.is_terminal and len(paths) >= FEWEST_FILES_FOR_A_BAR
    # Decoders tell of damaged files in their own words, which would also hold back the bar.
    with contextlib.nullcontext() if has_bar else quiet_standard_error():
        predictions = list(
            track(
                predictor.predict(paths),
                "Classifying",
                total=len(paths),
                console=console,
                transient=True,
                disable=not has_bar,
            )
        )
    WRITERS[question.answer](predictions, sys.stdout)
    return FAILED if any(prediction.error for prediction in predictions) else ANSWERED


def _describe(name: str, version: int, files: ImageFiles) -> str:
    images = "1 image" if len(files.paths) == 1 else f"{len(files.paths):,} images"
    left_out = (
        f" Left out (hidden, a link to a folder, or special): {files.left_out:,}."
        if files.left_out
        else ""
    )
    return f"{name}, version {version}, answers for {images}.{left_out}"
