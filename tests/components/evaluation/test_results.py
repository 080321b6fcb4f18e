"""Real evaluations of five images by TFX's Evaluator: what they say, and what is blessed."""

import dataclasses
import math
import pathlib

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from tfx import types
from tfx.components.evaluator import executor
from tfx.dsl.components.base import base_beam_executor
from tfx.types import standard_artifacts
from tfx.utils import json_utils, proto_utils

from components.evaluation import results, thresholds
from components.evaluation.answered_examples import write_answered_examples
from components.predictions import Answers, Predictions
from tests.components.transform_graph import BEAM_ARGUMENTS

CLASS_NAMES = ("dark", "light")
IMAGES = ((0, "dark"), (50, "dark"), (150, "dark"), (200, "light"), (255, "light"))
"""Levels of images of one pixel, and what they are."""
STEEPNESS = 20.0
RIGHT_ON_FOUR = 100
RIGHT_ON_ALL = 175


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What the Evaluator reads."""

    root: pathlib.Path
    model: types.Artifact
    examples: types.Artifact


def answer(threshold: float) -> Answers:
    """What a model says that calls a pixel light if it is brighter than `threshold`, 0 to 255."""
    levels = np.array([level for level, _ in IMAGES])
    light = 1 / (1 + np.exp(-STEEPNESS * (levels - threshold) / 255))
    return Answers(CLASS_NAMES, np.stack([1 - light, light], axis=1).astype(np.float32))


def cross_entropy(level: int, class_name: str, threshold: float) -> float:
    """The loss of one image, in nats."""
    towards_light = STEEPNESS * (level - threshold) / 255
    return float(np.log1p(np.exp(towards_light if class_name == "dark" else -towards_light)))


def make_examples(folder: pathlib.Path) -> types.Artifact:
    names = np.array([f"{level}.png" for level, _ in IMAGES], object)
    classes = np.array([name for _, name in IMAGES], object)
    candidate, baseline = answer(RIGHT_ON_FOUR), answer(RIGHT_ON_ALL)
    examples = standard_artifacts.Examples()
    examples.uri = str(folder)
    write_answered_examples(Predictions(names, names, classes, candidate, baseline), examples)
    return examples


def evaluate(inputs: Inputs, name: str, max_accuracy_loss: float | None) -> tuple[str, bool]:
    """Runs the Evaluator, with a baseline if a loss against it is given.

    Returns:
        The folder of the evaluation, and whether the candidate was blessed.
    """
    evaluation, blessing = standard_artifacts.ModelEvaluation(), standard_artifacts.ModelBlessing()
    evaluation.uri, blessing.uri = str(inputs.root / name), str(inputs.root / f"{name}_blessing")
    config = thresholds.evaluation_config(len(CLASS_NAMES), 0.8, max_accuracy_loss or 0.0, "")
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


def read_slices(folder: str) -> dict[str, dict[str, dict[str, float]]]:
    """Metrics by class of the images ("" for all) and by what they are computed for."""
    found = {}
    for keys, by_output in tfma.load_eval_result(folder).slicing_metrics:
        found[keys[0][1] if keys else ""] = {
            target: {name: float(value["doubleValue"]) for name, value in values.items()}
            for target, values in by_output[""].items()
        }
    return found


def test_reads_the_overall_metrics(first: tuple[str, bool]) -> None:
    loss = sum(cross_entropy(*image, RIGHT_ON_FOUR) for image in IMAGES) / len(IMAGES)
    result = results.read_evaluation(first[0])
    assert dataclasses.asdict(result) == pytest.approx(
        {"accuracy": 0.8, "top_3_accuracy": 1.0, "loss": loss, "images": 5}, abs=1e-6
    )
    assert type(result.images) is int
    assert results.read_baseline_accuracy(first[0]) is None


def test_measures_each_class(first: tuple[str, bool]) -> None:
    slices = read_slices(first[0])
    assert {name: values[""]["accuracy"] for name, values in slices.items()} == pytest.approx(
        {"": 0.8, "dark": 2 / 3, "light": 1.0}
    )
    assert slices[""]["classId:0 topK:1"] == pytest.approx({"precision": 1.0, "recall": 2 / 3})
    assert slices[""]["classId:1 topK:1"] == pytest.approx({"precision": 2 / 3, "recall": 1.0})
    assert math.isnan(slices["light"]["classId:0 topK:1"]["recall"])


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


def test_refuses_what_loses_too_much_against_the_last_blessed_model(inputs: Inputs) -> None:
    folder, is_blessed = evaluate(inputs, "second", max_accuracy_loss=0.19)
    assert results.read_evaluation(folder).accuracy == pytest.approx(0.8)
    assert results.read_baseline_accuracy(folder) == pytest.approx(1.0)
    assert not is_blessed
