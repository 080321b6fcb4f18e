"""The checks that the classes of the configuration make on construction."""

import dataclasses
import math
import os
import types
import typing
from collections.abc import Sequence
from typing import Any

from components.errors import PipelineError
from components.text import did_you_mean

_TYPES_IN_WORDS = {
    int: "a whole number",
    int | None: "a whole number, or null",
    float: "a number",
    str: "text (in YAML, quoted where it looks like a number)",
    dict: "a mapping of names to values",
}


class ConfigurationError(PipelineError, ValueError):
    """A setting is refused. The message says the rule, what was received, and what to do."""


def check_types(settings: Any, prefix: str = "") -> None:
    """Checks every field of a dataclass against its annotation; whole numbers become floats.

    Args:
        settings: An instance of a dataclass; called while it is constructed.
        prefix: What stands before the names of its fields in the configuration, such as "train.".

    Raises:
        ConfigurationError: A field has a value of another type.
    """
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        expected = _type_of(field)
        if expected is float and type(value) is int:
            object.__setattr__(settings, field.name, float(value))
        # There is no setting of true or false, which Python would take for whole numbers.
        elif not isinstance(value, expected) or isinstance(value, bool):
            raise wrong_type(prefix + field.name, field, repr(value))


def wrong_type(name: str, field: "dataclasses.Field[Any]", received: str) -> ConfigurationError:
    """Makes the error about a value whose type is not the one of its field.

    Args:
        name: The field's full name, such as "train.epochs".
        field: The field.
        received: The value, as the message shows it.
    """
    in_words = _TYPES_IN_WORDS.get(_type_of(field), "a group of settings")
    example = ""
    if field.default is not dataclasses.MISSING and field.default != "":
        example = f", such as {field.default!r}"
    return ConfigurationError(f"{name} must be {in_words}{example}. Received: {name}={received}.")


def check_between(name: str, value: float, minimum: float, maximum: float = math.inf) -> None:
    """Checks that a number is finite and within its limits, both included.

    Raises:
        ConfigurationError: It is not.
    """
    # Written so that a nan is refused too.
    if not (minimum <= value <= maximum and value < math.inf):
        limits = f"at least {minimum}" if maximum == math.inf else f"from {minimum} to {maximum}"
        raise ConfigurationError(f"{name} must be {limits}. Received: {name}={value}.")


def check_positive(name: str, value: float) -> None:
    """Checks that a number is finite and greater than zero.

    Raises:
        ConfigurationError: It is not.
    """
    if not 0 < value < math.inf:
        raise ConfigurationError(
            f"{name} must be greater than 0 and finite. Received: {name}={value}."
        )


def check_choice(name: str, value: str, valid: Sequence[str]) -> None:
    """Checks that a value is one of the valid ones.

    Raises:
        ConfigurationError: It is not; the message has the valid ones and the nearest match.
    """
    if value not in valid:
        raise ConfigurationError(
            f"{name} must be one of {', '.join(valid)}. "
            f"Received: {name}={value!r}.{did_you_mean(value, valid)}"
        )


def expand_home(name: str, path: str) -> str:
    """A path with the home folder for a "~" in front, which a shell leaves in `--data=~/photos`.

    Args:
        name: Of the setting, for the message.
        path: Local or remote.

    Raises:
        ConfigurationError: It begins with "~", and there is no such home folder.
    """
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise ConfigurationError(
            f"{name} may begin with ~ only for a home folder that exists. Received: "
            f"{name}={path!r}. Give the whole path; of a folder that is named so, ./{path}."
        )
    return expanded


def plain(name: str, value: Any) -> Any:
    """Copies a value in the types that JSON has, so that it can be stored and read back.

    Args:
        name: The setting's full name, for the message.
        value: A value, or lists, tuples and mappings of them.

    Returns:
        The value; tuples become lists.

    Raises:
        ConfigurationError: A type that JSON does not have.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(f"{name}[{position}]", item) for position, item in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(f"{name}.{key}", item) for key, item in value.items()}
    raise ConfigurationError(
        f"{name} must consist of text, numbers, true, false, lists and mappings with text as "
        f"keys. Received: {name}={value!r}."
    )


def _type_of(field: "dataclasses.Field[Any]") -> type[Any]:
    """The class that a field's values are instances of: dict for dict[str, int]."""
    origin = typing.get_origin(field.type)
    is_union = origin is None or origin is types.UnionType
    return typing.cast("type[Any]", field.type if is_union else origin)
