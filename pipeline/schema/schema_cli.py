"""A command line -> a difference on standard output, and a schema file if it is wanted."""

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text
from tensorflow_metadata.proto.v0 import schema_pb2

from components.config_checks import ConfigurationError, expand_home
from components.errors import PipelineError
from components.validation.schema import (
    check_schema,
    freeze_schema,
    parse_schema,
    propose_schema,
    schema_text,
)
from pipeline.command_line import parse_arguments
from pipeline.config import PipelineConfig
from pipeline.exit_codes import INTERRUPTED, SUCCESS, WRONG_USE
from pipeline.paths import check_outside
from pipeline.schema.latest_statistics import HOW_TO_GET_THEM, find_latest, load_statistics
from pipeline.schema.schema_diff import describe_differences, is_same, unified_diff
from pipeline.terminal import print_plain

SAME = SUCCESS
DIFFERENT = 1
YES = ("y", "yes")
PROGRAM = "python -m pipeline.schema"
DIFF = "diff"
FREEZE = "freeze"
# Those settings that say where a schema and its statistics lie.
PLACES = ("config", "data", "name", "output", "schema")


@dataclasses.dataclass(frozen=True)
class SchemaRequest:
    """What a command line asks for.

    Attributes:
        command: `DIFF` or `FREEZE`.
        config: Says where schema and statistics are.
        statistics: Folders of ExampleStatistics artifacts, one of each span; none for those of the
            last run.
        is_fresh: Propose as if there were no schema yet.
        is_confirmed: Write without a question.
    """

    command: str
    config: PipelineConfig
    statistics: tuple[str, ...] = ()
    is_fresh: bool = False
    is_confirmed: bool = False


@dataclasses.dataclass(frozen=True)
class Review:
    """A schema in use, and the one that is proposed.

    Attributes:
        path: The file of the former.
        text: Its content; empty where there is none.
        frozen: The same, parsed.
        proposed: What the images want.
    """

    path: str
    text: str
    frozen: schema_pb2.Schema
    proposed: schema_pb2.Schema


def main(argv: Sequence[str], ask: Callable[[str], str] = input) -> int:
    """Shows the difference and, to freeze it, asks and writes.

    Args:
        argv: The arguments, without the program's name.
        ask: Puts a question to the user and returns the answer.

    Returns:
        The exit status: 0 no difference, or frozen; 1 a difference, or not frozen; 2 nothing to
        compare; 130 interrupted.

    Raises:
        SystemExit: 0 after --help; 2 after one message on standard error.
    """
    errors = Console(stderr=True)
    try:
        request = parse_request(argv)
        review = _prepare(request)
        return (
            _show(review, Console()) if request.command == DIFF else _freeze(request, review, ask)
        )
    except PipelineError as error:
        print_plain(errors, f"error: {error}")
        return WRONG_USE
    except (KeyboardInterrupt, EOFError):
        print_plain(errors, "Interrupted. Nothing was written.")
        return INTERRUPTED


def _prepare(request: SchemaRequest) -> Review:
    path = request.config.schema
    content = _read(path)
    frozen = parse_schema(content, path)
    folders = request.statistics or find_latest(request.config)
    statistics = [found for folder in folders for found in load_statistics(folder).values()]
    try:
        is_first = request.is_fresh or not content
        proposed = propose_schema(statistics, None if is_first else frozen)
    except ValueError as error:
        raise PipelineError(
            f"Statistics must be of this version's records. Received: {', '.join(folders)}: "
            f"{str(error).rstrip('.')}. {HOW_TO_GET_THEM}"
        ) from error
    return Review(path, content.decode(), frozen, proposed)


def _read(path: str) -> bytes:
    if not os.path.exists(path):
        return b""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise PipelineError(
            f"The schema must be a file that can be read. Received: {path}: {error.strerror}. "
            "Change its permissions, or give another with --schema."
        ) from error


