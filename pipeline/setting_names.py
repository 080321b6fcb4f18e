"""The names of all settings, and the check that only they are used.

A configuration is a dataclass whose fields are single settings or groups: dataclasses with nothing
but single settings.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from components.config_checks import ConfigurationError
from components.text import nearest


def setting_groups(config_class: type[Any]) -> dict[str, type[Any]]:
    """The names of the groups of settings, with the class of each."""
    return {
        field.name: field.type
        for field in dataclasses.fields(config_class)
        if isinstance(field.type, type) and dataclasses.is_dataclass(field.type)
    }


def setting_fields(config_class: type[Any]) -> dict[str, "dataclasses.Field[Any]"]:
    """Every single setting by its full name, such as "train.epochs", in the order of the class."""
    return dict(_walk_fields(config_class))


def check_names(config_class: type[Any], settings: Mapping[str, Any]) -> None:
    """Checks that only settings that exist are set, without a look at their values.

    Args:
        config_class: The class of the configuration.
        settings: Values of single settings, and mappings of such values for groups.

    Raises:
        ConfigurationError: A setting is unknown, or a single value stands where a group should.
    """
    single = list(setting_fields(config_class))
    _check_keys(settings, _names(config_class), single)
    for name, group in setting_groups(config_class).items():
        value = settings.get(name, {})
        if not isinstance(value, Mapping):
            raise ConfigurationError(
                f"{name} must be a group of settings: {', '.join(_names(group))}. "
                f"Received: {name}={value!r}."
            )
        _check_keys(value, _names(group), [], f" of {name}")


def construct_groups(config_class: type[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a configuration: single settings as they are, groups constructed.

    Args:
        config_class: The class of the configuration.
        settings: As of `check_names`.

    Raises:
        ConfigurationError: A setting is unknown; and what the class of a group raises.
    """
    check_names(config_class, settings)
    groups = setting_groups(config_class)
    return {
        name: groups[name](**value) if name in groups else value for name, value in settings.items()
    }


def _walk_fields(config_class: type[Any]) -> Iterator[tuple[str, "dataclasses.Field[Any]"]]:
    groups = setting_groups(config_class)
    for field in dataclasses.fields(config_class):
        if field.name not in groups:
            yield field.name, field
            continue
        for inner in dataclasses.fields(groups[field.name]):
            yield f"{field.name}.{inner.name}", inner


def _names(config_class: type[Any]) -> list[str]:
    return [field.name for field in dataclasses.fields(config_class)]


def _check_keys(
    settings: Mapping[str, Any], valid: list[str], elsewhere: list[str], place: str = ""
) -> None:
    for key in settings:
        if key not in valid:
            match = nearest(str(key), [*valid, *elsewhere])
            raise ConfigurationError(
                f"The settings{place} are {', '.join(valid)}. Received: {key!r}.{_meant(match)}"
            )


def _meant(match: str | None) -> str:
    if match is None:
        return ""
    group, _, name = match.rpartition(".")
    return f" Did you mean {name!r}{f' below {group!r}' if group else ''}?"
