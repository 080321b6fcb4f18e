"""The commands of `runner_kubeflow.py` that talk to a server.

KFP's client takes a third of a second to load. Neither --help nor --preview waits for it.
"""

import argparse
import datetime
from collections.abc import Callable

from pipeline.terminal import say

DEFAULT_EXPERIMENT = "Default"
Command = Callable[[argparse.Namespace], int]


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds submit, schedule, list, pause, resume and delete.

    Args:
        commands: To which they are added. Each sets `run`, which takes the arguments and returns
            the exit status.
    """
    _add_submit(commands)
    _add_schedule(commands)
    _add(
        commands,
        "list",
        "list the schedules: when each runs next, whether it is switched on, and how its last run "
        "ended",
        _later("list_schedules"),
    )
    for name, words in (
        ("pause", "switch a schedule off; runs that go on are not touched"),
        ("resume", "switch a schedule on; Kubeflow makes up for the latest run that was missed"),
        ("delete", "delete a schedule; its runs stay"),
    ):
        parser = _add(commands, name, words, _later(name))
        parser.add_argument("name", metavar="NAME", help="of the schedule, or its id")


def _add_submit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _add(
        commands,
        "submit",
        "start a run of a compiled pipeline, which is uploaded first if the server does not have "
        "this very version",
        _later("submit"),
    )
    _add_pipeline(parser)
    parser.add_argument("--run-name", metavar="NAME", default="", help="without it, name and time")
    parser.add_argument(
        "--wait",
        action="store_true",
        help="show what happens until the run ends; exit status: 0 released and pushed, 3 refused "
        "by the checks, 1 failed, cancelled or timed out, 130 interrupted (the run goes on)",
    )
    parser.add_argument(
        "--time-out",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="with --wait: give up then; the run goes on (default: never)",
    )


def _add_schedule(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _add(
        commands,
        "schedule",
        "run a compiled pipeline on a schedule; one of the same name is replaced, without a moment "
        "of two that run",
        _schedule,
    )
    _add_pipeline(parser)
    parser.add_argument(
        "--cron",
        required=True,
        metavar="EXPRESSION",
        help="Kubeflow's six fields, the second first, or the five of cron, which get second 0: "
        "'0 0 3 * * 1' and '0 3 * * 1' are Mondays at three",
    )
    parser.add_argument(
        "--name",
        default="",
        help="of the schedule (default: that of the pipeline)",
    )
    parser.add_argument(
        "--show-in",
        default="UTC",
        metavar="ZONE",
        help="a time zone in which the next runs are shown, too (default: UTC). --cron, "
        "--start and --end are meant in the server's: Kubeflow counts all schedules of a server in "
        "one zone, UTC unless its CRON_SCHEDULE_TIMEZONE is another; say so by KFP_CRON_TIME_ZONE",
    )
    parser.add_argument("--time-zone", default="", help=argparse.SUPPRESS)
    parser.add_argument("--start", default="", metavar="TIME", help="ISO 8601, such as 2026-12-01")
    parser.add_argument("--end", default="", metavar="TIME", help="ISO 8601")
    parser.add_argument(
        "--catch-up",
        action="store_true",
        help="make up for every run that was missed (default: for the latest alone, since all of "
        "them would train on the same images)",
    )
    parser.add_argument(
        "--max-concurrency",
        type=int,
        default=1,
        metavar="N",
        help="runs at the same time, 1 to 10 (default: 1, since two would train on the same images "
        "and compete for what serves)",
    )
    parser.add_argument("--preview", action="store_true", help="show the next runs; talk to nobody")


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    words: str,
    command: Command,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False
    )
    parser.add_argument(
        "--host",
        default="",
        metavar="URL",
        help="of the API (default: KFP_HOST). A token comes from KFP_TOKEN, or the file that "
        "KFP_TOKEN_FILE names; a certificate authority from the file that KFP_CA_FILE names",
    )
    parser.add_argument("--namespace", default="", help="(default: KFP_NAMESPACE)")
    parser.set_defaults(run=command)
    return parser


def _add_pipeline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipeline", metavar="PIPELINE.yaml", help="what compile wrote")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the pipeline; may be given several times",
    )
    parser.add_argument("--experiment", default=DEFAULT_EXPERIMENT, help="made where missing")


def _later(function: str) -> Command:
    """A command whose code is loaded when it runs."""

    def run(arguments: argparse.Namespace) -> int:
        from pipeline.kubeflow.server import commands

        command: Callable[[argparse.Namespace, Callable[[str], object]], int]
        command = getattr(commands, function)
        return command(arguments, say)

    return run


def _schedule(arguments: argparse.Namespace) -> int:
    from pipeline.kubeflow.parameters import check_no_decisions
    from pipeline.kubeflow.server.package import parse_values, read_package
    from pipeline.kubeflow.server.planning import describe, make_plan

    package = read_package(arguments.pipeline)
    values = parse_values(package, arguments.set)
    check_no_decisions(values, "a schedule")
    plan = make_plan(arguments, datetime.datetime.now(datetime.UTC))
    for line in describe(plan):
        say(line)
    if arguments.preview:
        return 0
    from pipeline.kubeflow.server import commands

    return commands.schedule(arguments, plan, package, values, say)
