"""Fault B5: what users have set for Keras elsewhere changes nothing here.

Real processes with a home folder and an environment of their own.
"""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from components.errors import PipelineError
from pipeline.loading import loading

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
HOSTILE = {
    "floatx": "float64",
    "epsilon": 0.5,
    "backend": "jax",
    "image_data_format": "channels_first",
    "nnx_enabled": True,
}
ENVIRONMENT = {
    "KERAS_BACKEND": "torch",
    "KERAS_NNX_ENABLED": "true",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
}
TRAINING = """
import json
from pipeline.loading import loading
with loading():
    import keras
    import tf_keras
    from components.training.phases import train_network
    from components.training.run_fn import build_models, make_repeatable
    from components.training.strategy import make_strategy
    from tests.components.training.small_examples import make_examples
    from tests.components.training.test_phases import make_plan
import dataclasses
from components.features import ImageShape
plan = dataclasses.replace(
    make_plan(trainer="mobilenet_v2", options={"weights": "none", "alpha": 0.35}),
    shape=ImageShape(32, 32, 3),
)
make_repeatable(1)
_, network, _ = build_models(plan, make_strategy())
examples = make_examples(side=32, channels=3)
[result] = train_network(network, examples, examples, plan)
print(json.dumps({
    "keras": [keras.config.backend(), keras.config.floatx(), keras.config.epsilon(),
              keras.config.image_data_format()],
    "keras 2": [tf_keras.backend.floatx(), tf_keras.backend.image_data_format()],
    "history": result.history,
}))
"""


def train(home: pathlib.Path, **environment: str) -> dict[str, Any]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KERAS_")}
    finished = subprocess.run(
        [sys.executable, "-c", TRAINING],
        cwd=REPOSITORY,
        env={**clean, "HOME": str(home), "PYTHONPATH": str(REPOSITORY), **environment},
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    printed: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return printed


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return train(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("environment", [{}, ENVIRONMENT])
def test_a_training_is_the_same_to_the_last_bit(
    expected: dict[str, Any], tmp_path: pathlib.Path, environment: dict[str, str]
) -> None:
    assert expected["keras"] == ["tensorflow", "float32", 1e-7, "channels_last"]
    assert expected["keras 2"] == ["float32", "channels_last"]
    assert len(expected["history"]["loss"]) == 2
    (tmp_path / ".keras").mkdir()
    settings = tmp_path / ".keras/keras.json"
    settings.write_text(json.dumps(HOSTILE))
    assert train(tmp_path, **environment) == expected
    # It is the user's.
    assert json.loads(settings.read_text()) == HOSTILE


class TestAFileThatKerasItselfRefuses:
    """Fault B5: it was told of as a defect of ours."""

    @pytest.fixture
    def settings(self, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("KERAS_HOME", raising=False)
        (tmp_path / ".keras").mkdir()
        return tmp_path / ".keras/keras.json"

    @pytest.mark.parametrize(
        ("content", "received"),
        [
            ('{"floatx": "bfloat16"}', "floatx 'bfloat16'"),
            ('{"epsilon": 1}', "epsilon 1"),
            ('{"image_data_format": []}', "image_data_format []"),
            ('["tensorflow"]', "['tensorflow'] instead of a mapping"),
        ],
    )
    def test_is_told_with_its_remedy(
        self, settings: pathlib.Path, content: str, received: str
    ) -> None:
        settings.write_text(content)
        with pytest.raises(PipelineError) as caught, loading():
            pytest.fail("nothing is loaded")
        assert str(caught.value) == (
            "The settings of Keras, which other programs use too, must be such that Keras loads. "
            f"Received: {settings}: {received}. Correct the file, or delete it: Keras then writes "
            "a new one."
        )
        refused = subprocess.run(
            [sys.executable, "-c", "import keras"], capture_output=True, check=False, timeout=100
        )
        assert refused.returncode == 1

    def test_one_that_is_not_there_or_not_json_is_none(self, settings: pathlib.Path) -> None:
        with loading():
            pass
        settings.write_text('{"backend": ')
        with loading():
            pass
        settings.write_text('{"backend": "unknown"}')
        with loading():
            pass
