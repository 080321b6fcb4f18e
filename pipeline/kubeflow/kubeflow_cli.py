"""The command line of `runner_kubeflow.py`.

KFP's client takes two seconds to load, TFX ten: neither --help nor --preview waits for them.
"""

import argparse
import dataclasses
import datetime
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from components.config_checks import ConfigurationError, expand_home
from components.errors import PipelineError
from pipeline.command_line import parse_arguments
from pipeline.config import to_dict
from pipeline.exit_codes import FAILED, INTERRUPTED, SUCCESS, WRONG_USE
from pipeline.kubeflow.contract import FILE_SUFFIXES
from pipeline.kubeflow.parameters import check_no_decisions
from pipeline.kubeflow.settings import KubeflowConfig, kubeflow_from_dict, with_new_names
from pipeline.paths import check_places
from pipeline.terminal import say

PROGRAM = "runner_kubeflow.py"
DEFAULT_EXPERIMENT = "Default"

Command = Callable[[argparse.Namespace], int]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_DESCRIPTION = (
    "The pipeline of runner_local.py on Kubeflow Pipelines: compile it into a file, submit a run "
    "of it, or let it run on a schedule."
)
_COMPILE = (
    "Writes the pipeline for Kubeflow Pipelines v2: one container task for each step. Beside the "
    "flags below it takes all those of runner_local.py; the section `kubeflow` of the "
    "configuration file says what the pods get."
)
_SUBMIT = (
    "start a run of a compiled pipeline, which is uploaded first if the server does not have this "
    "very version"
)
_SCHEDULE = (
    "run a compiled pipeline on a schedule; one of the same name is replaced, without a moment of "
    "two that run"
)
_LIST = "list the schedules: when each runs next, whether it is enabled, and how its last run ended"


def main(argv: Sequence[str]) -> int:
    """Runs one command.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        The exit status: 0 done (of `submit --wait`: the model was released and pushed), 1 it
        failed, 2 wrong use, 3 the model was refused, 130 interrupted.
    """
    parser = _build_parser()
    try:
        arguments, further = parser.parse_known_args(argv)
        if further and arguments.command != "compile":
            parser.error(f"Every argument must belong to a flag. Received: {' '.join(further)}.")
        arguments.further = further
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return INTERRUPTED
    except PipelineError as error:
        sys.stderr.write(f"{PROGRAM}: error: {error}\n")
        return WRONG_USE if isinstance(error, ConfigurationError) else FAILED


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=_DESCRIPTION, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_compile(commands)
    _add_submit(commands)
    _add_schedule(commands)
    _add_client(commands, "list", _LIST, _later("list_schedules"))
    for name, words in (
        ("pause", "disable a schedule; current runs are not touched"),
        ("resume", "enable a schedule; Kubeflow makes up for the latest run that was missed"),
        ("delete", "delete a schedule; its runs stay"),
    ):
        one = _add_client(commands, name, words, _later(name))
        one.add_argument("name", metavar="NAME", help="of the schedule, or its id")
    return parser


def _add_compile(commands: Commands) -> None:
    parser = commands.add_parser(
        "compile",
        help="write the pipeline into a file",
        description=_COMPILE,
        allow_abbrev=False,
    )
    parser.add_argument("-o", dest="to", metavar="FILE", default="pipeline.yaml")
    parser.add_argument(
        "--beam-runner",
        default="",
        metavar="NAME",
        help="what runs the Beam work of all steps, such as FlinkRunner; wins over the section's "
        "pods.beam_runner, and not over that of single steps",
    )
    parser.add_argument(
        "--beam-option",
        action="append",
        default=[],
        metavar="OPTION",
        help="a further argument of Beam, as in --beam-option=--flink_master=HOST:8081; may be "
        "given several times",
    )
    parser.set_defaults(run=_compile)


def _add_submit(commands: Commands) -> None:
    parser = _add_client(commands, "submit", _SUBMIT, _later("submit"))
    _add_pipeline(parser)
    parser.add_argument("--run-name", metavar="NAME", default="", help="without it, name and time")
    parser.add_argument(
        "--wait",
        action="store_true",
        help="show what happens until the run ends; exit status: 0 released and pushed, 3 refused "
        "by the checks, 1 failed, canceled or timed out, 130 interrupted (the run continues)",
    )
    parser.add_argument(
        "--time-out",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="with --wait: give up then; the run continues (default: never)",
    )


def _add_schedule(commands: Commands) -> None:
    parser = _add_client(commands, "schedule", _SCHEDULE, _schedule)
    _add_pipeline(parser)
    parser.add_argument(
        "--cron",
        required=True,
        metavar="EXPRESSION",
        help="Kubeflow's six fields, the second first, or the five of cron, which get second 0: "
        "'0 0 3 * * 1' and '0 3 * * 1' are Mondays at three",
    )
    parser.add_argument(
        "--name", default="", help="of the schedule (default: that of the pipeline)"
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


def _add_client(
    commands: Commands, name: str, words: str, command: Command
) -> argparse.ArgumentParser:
    """Adds a command that talks to a server."""
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
        module = importlib.import_module("pipeline.kubeflow.client.server_commands")
        command: Command = getattr(module, function)
        return command(arguments)

    return run


def _schedule(arguments: argparse.Namespace) -> int:
    from pipeline.kubeflow.client.cron import make_plan
    from pipeline.kubeflow.client.package import parse_values, read_package

    package = read_package(arguments.pipeline)
    values = parse_values(package, arguments.set)
    check_no_decisions(values, "a schedule")
    plan = make_plan(arguments, datetime.datetime.now(datetime.UTC))
    for line in plan.lines:
        say(line)
    if arguments.preview:
        return SUCCESS
    from pipeline.kubeflow.client.server_commands import schedule

    return schedule(arguments, plan, package, values)


def _compile(arguments: argparse.Namespace) -> int:
    """Takes what is left of the arguments for the flags of the pipeline."""
    if not arguments.to.endswith(FILE_SUFFIXES):
        raise ConfigurationError(
            f"The file of the pipeline must end in {', '.join(FILE_SUFFIXES)}, since Kubeflow "
            f"takes no other. Received: {arguments.to}. Give -o "
            f"{os.path.splitext(arguments.to)[0]}.yaml."
        )
    given = parse_arguments(arguments.further, f"{PROGRAM} compile")
    check_places(given.config)
    try:
        section, lines = with_new_names(given.kubeflow)
        kubeflow = _with_beam(kubeflow_from_dict(section), arguments)
    except ConfigurationError as error:
        raise ConfigurationError(f"{given.config_file}: {error}") from error
    check_no_decisions(to_dict(given.config), "a pipeline")
    for line in lines:
        say(line)
    from pipeline.kubeflow.compile import compile_pipeline

    to = expand_home("-o", arguments.to)
    tasks = compile_pipeline(given.config, kubeflow, to)
    say(f"{to}: {given.config.name}, {len(tasks)} tasks: {', '.join(tasks)}.")
    return SUCCESS


def _with_beam(kubeflow: KubeflowConfig, arguments: argparse.Namespace) -> KubeflowConfig:
    pods = kubeflow.pods
    beam = dataclasses.replace(
        pods,
        beam_runner=arguments.beam_runner or pods.beam_runner,
        beam_options=[*pods.beam_options, *arguments.beam_option],
    )
    return dataclasses.replace(kubeflow, pods=beam)
