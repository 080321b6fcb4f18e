"""A command line -> predictions on standard output, everything else on standard error."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from components.config_checks import expand_home
from components.errors import PipelineError, first_line
from pipeline import exit_codes
from pipeline.predict.image_files import ImageFiles, find_image_files
from pipeline.predict.prediction_formats import TABLE, WRITERS
from pipeline.predict.pushed_models import SeveralModelsError, add_model_flags, choose_model
from pipeline.predict.quiet import quiet_standard_error
from pipeline.terminal import print_plain

if TYPE_CHECKING:
    from components.serving.predictor import Predictor

# Fewer are classified before a bar could be read.
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
            raise PipelineError(
                "A pushed model must be one that TensorFlow loads. Received: "
                f"{model_folder}: {first_line(error)}. Remove its newest version, or push it again."
            ) from error


def main(argv: Sequence[str], load: Callable[[str], "Predictor"] = load_predictor) -> int:
    """Classifies each image; what can be wrong is said before TensorFlow loads.

    Args:
        argv: The arguments, without the program's name.
        load: Loads the model of a folder.

    Returns:
        The exit status: 0 every image has a prediction, 1 some have none or there is no model,
        2 nobody said which of several models is meant, 130 interrupted.

    Raises:
        SystemExit: 0 after --help; 2 after one message on standard error.
    """
    console = Console(stderr=True)
    try:
        parser = _build_parser()
        given = parser.parse_args(argv)
        try:
            files = find_image_files([expand_home("IMAGE", image) for image in given.images])
        except PipelineError as error:
            parser.error(str(error))
        return _predict(str(choose_model(given)), files, given.format, load, console)
    except PipelineError as error:
        print_plain(console, f"error: {error}")
        is_wrong_use = isinstance(error, SeveralModelsError)
        return exit_codes.WRONG_USE if is_wrong_use else exit_codes.FAILED
    except KeyboardInterrupt:
        print_plain(console, "Interrupted.")
        return exit_codes.INTERRUPTED


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.predict",
        description="Classifies images with the newest pushed model.",
        epilog="Exit status: 0 every image has a prediction, 1 some have none or there is no "
        "model, 2 wrong use, 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "images",
        nargs="+",
        metavar="IMAGE",
        help="an image, or a folder with images at any depth",
    )
    add_model_flags(parser)
    formats = parser.add_mutually_exclusive_group()
    for name in WRITERS:
        formats.add_argument(
            f"--{name}",
            dest="format",
            action="store_const",
            const=name,
            default=TABLE,
            help="print a table (default)" if name == TABLE else f"print {name.upper()}",
        )
    return parser


def _predict(
    model_folder: str,
    files: ImageFiles,
    format_name: str,
    load: Callable[[str], "Predictor"],
    console: Console,
) -> int:
    if console.is_terminal:
        print_plain(console, "Loading TensorFlow and the model ...")
    predictor = load(model_folder)
    print_plain(console, _describe(os.path.basename(model_folder), predictor.version, files))
    has_bar = console.is_terminal and len(files.paths) >= FEWEST_FILES_FOR_A_BAR
    # Decoders tell of damaged files in their own words, which would also hold back the bar.
    with contextlib.nullcontext() if has_bar else quiet_standard_error():
        predictions = list(
            track(
                predictor.predict(files.paths),
                "Classifying",
                total=len(files.paths),
                console=console,
                transient=True,
                disable=not has_bar,
            )
        )
    WRITERS[format_name](predictions, sys.stdout)
    has_errors = any(prediction.error for prediction in predictions)
    return exit_codes.FAILED if has_errors else exit_codes.SUCCESS


def _describe(name: str, version: int, files: ImageFiles) -> str:
    images = "1 image" if len(files.paths) == 1 else f"{len(files.paths):,} images"
    left_out = (
        f" Left out (hidden, a link to a folder, or special): {files.left_out:,}."
        if files.left_out
        else ""
    )
    return f"{name}, version {version}: predictions for {images}.{left_out}"
