"""The command line of `runner_kubeflow.py`."""

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence

from components.config_checks import ConfigurationError, expand_home
from components.errors import PipelineError
from pipeline.command_line import parse_arguments
from pipeline.config import to_dict
from pipeline.exit_codes import FAILED, INTERRUPTED, WRONG_USE
from pipeline.kubeflow.names import SUFFIXES
from pipeline.kubeflow.parameters import check_no_decisions
from pipeline.kubeflow.server.command_line import add_commands
from pipeline.kubeflow.settings import KubeflowConfig, kubeflow_from_dict, with_new_names
from pipeline.paths import check_places
from pipeline.terminal import say

PROGRAM = "runner_kubeflow.py"

_DESCRIPTION = (
    "The pipeline of runner_local.py on Kubeflow Pipelines: compile it into a file, submit a run "
    "of it, or let it run on a schedule."
)
_COMPILE_DESCRIPTION = (
    "Writes the pipeline for Kubeflow Pipelines v2: one container task for each step. Beside the "
    "flags below it takes all those of runner_local.py; the section `kubeflow` of the "
    "configuration file says what the pods get."
)


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
        if arguments.command == "compile":
            return _compile(arguments, further)
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return INTERRUPTED
    except ConfigurationError as error:
        sys.stderr.write(f"{PROGRAM}: error: {error}\n")
        return WRONG_USE
    except PipelineError as error:
        sys.stderr.write(f"{PROGRAM}: error: {error}\n")
        return FAILED


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=_DESCRIPTION, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    compiling = commands.add_parser(
        "compile",
        help="write the pipeline into a file",
        description=_COMPILE_DESCRIPTION,
        allow_abbrev=False,
    )
    compiling.add_argument("-o", dest="to", metavar="FILE", default="pipeline.yaml")
    compiling.add_argument(
        "--beam-runner",
        default="",
        metavar="NAME",
        help="what runs the Beam work of all steps, such as FlinkRunner; wins over the section's "
        "pods.beam_runner, and not over that of single steps",
    )
    compiling.add_argument(
        "--beam-option",
        action="append",
        default=[],
        metavar="OPTION",
        help="a further argument of Beam, as in --beam-option=--flink_master=HOST:8081; may be "
        "given several times",
    )
    add_commands(commands)
    return parser


def _compile(arguments: argparse.Namespace, further: Sequence[str]) -> int:
    """Takes what is left of the arguments for the flags of the pipeline."""
    if not arguments.to.endswith(SUFFIXES):
        raise ConfigurationError(
            f"The file of the pipeline must end in {', '.join(SUFFIXES)}, since Kubeflow takes no "
            f"other. Received: {arguments.to}. Give -o {os.path.splitext(arguments.to)[0]}.yaml."
        )
    given = parse_arguments(further, f"{PROGRAM} compile")
    check_places(given.config)
    try:
        section, lines = with_new_names(given.kubeflow)
        kubeflow = _with_beam(kubeflow_from_dict(section), arguments)
    except ConfigurationError as error:
        raise ConfigurationError(f"{given.config_file}: {error}") from error
    check_no_decisions(to_dict(given.config), "a pipeline")
    for line in lines:
        say(line)
    # Only now, since TFX and the SDK take ten seconds to load.
    from pipeline.kubeflow.compiling import compile_pipeline

    to = expand_home("-o", arguments.to)
    tasks = compile_pipeline(given.config, kubeflow, to)
    say(f"{to}: {given.config.name}, {len(tasks)} tasks: {', '.join(tasks)}.")
    return 0


def _with_beam(kubeflow: KubeflowConfig, arguments: argparse.Namespace) -> KubeflowConfig:
    pods = kubeflow.pods
    beam = dataclasses.replace(
        pods,
        beam_runner=arguments.beam_runner or pods.beam_runner,
        beam_options=[*pods.beam_options, *arguments.beam_option],
    )
    return dataclasses.replace(kubeflow, pods=beam)
