"""The whole EvalConfig, and real evaluations of five images by TFX's Evaluator."""

import dataclasses
import pathlib

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2
from tfx import types
from tfx.components.evaluator import executor
from tfx.dsl.components.base import base_beam_executor
from tfx.types import standard_artifacts
from tfx.utils import json_utils, proto_utils

from components.evaluation.evaluator_config import evaluation_config
from components.evaluation.predicted_examples import write_predicted_examples
from components.metrics import Metrics
from components.predictions import ModelPredictions, Predictions
from tests.components.transform_graph import BEAM_ARGUMENTS

CLASS_NAMES = ("dark", "light")
IMAGES = ((0, "dark"), (50, "dark"), (150, "dark"), (200, "light"), (255, "light"))
"""Levels of images of one pixel, and what they are."""
STEEPNESS = 20.0
RIGHT_ON_FOUR = 100
RIGHT_ON_ALL = 175


GOLDEN = """
model_specs {
  name: "candidate"
  model_type: "materialized_prediction"
  label_key: "image/class/label"
  prediction_key: "probabilities"
}
model_specs {
  name: "baseline"
  model_type: "materialized_prediction"
  label_key: "image/class/label"
  prediction_key: "baseline_probabilities"
  is_baseline: true
}
slicing_specs {}
slicing_specs { feature_keys: "image/class/text" }
metrics_specs {
  metrics {
    class_name: "SparseCategoricalAccuracy"
    config: '"name": "accuracy"'
    per_slice_thresholds {
      slicing_specs {}
      threshold {
        value_threshold { lower_bound { value: 0.699999 } }
        change_threshold { absolute { value: -0.020001 } direction: HIGHER_IS_BETTER }
      }
    }
  }
  metrics {
    class_name: "SparseTopKCategoricalAccuracy"
    config: '"name": "top_3_accuracy", "k": 3'
  }
  metrics { class_name: "SparseCategoricalCrossentropy" config: '"name": "loss"' }
  metrics { class_name: "ExampleCount" }
  metrics { class_name: "MultiClassConfusionMatrixPlot" }
}
"""


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What the Evaluator reads."""

    root: pathlib.Path
    model: types.Artifact
    examples: types.Artifact


def predict(threshold: float) -> ModelPredictions:
    """Predictions of a model for which a pixel is light above `threshold`, 0 to 255."""
    levels = np.array([level for level, _ in IMAGES])
    light = 1 / (1 + np.exp(-STEEPNESS * (levels - threshold) / 255))
    return ModelPredictions(CLASS_NAMES, np.stack([1 - light, light], axis=1).astype(np.float32))


def make_predictions() -> Predictions:
    names = np.array([f"{level}.png" for level, _ in IMAGES], object)
    classes = np.array([name for _, name in IMAGES], object)
    return Predictions(names, names, classes, predict(RIGHT_ON_FOUR), predict(RIGHT_ON_ALL))


def make_examples(folder: pathlib.Path) -> types.Artifact:
    examples = standard_artifacts.Examples()
    examples.uri = str(folder)
    write_predicted_examples(make_predictions(), examples)
    return examples


def evaluate(inputs: Inputs, name: str, max_accuracy_loss: float | None) -> tuple[str, bool]:
    """Runs the Evaluator, with a baseline if a loss against it is given.

    Returns:
        The folder of the evaluation, and whether the candidate was blessed.
    """
    evaluation, blessing = standard_artifacts.ModelEvaluation(), standard_artifacts.ModelBlessing()
    evaluation.uri, blessing.uri = str(inputs.root / name), str(inputs.root / f"{name}_blessing")
    config = evaluation_config(0.8, max_accuracy_loss or 0.0)
    context = base_beam_executor.BaseBeamExecutor.Context(
        beam_pipeline_args=list(BEAM_ARGUMENTS),
        tmp_dir=str(inputs.root / "temporary"),
    )
    executor.Executor(context).Do(
        {
            "model": [inputs.model],
            "baseline_model": [] if max_accuracy_loss is None else [inputs.model],
            "examples": [inputs.examples],
        },
        {"evaluation": [evaluation], "blessing": [blessing]},
        {
            "eval_config": proto_utils.proto_to_json(config),
            "example_splits": json_utils.dumps(["test"]),
        },
    )
    return evaluation.uri, blessing.get_int_custom_property("blessed") == 1


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """A candidate that is right on 4 of 5 images, a baseline that is right on all."""
    root = tmp_path_factory.mktemp("evaluation")
    # No model is asked: there is none.
    model = standard_artifacts.Model()
    model.uri = str(root / "model")
    return Inputs(root, model, make_examples(root / "examples"))


@pytest.fixture(scope="module")
def first(inputs: Inputs) -> tuple[str, bool]:
    """The first evaluation of all, which has nothing to compare with."""
    return evaluate(inputs, "first", max_accuracy_loss=None)


def read_slices(folder: str, model: str | None = None) -> dict[str, dict[str, float]]:
    """Metrics by class of the images; "" for all."""
    result = tfma.load_eval_result(folder, model_name=model)
    return {
        keys[0][1] if keys else "": {
            name: float(value["doubleValue"]) for name, value in by_output[""][""].items()
        }
        for keys, by_output in result.slicing_metrics
    }


def test_evaluation_config() -> None:
    config = evaluation_config(min_accuracy=0.7, max_accuracy_loss=0.02)
    golden = text_format.Parse(GOLDEN, config_pb2.EvalConfig())
    assert text_format.MessageToString(config, float_format=".9g") == text_format.MessageToString(
        golden, float_format=".9g"
    )


def test_what_tfma_shows_is_what_gate_and_report_say(first: tuple[str, bool]) -> None:
    metrics = Metrics(make_predictions(), 0.95)
    slices = read_slices(first[0])
    expected = {"accuracy": metrics.accuracy.value, "loss": metrics.loss, "example_count": 5.0}
    assert slices[""] == pytest.approx({**expected, "top_3_accuracy": 1.0}, abs=1e-6)
    assert {name: values["accuracy"] for name, values in slices.items()} == pytest.approx(
        {"": 0.8, "dark": 2 / 3, "light": 1.0}
    )


def test_counts_confusions(first: tuple[str, bool]) -> None:
    plots = dict(tfma.load_eval_result(first[0]).plots)
    (matrix,) = plots[()][""][""]["multiClassConfusionMatrixAtThresholds"]["matrices"]
    confusions = {
        (entry.get("actualClassId", 0), entry.get("predictedClassId", 0)): (
            entry["numWeightedExamples"]
        )
        for entry in matrix["entries"]
    }
    assert confusions == {(0, 0): 2, (0, 1): 1, (1, 1): 2}


def test_blesses_what_just_reaches_the_minimum(first: tuple[str, bool]) -> None:
    # The images of "dark" alone are below it: that must not count.
    assert first[1]


def test_refuses_what_loses_too_much_against_the_serving_model(inputs: Inputs) -> None:
    folder, is_blessed = evaluate(inputs, "second", max_accuracy_loss=0.19)
    accuracies = [
        read_slices(folder, name)[""]["accuracy"]
        for name in (tfma.CANDIDATE_KEY, tfma.BASELINE_KEY)
    ]
    assert accuracies == pytest.approx([0.8, 1.0])
    assert not is_blessed
