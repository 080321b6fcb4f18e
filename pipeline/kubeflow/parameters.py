"""What can be set for each run without compiling again: the parameters of the pipeline.

Those most often wanted have a parameter of their own, named like the setting with _ for the dot;
every other setting goes into `settings`.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from components.config_checks import ConfigurationError
from components.text import did_you_mean
from pipeline.config import DECISIONS, PipelineConfig, from_dict, to_dict
from pipeline.setting_names import setting_fields

SETTINGS = "settings"
OF_THEIR_OWN = (
    "data",
    "ingest.window",
    "ingest.max_reject_fraction",
    "train.epochs",
    "train.batch_size",
    "train.learning_rate",
    "fine_tune.epochs",
    "evaluate.min_accuracy",
    "evaluate.max_accuracy_loss",
    "reset_baseline",
    "force_push",
)
PLACES = ("name", "output", "serving")
"""Settings that other runs, schedules and servers rely on."""


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of the pipeline.

    Attributes:
        name: As Kubeflow knows it.
        setting: The setting's dotted name; empty for `settings`.
        type: str, int, float or dict.
        default: The value of the configuration that was compiled.
    """

    name: str
    setting: str
    type: type[Any]
    default: Any


def run_parameters(config: PipelineConfig) -> list[Parameter]:
    """The parameters that a compiled pipeline has, in their order."""
    values = to_dict(config)
    own = [
        Parameter(setting.replace(".", "_"), setting, _type_of(setting), _get(values, setting))
        for setting in OF_THEIR_OWN
    ]
    return [*own, Parameter(SETTINGS, "", dict, {})]


def check_no_decisions(values: Mapping[str, Any], where: str) -> None:
    """Checks that nothing is decided for all runs to come that one run at a time must decide.

    Args:
        values: By parameter.
        where: They are from, such as "the schedule flowers".

    Raises:
        ConfigurationError: A push is forced, or the baseline reset.
    """
    settings = values.get(SETTINGS)
    further = settings if isinstance(settings, Mapping) else {}
    for name in DECISIONS:
        if values.get(name) or further.get(name):
            raise ConfigurationError(
                f"{name} must be decided for one run at a time, by `runner_kubeflow.py submit "
                f"--set {name}=REASON`. Received: {where} with {name}, for all runs. Leave it out "
                "there."
            )


def with_parameters(config: PipelineConfig, given: Mapping[str, Any]) -> PipelineConfig:
    """The configuration of one run.

    Args:
        config: What was compiled.
        given: Values by parameter, as Kubeflow hands them over: whole numbers may be floats.

    Raises:
        ConfigurationError: A setting is unknown, cannot be changed for one run, or its value is
            refused.
    """
    settings = {
        parameter.setting: given[parameter.name]
        for parameter in run_parameters(config)
        if parameter.setting and parameter.name in given
    }
    further = given.get(SETTINGS) or {}
    if not isinstance(further, Mapping):
        raise ConfigurationError(
            'settings must map names of settings to values, such as {"train.seed": 7}. '
            f"Received: {further!r}."
        )
    _check_further(further)
    values = to_dict(config)
    for name, value in {**settings, **further}.items():
        group, _, last = name.rpartition(".")
        (values[group] if group else values)[last] = _of_its_type(name, value)
    return from_dict(values)


def _check_further(further: Mapping[str, Any]) -> None:
    known = list(setting_fields(PipelineConfig))
    for name in further:
        if name not in known:
            raise ConfigurationError(
                f"settings must name settings of the pipeline: {', '.join(known)}. "
                f"Received: {name!r}.{did_you_mean(name, known)}"
            )
        if name in PLACES:
            raise ConfigurationError(
                f"{', '.join(PLACES)} cannot be changed for one run, since other runs and servers "
                f"rely on them. Received: {name!r} in settings. Compile the pipeline with it."
            )


def _of_its_type(name: str, value: Any) -> Any:
    """Kubeflow knows numbers, but not whole ones."""
    if _type_of(name) is int and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _type_of(setting: str) -> type[Any]:
    return cast("type[Any]", setting_fields(PipelineConfig)[setting].type)


def _get(values: Mapping[str, Any], setting: str) -> Any:
    group, _, last = setting.rpartition(".")
    return (values[group] if group else values)[last]
