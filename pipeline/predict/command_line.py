"""Arguments -> what is asked."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from components.config_checks import expand_home
from components.errors import PipelineError
from pipeline.predict.answers import TABLE, WRITERS
from pipeline.predict.files import ImageFiles, find_image_files

DEFAULT_SERVING = "serving"


@dataclasses.dataclass(frozen=True)
class Question:
    """What a command line asks for.

    Attributes:
        files: What to classify.
        serving: Folder of models, of which the only one is asked.
        model: Folder of the model to ask instead, `<serving>/<name>`.
        answer: A key of `answers.WRITERS`.
    """

    files: ImageFiles
    serving: Path
    model: Path | None
    answer: str


def parse_question(argv: Sequence[str]) -> Question:
    """Reads a command line; ends the process for --help and wrong use.

    Args:
        argv: The arguments, without the program's name.

    Raises:
        SystemExit: 0 after --help; 2 after one message on standard error.
    """
    parser = _build_parser()
    given = parser.parse_args(argv)
    try:
        serving, model = model_places(given)
        files = find_image_files([expand_home("IMAGE", image) for image in given.images])
    except PipelineError as error:
        parser.error(str(error))
    return Question(files=files, serving=serving, model=model, answer=given.answer)


def model_places(given: argparse.Namespace) -> tuple[Path, Path | None]:
    """The folders that --serving and --model name."""
    serving = Path(expand_home("--serving", given.serving))
    model = given.model
    return serving, Path(expand_home("--model", model)) if model is not None else None


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.predict",
        description="Classifies images with the newest pushed model.",
        epilog="Exit status: 0 every image has an answer, 1 some have none or there is no model, "
        "2 wrong use, 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "images",
        nargs="+",
        metavar="IMAGE",
        help="an image, or a folder with images at any depth",
    )
    models = parser.add_mutually_exclusive_group()
    models.add_argument(
        "--serving",
        metavar="FOLDER",
        default=DEFAULT_SERVING,
        help="ask the only model in this folder (default: %(default)s)",
    )
    models.add_argument(
        "--model", metavar="FOLDER", help="ask the newest version of this model, <serving>/<name>"
    )
    answers = parser.add_mutually_exclusive_group()
    for name in WRITERS:
        answers.add_argument(
            f"--{name}",
            dest="answer",
            action="store_const",
            const=name,
            default=TABLE,
            help="answer as a table (default)" if name == TABLE else f"answer as {name.upper()}",
        )
    return parser
