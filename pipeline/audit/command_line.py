"""Arguments -> what is asked."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from components.config_checks import ConfigurationError, expand_home
from pipeline.command_line import parse_arguments
from pipeline.config import PipelineConfig
from pipeline.paths import check_outside

PROGRAM = "python -m pipeline.audit"
STANDARD_OUTPUT = "-"
# Of the model and its folder, which an audit has none of.
ANY_NAME = "audit"


@dataclasses.dataclass(frozen=True)
class Request:
    """What a command line asks for.

    Attributes:
        config: With the data folder and how it would be read.
        json: File for the audit as JSON; "-" for standard output, in place of the table; None for
            neither.
        report: File for the report; None for none.
    """

    config: PipelineConfig
    json: str | None
    report: str | None


def parse_request(argv: Sequence[str]) -> Request:
    """Reads a command line; ends the process for --help and wrong use.

    Args:
        argv: The arguments, without the program's name.

    Raises:
        SystemExit: 0 after --help; 2 after one message on standard error.
    """
    parser = _build_parser()
    given = parser.parse_args(argv)
    if given.folder is None and given.config is None:
        parser.error("Give the FOLDER to look through, or a --config FILE with data: FOLDER.")
    settings = ["--name", ANY_NAME]
    if given.folder is not None:
        settings += [f"--data={given.folder}"]
    if given.config is not None:
        settings += [f"--config={given.config}"]
    config = parse_arguments(settings, PROGRAM).config
    try:
        to = {
            flag: _check_destination(f"--{flag}", getattr(given, flag), config.data)
            for flag in ("json", "report")
        }
    except ConfigurationError as error:
        parser.error(str(error))
    return Request(config=config, **to)


def _check_destination(flag: str, given: str | None, data: str) -> str | None:
    """Better now than after an hour of reading."""
    if given is None or given == STANDARD_OUTPUT:
        return given
    path = expand_home(flag, given)
    if not path.strip() or Path(path).is_dir() or not Path(path).parent.is_dir():
        raise ConfigurationError(
            f"{flag} must be a file in a folder that exists. Received: {path!r}. Give another."
        )
    check_outside(data, {flag: path})
    return path


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Looks through a folder of images as a run would, without training: which "
        "images would be used, in which split, and what is wrong with the others.",
        epilog="Exit status: 0 a run would use the folder as it is, perhaps with hints; 1 it could "
        "not be looked through; 2 wrong use; 3 there are conflicts of classes, leaks between "
        "splits, or what would stop a run, such as too many rejected files or a class without "
        "images; 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="FOLDER",
        help="folder with one folder a class in it, split or not; of a folder with spans, the "
        "newest is looked at",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="settings as of runner_local.py; of these data, splits, image and ingest matter",
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        nargs="?",
        const=STANDARD_OUTPUT,
        help="write the audit as JSON, without FILE in place of the table (then after FOLDER)",
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        help="write one HTML file, with pictures of what was found",
    )
    return parser
