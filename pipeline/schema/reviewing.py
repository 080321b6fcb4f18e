"""A command line -> a difference on standard output, and a schema file if it is wanted."""

import dataclasses
import os
import sys
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text
from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import PipelineError
from components.validation.schema import (
    check_schema,
    freeze_schema,
    parse_schema,
    propose_schema,
    schema_text,
)
from pipeline.paths import check_outside
from pipeline.schema.command_line import DIFF, Request, parse_request
from pipeline.schema.differences import describe_differences, is_same, unified_diff
from pipeline.schema.latest import HOW_TO_GET_THEM, find_latest, load_statistics
from pipeline.terminal import print_plain

SAME = 0
DIFFERENT = 1
TROUBLE = 2
INTERRUPTED = 130
YES = ("y", "yes")


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
        return TROUBLE
    except (KeyboardInterrupt, EOFError):
        print_plain(errors, "Interrupted. Nothing was written.")
        return INTERRUPTED


def _prepare(request: Request) -> Review:
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


def _freeze(request: Request, review: Review, ask: Callable[[str], str]) -> int:
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
