"""Arguments -> what is asked."""

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from components.errors import PipelineError
from pipeline.predict.command_line import DEFAULT_SERVING, model_places
from pipeline.predict.models import choose_model, find_models

PROGRAM = "python -m pipeline.releases"

AddCommand = Callable[[str, str], argparse.ArgumentParser]


@dataclasses.dataclass(frozen=True)
class Request:
    """What a command line asks for.

    Attributes:
        command: list, show, diff, verify, rollback, gc or log.
        model_folders: `<serving>/<name>`, one but for `list`, which takes all without --model.
        versions: Those named, in their order.
        reason: Of a rollback.
        keep: How many versions gc keeps.
        as_json: Whether machines are to read it.
    """

    command: str
    model_folders: tuple[str, ...]
    versions: tuple[int, ...] = ()
    reason: str = ""
    keep: int = 0
    as_json: bool = False

    @property
    def model_folder(self) -> str:
        """The only one."""
        (folder,) = self.model_folders
        return folder


def parse_request(argv: Sequence[str]) -> Request:
    """Reads a command line; ends the process for --help and wrong use.

    Args:
        argv: The arguments, without the program's name.

    Raises:
        SystemExit: 0 after --help; 2 after one message on standard error.
    """
    parser = _build_parser()
    given = parser.parse_args(argv)
    if given.command == "rollback" and not given.reason.strip():
        parser.error("rollback must have a reason, for the log. Received: an empty one.")
    if given.command == "gc" and given.keep < 2:
        parser.error(
            f"--keep must be 2 or more, so that one can go back. Received: --keep {given.keep}."
        )
    try:
        models = _choose_models(given)
    except PipelineError as error:
        parser.error(str(error))
    named = getattr(given, "version", None)
    versions = named if isinstance(named, list) else [named] if named is not None else []
    return Request(
        command=given.command,
        model_folders=tuple(map(str, models)),
        versions=tuple(versions),
        reason=getattr(given, "reason", ""),
        keep=getattr(given, "keep", 0),
        as_json=getattr(given, "json", False),
    )


def _choose_models(given: argparse.Namespace) -> list[Path]:
    serving, model = model_places(given)
    if model is None and given.command == "list":
        found = find_models(serving)
        if found:
            return found
    return [choose_model(serving, model)]


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Shows what was pushed to a serving directory, and goes back to an earlier "
        "version.",
        epilog="Exit status: 0 done, or nothing wrong; 1 something is wrong, or could not be done; "
        "2 wrong use; 130 interrupted.",
        allow_abbrev=False,
    )
    places = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    models = places.add_mutually_exclusive_group()
    models.add_argument(
        "--serving",
        metavar="FOLDER",
        default=DEFAULT_SERVING,
        help="the only model in this folder; list takes all (default: %(default)s)",
    )
    models.add_argument("--model", metavar="FOLDER", help="this model, <serving>/<name>")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, parents=[places], help=text, description=text, allow_abbrev=False
        )

    _add_looks(add)
    _add_changes(add)
    return parser


def _add_looks(add: AddCommand) -> None:
    listing = add("list", "all versions, the newest first")
    listing.add_argument("--json", action="store_true", help="for machines")
    show = add("show", "all that is known of a version (default: the newest)")
    show.add_argument("version", type=int, nargs="?", metavar="VERSION")
    show.add_argument("--json", action="store_true", help="for machines")
    diff = add("diff", "what is different between two versions")
    diff.add_argument("version", type=int, nargs=2, metavar="VERSION")
    verify = add("verify", "every file against its digest (default: of all versions)")
    verify.add_argument("version", type=int, nargs="?", metavar="VERSION")
    log = add("log", "who did what, when and why")
    log.add_argument("--json", action="store_true", help="for machines")


def _add_changes(add: AddCommand) -> None:
    rollback = add(
        "rollback",
        "publish an earlier version anew, as the newest, and withdraw what came after it (default: "
        "the newest with another model that was not withdrawn)",
    )
    rollback.add_argument("version", type=int, nargs="?", metavar="VERSION")
    rollback.add_argument("--reason", required=True, metavar="TEXT", help="why, for the log")
    collect = add("gc", "remove old versions, and what was cut off")
    collect.add_argument(
        "--keep",
        type=int,
        required=True,
        metavar="N",
        help="how many of the newest stay; withdrawn ones go first",
    )
