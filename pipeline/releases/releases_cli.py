"""Arguments -> what each command prints and does."""

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Sequence

from rich.console import Console

from components.errors import PipelineError
from components.serving.directory.layout import list_numbers, version_folder
from components.serving.directory.lock import locked
from components.serving.directory.log import read_events
from components.serving.directory.publishing import prepare
from components.serving.directory.release import find_damage
from components.serving.directory.removing import find_worth, keep_newest
from components.serving.directory.rollback import roll_back
from pipeline import exit_codes
from pipeline.predict.pushed_models import add_model_flags, choose_model, find_models
from pipeline.releases.version_differences import find_differences
from pipeline.releases.version_tables import event_table, pair_table, version_table
from pipeline.releases.versions import FOREIGN, INCOMPLETE, Version, find_version, find_versions
from pipeline.terminal import print_plain

PROGRAM = "python -m pipeline.releases"
WIDTH = 120
"""Of what is no terminal."""


def main(argv: Sequence[str]) -> int:
    """Runs a command and returns the exit status.

    Args:
        argv: The arguments, without the program's name.

    Raises:
        SystemExit: 0 after --help; 2 after one message on standard error.
    """
    given = _parse(argv)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    try:
        return int(given.run(given, console))
    except PipelineError as error:
        sys.stderr.write(f"{PROGRAM}: error: {error}\n")
        return exit_codes.FAILED
    except OSError as error:
        sys.stderr.write(
            f"{PROGRAM}: error: The serving directory must be readable and writable. Received: "
            f"{error.filename}: {error.strerror}. Change its permissions.\n"
        )
        return exit_codes.FAILED
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments, with the folder of each model that is meant, and of the only one."""
    parser = _build_parser()
    given = parser.parse_args(argv)
    if given.run is _rollback and not given.reason.strip():
        parser.error("rollback must have a reason, for the log. Received: an empty one.")
    if given.run is _gc and given.keep < 2:
        parser.error(
            f"--keep must be 2 or more, so that one can go back. Received: --keep {given.keep}."
        )
    try:
        takes_all = given.run is _list and given.model is None
        models = (takes_all and find_models(given)) or [choose_model(given)]
    except PipelineError as error:
        parser.error(str(error))
    given.folders = [str(model) for model in models]
    given.folder = given.folders[0]
    return given


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Shows what was pushed to a serving directory, and rolls back to an earlier "
        "version.",
        epilog="Exit status: 0 done, or nothing wrong; 1 something is wrong, or could not be done; "
        "2 wrong use; 130 interrupted.",
        allow_abbrev=False,
    )
    places = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_model_flags(places, others="; list takes all")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(run: Command, text: str) -> argparse.ArgumentParser:
        name = run.__name__.removeprefix("_")
        command = commands.add_parser(
            name, parents=[places], help=text, description=text, allow_abbrev=False
        )
        command.set_defaults(run=run)
        return command

    _add_commands(add)
    return parser


def _add_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    listing = add(_list, "all versions, the newest first")
    show = add(_show, "all that is known of a version (default: the newest)")
    show.add_argument("version", type=int, nargs="?", metavar="VERSION")
    diff = add(_diff, "what is different between two versions")
    diff.add_argument("versions", type=int, nargs=2, metavar="VERSION")
    verify = add(_verify, "every file against its digest (default: of all versions)")
    verify.add_argument("version", type=int, nargs="?", metavar="VERSION")
    log = add(_log, "who did what, when and why")
    for command in (listing, show, log):
        command.add_argument("--json", action="store_true", help="for machines")
    rollback = add(
        _rollback,
        "publish an earlier version again, as the newest, and take what came after it out of use "
        "(default: the newest with another model that was not rolled back)",
    )
    rollback.add_argument("version", type=int, nargs="?", metavar="VERSION")
    rollback.add_argument("--reason", required=True, metavar="TEXT", help="why, for the log")
    collect = add(_gc, "remove old versions, and what was cut off")
    collect.add_argument(
        "--keep",
        type=int,
        required=True,
        metavar="N",
        help="how many of the newest stay; those that were rolled back go first",
    )


Command = Callable[[argparse.Namespace, Console], int]


def _list(given: argparse.Namespace, console: Console) -> int:
    versions = {folder: find_versions(folder) for folder in given.folders}
    if given.json:
        return _print_json(
            [
                {"model": folder, **dataclasses.asdict(version)}
                for folder, found in versions.items()
                for version in found
            ]
        )
    for folder, found in versions.items():
        _print_versions(folder, found, console)
    return exit_codes.SUCCESS


def _print_versions(folder: str, versions: Sequence[Version], console: Console) -> None:
    print_plain(console, folder, "bold")
    console.print(version_table(versions), highlight=False)
    if versions and versions[0].state == INCOMPLETE:
        print_plain(
            console,
            f"{versions[0].number} is the highest number, and no model: a server that takes the "
            "newest version fails on it. Remove that folder.",
            "red",
        )


def _show(given: argparse.Namespace, console: Console) -> int:
    number = find_versions(given.folder)[0].number if given.version is None else given.version
    version = find_version(given.folder, number)
    if given.json:
        return _print_json(dataclasses.asdict(version))
    console.print(version_table([version]), highlight=False)
    if version.release is None:
        return exit_codes.SUCCESS
    origin = dataclasses.asdict(version.release.origin)
    rows = [(name.replace("_", " "), str(value)) for name, value in origin.items() if value]
    rows += [("model digest", version.release.model_digest)]
    rows += [(f"file {path}", digest) for path, digest in version.release.files.items()]
    console.print(pair_table(("", ""), rows), highlight=False)
    folder = version_folder(given.folder, number)
    print_plain(console, f"Report: {os.path.join(folder, 'assets.extra', 'report.html')}")
    return exit_codes.SUCCESS


def _diff(given: argparse.Namespace, console: Console) -> int:
    first, second = given.versions
    rows = list(find_differences(given.folder, first, second))
    if rows:
        console.print(pair_table(("", str(first), str(second)), rows), highlight=False)
    else:
        print_plain(console, "No difference.")
    return exit_codes.SUCCESS


def _verify(given: argparse.Namespace, console: Console) -> int:
    numbers = list_numbers(given.folder) if given.version is None else [given.version]
    damaged = 0
    for number in numbers:
        version = find_version(given.folder, number)
        damage = list(find_damage(version_folder(given.folder, number)))
        # What is somebody else's is not for us to judge, unless we are asked.
        is_ours = version.state != FOREIGN or given.version is not None
        damaged += bool(damage) and is_ours
        said = " ".join(damage) if damage else "every file is as it was published"
        print_plain(console, f"{number}: {said}", "red" if damage and is_ours else "")
    return exit_codes.FAILED if damaged else exit_codes.SUCCESS


def _log(given: argparse.Namespace, console: Console) -> int:
    events = read_events(given.folder)
    if given.json:
        return _print_json([dataclasses.asdict(event) for event in events])
    console.print(event_table(events), highlight=False)
    return exit_codes.SUCCESS


def _rollback(given: argparse.Namespace, console: Console) -> int:
    version = roll_back(given.folder, given.reason, time.time(), given.version)
    release = find_version(given.folder, version).release
    if release is not None:
        rolled_back = ", ".join(map(str, release.origin.withdraws))
        print_plain(
            console,
            f"Version {version} serves: it is version {release.origin.of_version} again. Rolled "
            f"back: {rolled_back}. Servers that take the newest version load it when they look "
            "next.",
        )
    return exit_codes.SUCCESS


def _gc(given: argparse.Namespace, console: Console) -> int:
    with locked(given.folder):
        prepare(given.folder)
        removed = keep_newest(given.folder, given.keep)
        kept = find_worth(given.folder)
    print_plain(console, f"Removed: {', '.join(map(str, removed)) or 'nothing'}.")
    reasons = ", ".join(f"{version} ({worth})" for version, worth in kept.items())
    print_plain(console, f"Kept: {reasons or 'nothing'}.")
    return exit_codes.SUCCESS


def _print_json(value: object) -> int:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    return exit_codes.SUCCESS
