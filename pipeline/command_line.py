"""The command line: a YAML file and flags become a `PipelineConfig`.

A flag wins over the file, the file over the default. Relative paths, also those in a file, are
relative to the current directory. Nothing here imports TensorFlow: `--help` answers at once.
"""

import argparse
import dataclasses
import inspect
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

from components.config_checks import ConfigurationError, expand_home, wrong_type
from components.text import did_you_mean
from components.training.settings import BLESSED, SERVING
from pipeline.config import DECISIONS, PipelineConfig, YamlLoader, from_dict, to_yaml
from pipeline.exit_codes import SUCCESS, WRONG_USE
from pipeline.kubeflow.settings import SECTION
from pipeline.paths import check_guessed_name
from pipeline.setting_names import check_names, setting_fields, setting_groups

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE_CONFIG = Path("configs/fashion_mnist_sample.yaml")
OPTIONS = "train.options"
"""The setting whose single values have flags of their own, of names that the trainer gives them."""

# One of the attributes in a docstring: its name, and the lines that say what it is.
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
_CONFIG_HELP = (
    "YAML file with any of the settings below; flags win over it. Relative paths in it are "
    "relative to the current directory."
)


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
    try:
        given = _parse(argv, program)
        arguments = _merge(given)
    except (ConfigurationError, argparse.ArgumentError) as error:
        _refuse(program, str(error))
    if given.get("print_config"):
        sys.stdout.write(to_yaml(arguments.config))
        sys.exit(SUCCESS)
    return arguments


def _parse(argv: Sequence[str], program: str) -> dict[str, Any]:
    """The texts that flags give, by the full names of their settings."""
    argv = [_with_hyphens(argument) for argument in argv]
    flags = [argument.partition("=")[0] for argument in argv if argument.startswith("--")]
    options = [flag for flag in flags if flag.startswith(f"--{OPTIONS}.")]
    parser = _build_parser(program)
    for flag in dict.fromkeys(options):
        parser.add_argument(flag, dest=_setting_of(flag), help=argparse.SUPPRESS)
    for flag in flags:
        if flag not in parser._option_string_actions:
            meant = did_you_mean(flag, parser._option_string_actions)
            raise ConfigurationError(
                f"A flag must be one of those of --help. Received: {flag}.{meant}"
            )
    given, others = parser.parse_known_args(argv)
    if others:
        raise ConfigurationError(
            f"Every argument must be a flag or belong to one. Received: {' '.join(others)}. "
            "A data folder is given as --data FOLDER."
        )
    return vars(given)


def _with_hyphens(argument: str) -> str:
    """A flag as --help shows it, however it was written."""
    flag, equals, value = argument.partition("=")
    is_flag = flag.startswith("--")
    return f"{flag.replace('_', '-')}{equals}{value}" if is_flag else argument


def _setting_of(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def _build_parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        usage="%(prog)s [--data FOLDER] [--config FILE] [flags]",
        description="From a folder of images to a model that was checked at every step. "
        "Without --data and --config, the sample of Fashion-MNIST in the repository is used.",
        argument_default=argparse.SUPPRESS,
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help=_CONFIG_HELP)
    parser.add_argument(
        "--print-config", action="store_true", help="Print the effective configuration and exit."
    )
    _add_settings(parser, PipelineConfig)
    for name, settings in setting_groups(PipelineConfig).items():
        title = (settings.__doc__ or name).partition(".")[0]
        _add_settings(parser.add_argument_group(title), settings, f"{name}.")
    return parser


def _add_settings(
    parser: argparse._ActionsContainer, settings: type[Any], prefix: str = ""
) -> None:
    """Adds a flag for each single setting of a class, with what its docstring says."""
    texts = dict(_ATTRIBUTE.findall(inspect.getdoc(settings) or ""))
    for field in dataclasses.fields(settings):
        if field.name in setting_groups(settings):
            continue
        if field.name not in texts:
            raise TypeError(f"{settings.__name__}.{field.name} has no line under Attributes.")
        text = " ".join(texts[field.name].split()).replace("%", "%%")
        kind = getattr(field.type, "__name__", str(field.type))
        is_set = field.default not in (dataclasses.MISSING, "")
        default = f", default: {field.default}" if is_set else ""
        parser.add_argument(
            f"--{prefix}{field.name}".replace("_", "-"),
            dest=f"{prefix}{field.name}",
            metavar=field.name.upper(),
            help=f"{text} (type: {kind}{default})",
        )


def _merge(given: Mapping[str, Any]) -> Arguments:
    """What flags say, over what the file says."""
    config_file, is_sample = _choose_file(given)
    settings = _read_file(config_file) if config_file else {}
    kubeflow = settings.pop(SECTION, {})
    if is_sample:
        settings.update({name: _from_here(settings[name]) for name in ("data", "schema")})
    for full_name, field in setting_fields(PipelineConfig).items():
        group, _, name = full_name.rpartition(".")
        place = settings.setdefault(group, {}) if group else settings
        value = given.get(full_name, place.get(name))
        if isinstance(value, str):
            place[name] = value if field.type is str else _load(value)
        _set_options(full_name, field, place, given)
    config = from_dict(settings)
    if settings["train"].get("warm_start") == BLESSED:
        print(f"train.warm_start {BLESSED} is called {SERVING} now.", file=sys.stderr)
    if not settings.get("name"):
        check_guessed_name(config)
    return Arguments(config, config_file, kubeflow, is_sample)


def _set_options(
    full_name: str, field: "dataclasses.Field[Any]", place: dict[str, Any], given: Mapping[str, Any]
) -> None:
    options = {
        flag.removeprefix(f"{OPTIONS}."): _load(text)
        for flag, text in given.items()
        if full_name == OPTIONS and flag.startswith(f"{OPTIONS}.")
    }
    if options:
        there = place.get(field.name, {})
        if not isinstance(there, Mapping):
            raise wrong_type(full_name, field, repr(there))
        place[field.name] = {**there, **options}


def _load(text: str) -> Any:
    """The number, list or mapping that a text stands for; itself where it stands for none."""
    try:
        return yaml.load(text, YamlLoader)
    except yaml.YAMLError:
        return text


def _choose_file(given: Mapping[str, Any]) -> tuple[str | None, bool]:
    """Returns the configuration file, and whether it is the sample's."""
    if "config" in given or "data" in given:
        return given.get("config"), False
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
        content = yaml.load(Path(path).read_text(encoding="utf-8"), YamlLoader)
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


def _refuse(program: str, message: str) -> NoReturn:
    sys.stderr.write(f"{program}: error: {message}\nSee {program} --help.\n")
    sys.exit(WRONG_USE)