def _show(review: Review, console: Console) -> int:
    if review.text and is_same(review.frozen, review.proposed):
        print_plain(console, f"{review.path} is what the images propose.")
        return SAME
    if not review.text:
        print_plain(console, f"There is no {review.path} yet.")
    for line in describe_differences(review.frozen, review.proposed):
        _print(console, line)
    console.print()
    for line in unified_diff(review.text, schema_text(review.proposed), review.path):
        _print(console, line)
    return DIFFERENT


def _freeze(request: SchemaRequest, review: Review, ask: Callable[[str], str]) -> int:
    console = Console()
    check_outside(request.config.data, {"--schema": review.path})
    check_schema(review.proposed, review.path)
    if _show(review, console) == SAME:
        return SAME
    if not request.is_confirmed:
        if not sys.stdin.isatty():
            raise PipelineError(
                "freeze asks before it writes. Received: a standard input that is no terminal. "
                "Review the difference and give --yes."
            )
        if ask(f"Write this to {review.path}? [y/N] ").strip().lower() not in YES:
            print_plain(console, "Nothing was written.")
            return DIFFERENT
    try:
        freeze_schema(review.proposed, review.path)
    except OSError as error:
        raise PipelineError(
            f"The schema must be a file that can be written. Received: {review.path}: "
            f"{error.strerror}. Change its permissions, or give another with --schema."
        ) from error
    print_plain(console, f"Frozen into {review.path}. Commit it: the next run is held to it.")
    return SAME


def _print(console: Console, line: Text) -> None:
    console.print(line, highlight=False, soft_wrap=True)


def freeze_arguments(config: PipelineConfig) -> list[str]:
    """What to give to `freeze`, beside statistics, to freeze the schema of a run.

    Args:
        config: The run's.
    """
    return [f"--{name}={getattr(config, name)}" for name in ("data", "name", "schema")]


def parse_request(argv: Sequence[str]) -> SchemaRequest:
    """Reads a command line; ends the process for --help and wrong use.

    Args:
        argv: The arguments, without the program's name.

    Raises:
        SystemExit: 0 after --help; 2 after one message on standard error.
    """
    parser = _build_parser()
    given = parser.parse_args(argv)
    if given.yes and given.command != FREEZE:
        parser.error(f"--yes belongs to {FREEZE}. Received: {given.command}. Leave it out.")
    places = [
        f"--{place}={value}" for place in PLACES if (value := getattr(given, place)) is not None
    ]
    config = parse_arguments(places, program=PROGRAM).config
    try:
        statistics = tuple(expand_home("--statistics", path) for path in given.statistics)
    except ConfigurationError as error:
        parser.error(str(error))
    return SchemaRequest(
        command=given.command,
        config=config,
        statistics=statistics,
        is_fresh=given.fresh,
        is_confirmed=given.yes,
    )


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Shows how the schema that the latest images propose differs from the one in "
        "use, and freezes it after review. Without --data and --config, that of the sample.",
        epilog="Exit status: 0 no difference, or frozen; 1 a difference, or not frozen; 2 wrong "
        "use, or nothing to compare; 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "command",
        choices=(DIFF, FREEZE),
        help="diff: show the difference; freeze: show it, ask, and write the schema file",
    )
    places = {
        "config": ("FILE", "the configuration of the pipeline"),
        "data": ("FOLDER", "its data folder"),
        "name": ("NAME", "its name, if it is not that of the data folder"),
        "output": ("FOLDER", "its folder for artifacts (default: output)"),
        "schema": ("FILE", "its schema (default: schemas/<name>.pbtxt beside the output folder)"),
    }
    for place in PLACES:
        metavar, text = places[place]
        parser.add_argument(f"--{place}", metavar=metavar, help=text)
    parser.add_argument(
        "--statistics",
        metavar="FOLDER",
        action="append",
        default=[],
        help="statistics to propose from: a folder with Split-<split>/FeatureStats.pb; once for "
        "each span (default: those of the last run)",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="propose as if there were no schema: ranges become as narrow as for a first run, and "
        "what people added is left out",
    )
    parser.add_argument("--yes", action="store_true", help="freeze without asking")
    return parser
