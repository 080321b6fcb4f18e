"""A compiled pipeline: its name, its tasks, its parameters, and values for them."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from components.config_checks import ConfigurationError, expand_home
from components.text import did_you_mean, escape_unprintable
from pipeline.kubeflow.contract import FILE_SUFFIXES, LAST_STEP, MODEL_REFUSED
from pipeline.kubeflow.parameters import check_no_decisions

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


class PodLimits(NamedTuple):
    """What a pod may use: memory as Kubernetes writes it, seconds of an attempt; empty, 0: all."""

    memory: str
    seconds: int


class Marks(NamedTuple):
    """The tasks whose states tell the verdict: ModelRefused, the condition around it, Pusher."""

    refusal: str
    group: str
    pushing: str


@dataclasses.dataclass(frozen=True)
class Package:
    """A compiled pipeline.

    Attributes:
        path: Its file.
        name: Of the pipeline.
        version: Name of its version on a server: the same content has the same.
        parameters: KFP's types of its parameters, by name.
        specification: All of it but what is for Kubernetes alone.
        platforms: That; empty where there is nothing.
    """

    path: str
    name: str
    version: str
    parameters: Mapping[str, str]
    specification: Mapping[str, Any] = dataclasses.field(repr=False)
    platforms: Mapping[str, Any] = dataclasses.field(repr=False)

    @property
    def labels(self) -> dict[str, str]:
        """What people call its tasks, by their names, also of those in groups."""
        parts = (self.specification["root"], *self.specification.get("components", {}).values())
        return {name: _label(name, task) for part in parts for name, task in _tasks(part).items()}

    @property
    def limits(self) -> dict[str, PodLimits]:
        """What the pods of its tasks may use, by the tasks' names."""
        of_cluster = _executors(self.platforms.get("platforms", {}).get("kubernetes", {}))
        executors = _executors(self.specification)
        limits = {}
        for name, task in self._tasks.items():
            executor = self._component(task).get("executorLabel", "")
            if executor in executors:
                resources = executors[executor].get("container", {}).get("resources", {})
                seconds = of_cluster.get(executor, {}).get("activeDeadlineSeconds", 0)
                limits[name] = PodLimits(
                    str(resources.get("resourceMemoryLimit", "")), int(seconds)
                )
        return limits

    def marks(self) -> Marks:
        """The tasks that tell the verdict.

        Raises:
            ConfigurationError: There are none.
        """
        pushing = [name for name, task in self._tasks.items() if _label(name, task) == LAST_STEP]
        for group, task in self._tasks.items():
            inner = _tasks(self._component(task))
            refusal = [name for name, each in inner.items() if _label(name, each) == MODEL_REFUSED]
            if refusal and pushing and task.get("triggerPolicy", {}).get("condition"):
                return Marks(refusal[0], group, pushing[0])
        raise ConfigurationError(
            "For --wait the pipeline must have the tasks that tell the verdict: Pusher, and "
            f"ModelRefused under a condition. Received: {self.path}, without them. Compile it "
            "again with this version, or submit it without --wait."
        )

    @property
    def _tasks(self) -> Mapping[str, Any]:
        return _tasks(self.specification["root"])

    def _component(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        components: dict[str, dict[str, Any]] = self.specification.get("components", {})
        return components.get(task["componentRef"]["name"], {})


def read_package(path: str) -> Package:
    """Reads a file that `compile` wrote.

    Raises:
        ConfigurationError: It is not one, or it has what one run at a time must decide.
    """
    path = expand_home("PIPELINE.yaml", path)
    if not path.endswith(FILE_SUFFIXES):
        suffixes = ", ".join(FILE_SUFFIXES)
        raise _refuse_package(path, f"a name without {suffixes}, which Kubeflow refuses")
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
        ValueError,
        StopIteration,
        KeyError,
        TypeError,
        AttributeError,
    ):
        raise _refuse_package(path, "not a compiled pipeline") from None
    defaults = {key: value.get("defaultValue") for key, value in inputs.items()}
    check_no_decisions(defaults, path)
    version = f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"
    return Package(path, name, version, parameters, specification, platforms)


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


def _tasks(part: Mapping[str, Any]) -> Mapping[str, Any]:
    tasks: Mapping[str, Any] = part.get("dag", {}).get("tasks", {})
    return tasks


def _label(name: str, task: Mapping[str, Any]) -> str:
    """What people call a task."""
    return escape_unprintable(str(task.get("taskInfo", {}).get("name") or name))


def _executors(part: Mapping[str, Any]) -> Mapping[str, Any]:
    executors: Mapping[str, Any] = part.get("deploymentSpec", {}).get("executors", {})
    return executors


def _refuse_package(path: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        "The pipeline must be a file that `runner_kubeflow.py compile` wrote. Received: "
        f"{path}: {reason}. Compile it, and name the file."
    )
