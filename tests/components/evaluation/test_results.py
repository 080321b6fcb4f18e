"""Real evaluations of five images by TFX's Evaluator: what they say, and what is blessed."""

import dataclasses
import math
import pathlib

import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
import tensorflow_transform as tft
from tfx import types
from tfx.components.evaluator import executor
from tfx.dsl.components.base import base_beam_executor
from tfx.types import standard_artifacts
from tfx.utils import json_utils, proto_utils

from components.evaluation import results, thresholds
from tests.components.evaluation.threshold_model import (
    CLASS_NAMES,
    ONE_PIXEL,
    cross_entropy,
    export_threshold_model,
)
from tests.components.transform_graph import (
    BEAM_ARGUMENTS,
    serialize_raw_record,
    write_transform_graph,
)
from tests.image_files import encode_image

IMAGES = ((0, "dark"), (50, "dark"), (150, "dark"), (200, "light"), (255, "light"))
RIGHT_ON_FOUR = 100
RIGHT_ON_ALL = 175


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What the Evaluator reads."""

    root: pathlib.Path
    candidate: types.Artifact
    baseline: types.Artifact
    examples: types.Artifact


def make_model(
    folder: pathlib.Path, transform: tft.TFTransformOutput, threshold: float
) -> types.Artifact:
    export_threshold_model(folder / "Format-Serving", transform, threshold)
    model = standard_artifacts.Model()
    model.uri = str(folder)
    return model


def make_examples(folder: pathlib.Path) -> types.Artifact:
    (folder / "Split-test").mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "Split-test/data.gz"), "GZIP") as writer:
        for pixel, name in IMAGES:
            encoded = encode_image(size=(1, 1), mode="L", color=pixel)
            writer.write(serialize_raw_record(encoded, name))
    examples = standard_artifacts.Examples()
    examples.uri = str(folder)
    examples.split_names = '["test"]'
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
            "model": [inputs.candidate],
            "baseline_model": [] if max_accuracy_loss is None else [inputs.baseline],
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
    transform = write_transform_graph(root / "graph", ONE_PIXEL, CLASS_NAMES)
    return Inputs(
        root,
        make_model(root / "candidate", transform, RIGHT_ON_FOUR),
        make_model(root / "baseline", transform, RIGHT_ON_ALL),
        make_examples(root / "examples"),
    )


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
