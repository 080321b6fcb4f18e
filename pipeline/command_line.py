"""The command line: a YAML file and flags become a `PipelineConfig`.

A flag wins over the file, the file over the default. Relative paths, also those in a file, are
relative to the current directory. Nothing here imports TensorFlow: `--help` answers at once.
"""

import argparse
import dataclasses
import os
import re
import sys
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml
from jsonargparse import ArgumentParser, Namespace, get_loader

from components.config_checks import ConfigurationError, expand_home, wrong_type
from components.text import did_you_mean
from pipeline.config import DECISIONS, PipelineConfig, from_dict, to_yaml
from pipeline.kubeflow.settings import SECTION
from pipeline.paths import check_guessed_name
from pipeline.setting_names import check_names, setting_fields, setting_groups

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE_CONFIG = Path("configs/fashion_mnist_sample.yaml")
EXIT_STATUS_OF_WRONG_USE = 2

_CONFIG_HELP = (
    "YAML file with any of the settings below; flags win over it. Relative paths in it are "
    "relative to the current directory."
)
# What jsonargparse says of a value of another type.
_WRONG_TYPE = re.compile(r'Parser key "(?P<name>[^"]+)":.*Got value: (?P<value>.*)')


@dataclasses.dataclass(frozen=True)
class Arguments:
    """What a command line asks for.

    Attributes:
        config: The effective configuration.
        config_file: The YAML file that was read; None for flags alone.
        kubeflow: Its section `kubeflow`, unchecked, which `runner_kubeflow.py` alone needs.
        is_sample: Neither a data folder nor a file was given, so that the repository's sample of
            Fashion-MNIST is used.
    """

    config: PipelineConfig
    config_file: str | None
    kubeflow: Mapping[str, Any]
    is_sample: bool


def parse_arguments(argv: Sequence[str], program: str = "runner_local.py") -> Arguments:
    """Reads a command line; ends the process for --help, --print-config and wrong use.

    Args:
        argv: The arguments, without the program's name.
        program: How the user calls the program.

    Returns:
        The checked configuration, and where it is from.

    Raises:
        SystemExit: 0 after --help or --print-config; 2 after one message on standard error.
    """
    parser = _build_parser(program)
    argv = [_with_underscores(argument) for argument in argv]
    try:
        arguments, prints = _read_arguments(parser, argv)
    except ConfigurationError as error:
        _refuse(program, str(error))
    except argparse.ArgumentError as error:
        _refuse(program, str(_explain(error)))
    if prints:
        sys.stdout.write(to_yaml(arguments.config))
        sys.exit(0)
    return arguments


