"""A compiled pipeline: its name, its parameters, and values for them from the command line."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from components.config_checks import ConfigurationError, expand_home
from components.text import did_you_mean
from pipeline.kubeflow.names import SUFFIXES
from pipeline.kubeflow.parameters import check_no_decisions
from pipeline.kubeflow.server.failed_tasks import Limits, read_limits
from pipeline.kubeflow.server.verdict import label

_BOOLEANS = {"true": True, "false": False}
_TYPES: Mapping[str, tuple[str, str, Callable[[str], Any]]] = {
    "STRING": ("text", "text", str),
    "NUMBER_INTEGER": ("a whole number", "3", int),
    "NUMBER_DOUBLE": ("a number", "0.5", lambda text: _finite(float(text))),
    "BOOLEAN": ("true or false", "true", lambda text: _BOOLEANS[text.lower()]),
    "STRUCT": ("a JSON object", '{"a": 1}', lambda text: _of_kind(json.loads(text), dict)),
    "LIST": ("a JSON list", "[1, 2]", lambda text: _of_kind(json.loads(text), list)),
}
"""By KFP's name of a type: in words, an example, and how it is read."""


@dataclasses.dataclass(frozen=True)
class Package:
    """A compiled pipeline.

    Attributes:
        path: Its file.
        name: Of the pipeline.
        parameters: KFP's types of its parameters, by name.
        digest: Of the content; 12 hexadecimal digits.
        specification: All of it but what is for Kubernetes alone.
        platforms: That; empty where there is nothing.
    """

    path: str
    name: str
    parameters: Mapping[str, str]
    digest: str
    specification: Mapping[str, Any] = dataclasses.field(repr=False)
    platforms: Mapping[str, Any] = dataclasses.field(repr=False)

    @property
    def labels(self) -> dict[str, str]:
        """What people call its tasks, by their names."""
        parts = (self.specification["root"], *self.specification.get("components", {}).values())
        tasks = [part.get("dag", {}).get("tasks", {}) for part in parts]
        return {name: label(name, task) for each in tasks for name, task in each.items()}

    @property
    def limits(self) -> dict[str, Limits]:
        """What the pods of its tasks may use, by the tasks' names."""
        limits = read_limits(self.specification, self.platforms)
        components = self.specification.get("components", {})
        tasks = self.specification["root"].get("dag", {}).get("tasks", {})
        executors = {
            name: components.get(task["componentRef"]["name"], {}).get("executorLabel", "")
            for name, task in tasks.items()
        }
        return {name: limits[label] for name, label in executors.items() if label in limits}

    @property
    def version(self) -> str:
        """Name of its version on a server: the same content has the same."""
        return f"{self.name}-{self.digest}"


def read_package(path: str) -> Package:
    """Reads a file that `compile` wrote.

    Raises:
        ConfigurationError: It is not one, or it has what one run at a time must decide.
    """
    path = expand_home("PIPELINE.yaml", path)
    if not path.endswith(SUFFIXES):
        raise _refuse_package(path, f"a name without {', '.join(SUFFIXES)}, which Kubeflow refuses")
    try:
        with open(path, "rb") as file:
            content = file.read()
        documents = iter(yaml.safe_load_all(content))
        specification, platforms = next(documents), next(documents, None) or {}
        name = str(specification["pipelineInfo"]["name"])
        inputs = specification["root"].get("inputDefinitions", {}).get("parameters", {})
        parameters = {key: str(value["parameterType"]) for key, value in inputs.items()}
    except OSError as error:
        raise _refuse_package(path, str(error.strerror)) from error
    except (
        yaml.YAMLError,
        UnicodeDecodeError,
        StopIteration,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise _refuse_package(path, "not a compiled pipeline") from error
    defaults = {key: value.get("defaultValue") for key, value in inputs.items()}
    check_no_decisions(defaults, path)
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Package(path, name, parameters, digest, specification, platforms)


def parse_values(package: Package, given: Sequence[str]) -> dict[str, Any]:
    """Reads NAME=VALUE.

    Args:
        package: What has the parameters.
        given: Of the command line; of a name given twice, the last counts.

    Raises:
        ConfigurationError: There is no such parameter, or the value is of another type.
    """
    values = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(
                f"--set must be NAME=VALUE. Received: {text!r}. Names: "
                f"{', '.join(package.parameters)}."
            )
        if name not in package.parameters:
            names = list(package.parameters)
            raise ConfigurationError(
                f"--set must name a parameter of the pipeline: {', '.join(names)}. Received: "
                f"{name!r}.{did_you_mean(name, names)} Every other setting goes into settings: "
                "--set 'settings={\"train.seed\": 7}'."
            )
        values[name] = _parse(name, package.parameters[name], value)
    return values


def _parse(name: str, kind: str, text: str) -> Any:
    if kind not in _TYPES:
        raise ConfigurationError(
            f"--set must name a parameter of a type that can be written: {', '.join(_TYPES)}. "
            f"Received: {name}, of the type {kind}. Leave it out."
        )
    in_words, example, parse = _TYPES[kind]
    try:
        return parse(text)
    except (ValueError, KeyError, TypeError):
        raise ConfigurationError(
            f"The parameter {name} must be {in_words}. Received: {text!r}. Write it as in --set "
            f"'{name}={example}'."
        ) from None


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError
    return number


def _of_kind(value: Any, kind: type[Any]) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _refuse_package(path: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        "The pipeline must be a file that `runner_kubeflow.py compile` wrote. Received: "
        f"{path}: {reason}. Compile it, and name the file."
    )
