"""What a step of ours tells TFX of itself."""

import pytest
from tfx import types
from tfx.dsl.components.base import base_executor, executor_spec
from tfx.types import standard_artifacts

from components.declared_step import DeclaredStep, declare


class Step(DeclaredStep):
    SPEC_CLASS = declare(
        inputs={"model": standard_artifacts.Model},
        outputs={"examples": standard_artifacts.Examples},
        parameters={"names": str, "count": int},
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(base_executor.EmptyExecutor)


class Settings:
    def to_json(self) -> str:
        return '{"a": 1}'


def channel(kind: type[types.Artifact] = standard_artifacts.Model) -> types.Channel:
    return types.Channel(type=kind)


@pytest.mark.parametrize(
    ("names", "expected"),
    [("a", "a"), (["a", "b"], '["a", "b"]'), (Settings(), '{"a": 1}')],
)
def test_what_it_is_made_of(names: object, expected: str) -> None:
    step = Step(model=channel(), names=names, count=3, code_fingerprint="f")
    assert step.exec_properties == {"names": expected, "count": 3, "code_fingerprint": "f"}
    assert step.inputs["model"].type is standard_artifacts.Model
    assert step.outputs["examples"].type is standard_artifacts.Examples


@pytest.mark.parametrize(
    "wrong", [{"count": None}, {"other": 1}, {"model": channel(standard_artifacts.Schema)}]
)
def test_tfx_refuses_what_does_not_fit(wrong: dict[str, object]) -> None:
    given = {"model": channel(), "names": "a", "count": 3, "code_fingerprint": "f", **wrong}
    given = {name: value for name, value in given.items() if value is not None}
    with pytest.raises((ValueError, TypeError)):
        Step(**given)
