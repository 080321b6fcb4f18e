"""A command line -> the audit on standard output, everything else on standard error."""

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from components.config_checks import ConfigurationError, expand_home
from components.errors import PipelineError
from components.ingestion.data_spans import find_spans, is_span
from components.ingestion.ingestion_rules import IngestionRules
from components.sandbox import check_machine
from components.storage import folder_exists
from pipeline.audit.audit_table import write_table
from pipeline.audit.progress_bar import show_progress
from pipeline.command_line import parse_arguments
from pipeline.config import PipelineConfig, ingestion_rules
from pipeline.exit_codes import FAILED, INTERRUPTED, REFUSED, SUCCESS
from pipeline.loading import loading
from pipeline.paths import check_outside
from pipeline.terminal import print_plain

if TYPE_CHECKING:
    from components.audit import Audit

PROGRAM = "python -m pipeline.audit"
STANDARD_OUTPUT = "-"
# Of the model and its folder, which an audit has none of.
ANY_NAME = "audit"

AuditFolder = Callable[[str, IngestionRules], "Audit"]


@dataclasses.dataclass(frozen=True)
class AuditRequest:
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


def audit_folder(root: str, rules: IngestionRules) -> "Audit":
    """Loads Apache Beam, which takes seconds, and looks through a folder; see `data_audit`."""
    # Once more there; but where memory is limited, Apache Beam would not even load.
    check_machine(rules.limits.memory)
    with loading():
        from components.ingestion import data_audit

    return data_audit.audit_folder(root, rules)


def main(argv: Sequence[str], audit_folder: AuditFolder = audit_folder) -> int:
    """Looks through a folder and tells what is in it.

    Args:
        argv: The arguments, without the program's name.
        audit_folder: Looks through a folder.

    Returns:
        The exit status: 0 a run would use the folder as it is, 1 it could not be looked through, 3
        there is what changes or stops a run, 130 interrupted.

    Raises:
        SystemExit: 0 after --help; 2 after one message on standard error.
    """
    console = Console(stderr=True)
    try:
        request = parse_request(argv)
        rules = ingestion_rules(request.config)
        folder = _choose_folder(request.config.data, console)
        with show_progress(console, "Looking at the folder ..."):
            audit = audit_folder(folder, rules)
        _answer(audit, request, console)
        return _judge(audit, rules, is_span(folder), console)
    except PipelineError as error:
        print_plain(console, f"error: {error}")
        return FAILED
    except KeyboardInterrupt:
        print_plain(console, "Interrupted.")
        return INTERRUPTED


def _choose_folder(root: str, console: Console) -> str:
    """The folder itself; of one with spans, its newest."""
    spans = find_spans(root) if folder_exists(root) else ()
    if not spans:
        return root
    names = ", ".join(os.path.basename(span.folder) for span in spans)
    print_plain(
        console,
        f"{root} has spans: {names}. This is about {spans[-1].folder} alone; give another FOLDER "
        "to look at that. A run compares each span with those before it, too.",
    )
    return spans[-1].folder


def _answer(audit: "Audit", request: AuditRequest, console: Console) -> None:
    if request.json == STANDARD_OUTPUT:
        sys.stdout.write(audit.to_json())
    else:
        write_table(audit, sys.stdout)
    try:
        if request.json not in (None, STANDARD_OUTPUT):
            audit.write(request.json)
            print_plain(console, f"JSON: {request.json}")
        if request.report is not None:
            _write_report(audit, request)
            print_plain(console, f"Report with pictures: {request.report}")
        elif audit.findings:
            print_plain(console, "To see the images: --report FILE")
    except OSError as error:
        raise PipelineError(
            "The files to write must be in a folder where you may write. Received: "
            f"{error.filename}: {error.strerror}. Give another FILE."
        ) from error


def _write_report(audit: "Audit", request: AuditRequest) -> None:
    # Not above: most audits have no report, and Pillow's plugins take a moment.
    from components.data_report.data_page import SpanPage, render_data_page
    from components.ingestion.data_audit import make_pictures

    page = render_data_page(SpanPage("", "", audit, make_pictures(audit)))
    with open(str(request.report), "w", encoding="utf-8") as file:
        file.write(page)


def _judge(audit: "Audit", rules: IngestionRules, is_part: bool, console: Console) -> int:
    # Not above: --help needs none of it.
    from components.ingestion.accounting import check_account
    from components.pages.finding_kinds import FINDING_KINDS

    try:
        check_account(audit, rules, is_part)
    except PipelineError as error:
        print_plain(console, f"A run would stop: {error}")
        return REFUSED
    is_critical = any(FINDING_KINDS[kind].is_critical for kind in audit.findings)
    return REFUSED if is_critical else SUCCESS


def parse_request(argv: Sequence[str]) -> AuditRequest:
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
    return AuditRequest(config=config, **to)


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
