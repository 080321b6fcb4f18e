"""The networks that can be trained: every module in this folder, but for `interface`, is one.

To add one, add a file with a frozen dataclass named `Trainer` that has the options as fields and
the method `build_model`, as `interface.TrainerInterface` says. Nothing else has to be edited.
"""

import dataclasses
import importlib
import pkgutil
import typing
from collections.abc import Mapping
from typing import Any

from components.text import did_you_mean
from components.training.architectures.interface import TrainerInterface


def available() -> tuple[str, ...]:
    """Names of all trainers, sorted."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if name != "interface"))


def pretrained() -> tuple[str, ...]:
    """Names of the trainers whose models have a pretrained part, which can be fine-tuned."""
    return tuple(name for name in available() if getattr(_class(name), "is_pretrained", False))


def load(name: str, options: Mapping[str, Any]) -> TrainerInterface:
    """Makes a trainer.

    Args:
        name: One of `available()`.
        options: Its options by name; those left out have their default values.

    Raises:
        ValueError: There is no such trainer or option, or a value does not fit.
    """
    if name not in available():
        raise ValueError(_unknown("trainer", name, available()))
    trainer_class = _class(name)
    fields = {field.name: field.type for field in dataclasses.fields(trainer_class)}
    for option in options:
        if option not in fields:
            raise ValueError(_unknown(f"option of the trainer {name!r}", option, tuple(fields)))
    hints = typing.get_type_hints(trainer_class)
    values = {option: _convert(option, hints[option], value) for option, value in options.items()}
    trainer: TrainerInterface = trainer_class(**values)
    return trainer


def _class(name: str) -> Any:
    return importlib.import_module(f"{__name__}.{name}").Trainer


def _unknown(kind: str, received: str, valid: tuple[str, ...]) -> str:
    return (
        f"There is no such {kind}. Received: {received!r}.{did_you_mean(received, valid)} "
        f"Valid: {', '.join(valid)}."
    )


def _convert(option: str, expected: Any, value: Any) -> Any:
    """Checks one value against the annotation of its field; lists become tuples."""
    if typing.get_origin(expected) is tuple and isinstance(value, list | tuple):
        inner, _ = typing.get_args(expected)
        return tuple(_convert(option, inner, each) for each in value)
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is expected:
        return value
    name = expected.__name__ if isinstance(expected, type) else str(expected)
    raise ValueError(f"The option {option!r} must be of type {name}. Received: {value!r}.")
