"""A command line -> the audit on standard output, everything else on standard error."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from components.errors import PipelineError
from components.ingestion.data_spans import find_spans, is_span
from components.ingestion.rules import IngestionRules
from components.storage import folder_exists
from components.worker_pool import check_machine
from pipeline.audit.bar import show_progress
from pipeline.audit.command_line import STANDARD_OUTPUT, Request, parse_request
from pipeline.audit.table import write_table
from pipeline.config import ingestion_rules
from pipeline.loading import loading
from pipeline.terminal import print_plain

if TYPE_CHECKING:
    from components.audit import Audit

FINE = 0
FAILED = 1
NOT_FINE = 3
INTERRUPTED = 130

AuditFolder = Callable[[str, IngestionRules], "Audit"]


def audit_folder(root: str, rules: IngestionRules) -> "Audit":
    """Loads Apache Beam, which takes seconds, and looks through a folder; see `survey`."""
    # Once more there; but where memory is limited, Apache Beam would not even load.
    check_machine(rules.limits.memory)
    with loading():
        from components.ingestion import survey

    return survey.audit_folder(root, rules)


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


def _answer(audit: "Audit", request: Request, console: Console) -> None:
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


def _write_report(audit: "Audit", request: Request) -> None:
    # Not above: most audits have no report, and Pillow's plugins take a moment.
    from components.data_report.data_page import SpanPage, render_data_page
    from components.ingestion.survey import make_pictures

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
        return NOT_FINE
    is_critical = any(FINDING_KINDS[kind].is_critical for kind in audit.findings)
    return NOT_FINE if is_critical else FINE