def _build_parser(program: str) -> ArgumentParser:
    parser = ArgumentParser(
        prog=program,
        usage="%(prog)s [--data FOLDER] [--config FILE] [flags]",
        description="From a folder of images to a model that was checked at every step. "
        "Without --data and --config, the sample of Fashion-MNIST in the repository is used.",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("--config", type=str, metavar="FILE", help=_CONFIG_HELP)
    parser.add_argument(
        "--print-config", action="store_true", help="Print the effective configuration and exit."
    )
    groups = setting_groups(PipelineConfig)
    parser.add_class_arguments(PipelineConfig, as_group=False, skip=set(groups))
    for name, settings in groups.items():
        title = (settings.__doc__ or name).partition(".")[0]
        group = parser.add_argument_group(title)
        group.add_class_arguments(settings, name, as_group=False)
    # What is shown alone: both forms are read, and the parser looks for underscores.
    for action in parser._actions:
        action.option_strings = list(map(_with_hyphens, action.option_strings))
    return parser


def _read_arguments(parser: ArgumentParser, argv: Sequence[str]) -> tuple[Arguments, bool]:
    """Returns the arguments, and whether --print-config is among them."""
    _check_flags(argv)
    config_file, is_sample = _choose_file(argv)
    settings = _read_file(config_file) if config_file else {}
    kubeflow = settings.pop(SECTION, {})
    if is_sample:
        settings.update({name: _from_here(settings[name]) for name in ("data", "schema")})
    mappings = _take_mappings(settings)
    # An empty data folder gets past the parser and is refused by the configuration, which says
    # the same whether it comes from a file or not.
    from_file = parser.parse_object({"data": "", **settings})
    given = parser.parse_args(argv, namespace=from_file)
    config = from_dict(_with_mappings(_settings_of(given), mappings, argv))
    if not given.name:
        check_guessed_name(config)
    return Arguments(config, config_file, kubeflow, is_sample), given.print_config


def _take_mappings(settings: dict[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Takes the settings that are mappings out of what a file says.

    The parser reads the texts in them once more, and makes a number of the text "1e5".
    """
    taken = {}
    for full_name, field in setting_fields(PipelineConfig).items():
        group, _, name = full_name.rpartition(".")
        if typing.get_origin(field.type) is dict and isinstance(
            settings.get(group, {}).get(name), Mapping
        ):
            taken[full_name] = settings[group][name]
            settings[group] = {key: settings[group][key] for key in settings[group] if key != name}
    return taken


def _with_mappings(
    settings: dict[str, Any], mappings: Mapping[str, Mapping[str, Any]], argv: Sequence[str]
) -> dict[str, Any]:
    """Puts them back; a flag wins over a single value of them, or over all."""
    flags = [argument.partition("=")[0] for argument in argv]
    for full_name, values in mappings.items():
        group, _, name = full_name.rpartition(".")
        if f"--{full_name}" not in flags:
            settings[group][name] = {**values, **settings[group][name]}
    return settings


def _with_underscores(argument: str) -> str:
    """A flag of ours that was written with hyphens, as --help shows it."""
    flag, equals, value = argument.partition("=")
    name = flag.removeprefix("--").replace("-", "_")
    is_ours = name in setting_fields(PipelineConfig) or name.startswith("train.options.")
    return f"--{name}{equals}{value}" if flag.startswith("--") and is_ours else argument


def _with_hyphens(flag: str) -> str:
    return flag.replace("_", "-")


def _check_flags(argv: Sequence[str]) -> None:
    settings = [f"--{name}" for name in setting_fields(PipelineConfig)]
    flags = ["--config", "--print-config", "--help", *settings]
    for argument in argv:
        flag = argument.partition("=")[0]
        if flag.startswith("--train.options.") or flag in flags or not flag.startswith("--"):
            continue
        meant = did_you_mean(_with_hyphens(flag), map(_with_hyphens, flags))
        raise ConfigurationError(f"A flag must be one of those of --help. Received: {flag}.{meant}")


def _choose_file(argv: Sequence[str]) -> tuple[str | None, bool]:
    """Returns the configuration file, and whether it is the sample's."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--config")
    parser.add_argument("--data")
    given, _ = parser.parse_known_args(argv)
    if "--help" in argv or "-h" in argv:
        return None, False
    if given.config is not None or given.data is not None:
        return given.config, False
    if not (REPOSITORY / SAMPLE_CONFIG).is_file():
        raise ConfigurationError(
            "Without --data and --config, the sample configuration must be there. "
            f"Received: {REPOSITORY / SAMPLE_CONFIG}, which is not. Give --data FOLDER or "
            "--config FILE, or run from a clone of the repository."
        )
    return _from_here(str(SAMPLE_CONFIG)), True


def _from_here(path: str) -> str:
    """A path of the repository, from the current directory."""
    return os.path.relpath(REPOSITORY / path)


def _read_file(path: str) -> dict[str, Any]:
    """Reads a configuration file and checks the names of its settings, not yet their values."""
    path = expand_home("--config", path)
    try:
        content = get_loader("yaml")(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"--config must be a file that can be read. Received: {path}: {error.strerror}."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split()).replace('in "<unicode string>",', "at")
        raise ConfigurationError(
            f"--config must be valid YAML. Received: {path}: {problem}."
        ) from error
    if not isinstance(content, dict):
        raise ConfigurationError(
            "--config must be a file of settings, such as 'data: FOLDER'. "
            f"Received: {path}, {'which is empty' if content is None else f'with {content!r}'}."
        )
    try:
        check_names(PipelineConfig, {key: content[key] for key in content if key != SECTION})
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    for name in DECISIONS:
        if content.get(name):
            flag = f"--{name.replace('_', '-')}"
            raise ConfigurationError(
                f"{name} must be decided for one run at a time, with {flag} REASON. "
                f"Received: {path} with {name}, for all runs. Remove it there."
            )
    return content


def _settings_of(given: Namespace) -> dict[str, Any]:
    names = {name.partition(".")[0] for name in setting_fields(PipelineConfig)}
    return {name: value for name, value in given.as_dict().items() if name in names}


def _explain(error: argparse.ArgumentError) -> ConfigurationError:
    """Turns what the parser says into what the configuration would say."""
    message = " ".join(str(error).split())
    lonely = message.removeprefix("unrecognized arguments: ")
    if lonely != message:
        return ConfigurationError(
            f"Every argument must be a flag or belong to one. Received: {lonely}. "
            "A data folder is given as --data FOLDER."
        )
    found = _WRONG_TYPE.search(message)
    field = setting_fields(PipelineConfig).get(found["name"]) if found else None
    if found is None or field is None:
        return ConfigurationError(message)
    return wrong_type(found["name"], field, found["value"])


def _refuse(program: str, message: str) -> NoReturn:
    sys.stderr.write(f"{program}: error: {message}\nSee {program} --help.\n")
    sys.exit(EXIT_STATUS_OF_WRONG_USE)
