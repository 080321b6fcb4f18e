"""A step of ours, as TFX wants it declared: what goes in, what comes out, and what is set."""

import json
from collections.abc import Container, Mapping
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component
from tfx.types import component_spec

PARAMETERS = (str, int, float)


def declare(
    inputs: Mapping[str, type[types.Artifact]],
    outputs: Mapping[str, type[types.Artifact]],
    parameters: Mapping[str, type],
    optional: Container[str] = (),
) -> type[types.ComponentSpec]:
    """Makes the specification of a step.

    Args:
        inputs: The types of what it reads, by name.
        outputs: The types of what it makes.
        parameters: str, int or float. All steps have `code_fingerprint` too, which changes when
            their code does, and with it the cache key.
        optional: Names of the inputs of which there may be none when the step runs.
    """

    def channels(of: Mapping[str, type[types.Artifact]]) -> dict[str, Any]:
        return {
            name: component_spec.ChannelParameter(type=kind, optional=name in optional)
            for name, kind in of.items()
        }

    settings = {
        name: component_spec.ExecutionParameter(type=kind)
        for name, kind in {**parameters, "code_fingerprint": str}.items()
    }
    members = {"PARAMETERS": settings, "INPUTS": channels(inputs), "OUTPUTS": channels(outputs)}
    return type("DeclaredSpec", (types.ComponentSpec,), members)


class DeclaredStep(base_component.BaseComponent):
    """A step whose arguments are the names in its specification; TFX checks that all are given."""

    def __init__(self, **given: Any):
        """Declares the step.

        Args:
            **given: Inputs, as channels, and parameters; one of another type than str, int or float
                is handed over as JSON, by its own `to_json` if it has one.
        """
        unknown = given.keys() - self.SPEC_CLASS.PARAMETERS.keys() - self.SPEC_CLASS.INPUTS.keys()
        if unknown:
            # TFX would pass over them.
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}.")
        values = {name: _hand_over(value) for name, value in given.items()}
        for name, output in self.SPEC_CLASS.OUTPUTS.items():
            values[name] = types.Channel(type=output.type)
        super().__init__(spec=self.SPEC_CLASS(**values))


def _hand_over(value: Any) -> Any:
    if isinstance(value, (*PARAMETERS, types.BaseChannel)):
        return value
    return value.to_json() if hasattr(value, "to_json") else json.dumps(value)
