"""What the commands print and do."""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from rich.console import Console

from components.errors import PipelineError
from components.serving.directory.layout import list_numbers, version_folder
from components.serving.directory.lock import locked
from components.serving.directory.log import read_events
from components.serving.directory.publishing import prepare
from components.serving.directory.removing import find_worth, keep_newest
from components.serving.directory.rollback import roll_back
from components.serving.directory.verifying import find_damage
from pipeline.releases.command_line import PROGRAM, Request, parse_request
from pipeline.releases.differences import find_differences
from pipeline.releases.tables import event_table, pair_table, version_table
from pipeline.releases.versions import FOREIGN, INCOMPLETE, Version, find_version, find_versions
from pipeline.terminal import print_plain

DONE = 0
TROUBLE = 1
INTERRUPTED = 130
WIDTH = 120
"""Of what is no terminal."""


def main(argv: Sequence[str]) -> int:
    """Runs a command and returns the exit status.

    Args:
        argv: The arguments, without the program's name.
    """
    request = parse_request(argv)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    try:
        return COMMANDS[request.command](request, console)
    except PipelineError as error:
        sys.stderr.write(f"{PROGRAM}: error: {error}\n")
        return TROUBLE
    except OSError as error:
        sys.stderr.write(
            f"{PROGRAM}: error: The serving directory must be readable and writable. Received: "
            f"{error.filename}: {error.strerror}. Change its permissions.\n"
        )
        return TROUBLE
    except KeyboardInterrupt:
        return INTERRUPTED


def _list(request: Request, console: Console) -> int:
    versions = {folder: find_versions(folder) for folder in request.model_folders}
    if request.as_json:
        _print_json(
            [
                {"model": folder, **dataclasses.asdict(version)}
                for folder, found in versions.items()
                for version in found
            ]
        )
        return DONE
    for folder, found in versions.items():
        _print_versions(folder, found, console)
    return DONE


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


def _show(request: Request, console: Console) -> int:
    number = (request.versions or (find_versions(request.model_folder)[0].number,))[0]
    version = find_version(request.model_folder, number)
    if request.as_json:
        _print_json(dataclasses.asdict(version))
        return DONE
    console.print(version_table([version]), highlight=False)
    if version.release is None:
        return DONE
    origin = dataclasses.asdict(version.release.origin)
    rows = [(name.replace("_", " "), str(value)) for name, value in origin.items() if value]
    rows += [("model digest", version.release.model_digest)]
    rows += [(f"file {path}", digest) for path, digest in version.release.files.items()]
    console.print(pair_table(("", ""), rows), highlight=False)
    folder = version_folder(request.model_folder, number)
    print_plain(console, f"Report: {os.path.join(folder, 'assets.extra', 'report.html')}")
    return DONE


def _diff(request: Request, console: Console) -> int:
    first, second = request.versions
    rows = list(find_differences(request.model_folder, first, second))
    if rows:
        console.print(pair_table(("", str(first), str(second)), rows), highlight=False)
    else:
        print_plain(console, "No difference.")
    return DONE


def _verify(request: Request, console: Console) -> int:
    numbers = request.versions or list_numbers(request.model_folder)
    damaged = 0
    for number in numbers:
        version = find_version(request.model_folder, number)
        damage = list(find_damage(version_folder(request.model_folder, number)))
        # What is somebody else's is not for us to judge, unless we are asked.
        is_ours = version.state != FOREIGN or bool(request.versions)
        damaged += bool(damage) and is_ours
        said = " ".join(damage) if damage else "every file is as it was published"
        print_plain(console, f"{number}: {said}", "red" if damage and is_ours else "")
    return TROUBLE if damaged else DONE


def _log(request: Request, console: Console) -> int:
    events = read_events(request.model_folder)
    if request.as_json:
        _print_json([dataclasses.asdict(event) for event in events])
    else:
        console.print(event_table(events), highlight=False)
    return DONE


def _rollback(request: Request, console: Console) -> int:
    target = request.versions[0] if request.versions else None
    version = roll_back(request.model_folder, request.reason, time.time(), target)
    release = find_version(request.model_folder, version).release
    origin = release.origin if release else None
    if origin is not None:
        withdrawn = ", ".join(map(str, origin.withdraws))
        print_plain(
            console,
            f"Version {version} serves: it is version {origin.of_version} again. Withdrawn: "
            f"{withdrawn}. Servers that take the newest version load it when they look next.",
        )
    return DONE


def _gc(request: Request, console: Console) -> int:
    with locked(request.model_folder):
        prepare(request.model_folder)
        removed = keep_newest(request.model_folder, request.keep)
        kept = find_worth(request.model_folder)
    print_plain(console, f"Removed: {', '.join(map(str, removed)) or 'nothing'}.")
    reasons = ", ".join(f"{version} ({worth})" for version, worth in kept.items())
    print_plain(console, f"Kept: {reasons or 'nothing'}.")
    return DONE


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


COMMANDS: Mapping[str, Callable[[Request, Console], int]] = MappingProxyType(
    {
        "list": _list,
        "show": _show,
        "diff": _diff,
        "verify": _verify,
        "log": _log,
        "rollback": _rollback,
        "gc": _gc,
    }
)
