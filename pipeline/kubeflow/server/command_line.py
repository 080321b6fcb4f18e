"""The commands of `runner_kubeflow.py` that talk to a server."""

import argparse
import sys
from collections.abc import Callable

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
    _add(commands, "list", "list the schedules", "list_schedules")
    for name, words in (
        ("pause", "switch a schedule off"),
        ("resume", "switch a schedule on"),
        ("delete", "delete a schedule; its runs stay"),
    ):
        parser = _add(commands, name, words, name)
        parser.add_argument("name", metavar="NAME", help="of the schedule, as list shows it")


def _add_submit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _add(commands, "submit", "start a run of a compiled pipeline", "submit")
    _add_pipeline(parser)
    parser.add_argument("--run-name", metavar="NAME", default="", help="without it, name and time")
    parser.add_argument(
        "--wait",
        action="store_true",
        help="show what happens until the run ends; exit status: 0 released, 3 refused, 1 failed",
    )
    parser.add_argument(
        "--time-out",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="with --wait: give up then; the run goes on",
    )


def _add_schedule(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _add(commands, "schedule", "run a compiled pipeline on a schedule", "schedule")
    _add_pipeline(parser)
    parser.add_argument(
        "--cron",
        required=True,
        metavar="EXPRESSION",
        help="six fields, the seconds first, or the five of cron: '0 3 * * 1' is Mondays at three",
    )
    parser.add_argument(
        "--name",
        default="",
        help="without it, that of the pipeline; a schedule of that name is replaced",
    )
    parser.add_argument(
        "--time-zone",
        default="UTC",
        metavar="ZONE",
        help="of the cluster: UTC, unless the controller of scheduled workflows has another one in "
        "CRON_SCHEDULE_TIMEZONE. Kubeflow has one for all schedules",
    )
    parser.add_argument("--start", default="", metavar="TIME", help="ISO 8601, such as 2026-12-01")
    parser.add_argument("--end", default="", metavar="TIME", help="ISO 8601")
    parser.add_argument(
        "--catch-up",
        action="store_true",
        help="make up for runs that were missed; off, since each would train on the same images",
    )
    parser.add_argument(
        "--max-concurrency",
        type=int,
        default=1,
        metavar="N",
        help="runs at the same time; 1, since the second would wait for the first, or repeat it",
    )
    parser.add_argument("--preview", action="store_true", help="show the next runs, and end")


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    words: str,
    function: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False
    )
    parser.add_argument("--host", default="", metavar="URL", help="of the API; or KFP_HOST")
    parser.add_argument("--namespace", default="", help="or KFP_NAMESPACE")
    parser.set_defaults(run=_later(function))
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
    """The client takes a second to load, which --help need not wait for."""

    def run(arguments: argparse.Namespace) -> int:
        from pipeline.kubeflow.server import commands

        say = sys.stdout.write
        command: Callable[[argparse.Namespace, Callable[[str], object]], int]
        command = getattr(commands, function)
        return command(arguments, lambda line: (say(f"{line}\n"), sys.stdout.flush()))

    return run
