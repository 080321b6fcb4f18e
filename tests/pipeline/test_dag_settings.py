"""Where each setting goes, and which steps run again when it changes."""

from collections.abc import Mapping
from typing import Any

import pytest
from tfx.proto.orchestration import pipeline_pb2

from components.validation.schema import FrozenSchema
from pipeline.config import PipelineConfig, to_dict
from pipeline.setting_names import setting_fields
from tests.pipeline.compiled_steps import STEPS, changed, compile_steps, parameters

# It shows the whole configuration.
SHOWS_ALL = "ModelReport"
# The page shows the findings that the gate judges.
VALIDATION = {"DataReport", "DataGate"}
# Another value for each setting, and the steps whose parameters change with it: these run again,
# the others are cached for as long as their inputs are the same.
SETTINGS: Mapping[str, tuple[Any, set[str]]] = {
    # The gate says what to type, with the places of this pipeline.
    "data": ("pictures", {"ImageFolderExampleGen", "DataGate"}),
    "name": ("others", {"BaselineResolver", "DataGate", "Pusher", "ReleaseGate", "Trainer"}),
    # Where the checkpoints are kept.
    "output": ("elsewhere", {"Trainer"}),
    "serving": ("elsewhere", {"BaselineResolver", "Pusher", "ReleaseGate"}),
    # The runner pins the file; the pipeline gets the copy, the gate's advice the name.
    "schema": ("elsewhere.pbtxt", {"DataGate"}),
    "splits.train": (0.7, {"ImageFolderExampleGen"}),
    "splits.eval": (0.2, {"ImageFolderExampleGen"}),
    "splits.test": (0.2, {"ImageFolderExampleGen"}),
    "ingest.max_reject_fraction": (0.02, {"ImageFolderExampleGen"}),
    "ingest.max_seconds": (21.0, {"ImageFolderExampleGen"}),
    "ingest.near_duplicate_distance": (3, {"ImageFolderExampleGen"}),
    "ingest.leaks": ("refuse", {"ImageFolderExampleGen"}),
    "ingest.group_pattern": ("patient[0-9]+", {"ImageFolderExampleGen"}),
    # Which spans there are is looked up by the runner.
    "ingest.window": (3, set()),
    "validate.schema": ("warn", VALIDATION),
    "validate.vanished_class": ("warn", VALIDATION),
    "validate.small_class": ("stop", VALIDATION),
    "validate.new_format": ("stop", VALIDATION),
    "validate.grayscale": ("stop", VALIDATION),
    "validate.out_of_range": ("stop", VALIDATION),
    "validate.drift": ("stop", VALIDATION),
    "validate.skew": ("ignore", VALIDATION),
    "validate.min_images_per_class": (21, VALIDATION),
    "validate.max_gray_share": (0.1, VALIDATION),
    "validate.smallest_class_shift": (0.1, VALIDATION),
    "validate.smallest_feature_shift": (0.2, VALIDATION),
    "validate.false_alarm_rate": (0.01, VALIDATION),
    "image.animations": ("reject", {"ImageFolderExampleGen", "Trainer"}),
    "image.background": ("#000000", {"ImageFolderExampleGen", "Trainer"}),
    "image.max_megapixels": (50.0, {"ImageFolderExampleGen", "Trainer"}),
    "image.height": (95, {"Transform", "Trainer"}),
    "image.width": (95, {"Transform", "Trainer"}),
    "image.channels": (1, {"ImageFolderExampleGen", "Transform", "Trainer"}),
    "image.resize_method": ("area", {"Transform"}),
    "train.trainer": ("dense", {"Trainer"}),
    "train.options": ({"dense_units": 65}, {"Trainer"}),
    "train.epochs": (7, {"Trainer"}),
    "train.batch_size": (33, {"Trainer"}),
    "train.learning_rate": (0.002, {"Trainer"}),
    "train.schedule": ("constant", {"Trainer"}),
    "train.seed": (43, {"Trainer"}),
    "train.optimizer": ("sgd", {"Trainer"}),
    "train.warmup_epochs": (1, {"Trainer"}),
    "train.weight_decay": (0.1, {"Trainer"}),
    "train.label_smoothing": (0.1, {"Trainer"}),
    "train.class_weights": ("balanced", {"Trainer"}),
    "train.early_stopping": (2, {"Trainer"}),
    "train.precision": ("float32", {"Trainer"}),
    "train.checkpoint_every": (2, {"Trainer"}),
    "train.memory_budget": (64, {"Trainer"}),
    "train.warm_start": ("serving", {"Trainer"}),
    "fine_tune.epochs": (3, {"Trainer"}),
    "fine_tune.optimizer": ("adam", {"Trainer"}),
    "fine_tune.learning_rate": (0.001, {"Trainer"}),
    "fine_tune.schedule": ("cosine", {"Trainer"}),
    "fine_tune.from_layer": (100, {"Trainer"}),
    "augment.flip": ("both", {"Trainer"}),
    "augment.rotation": (0.1, {"Trainer"}),
    "augment.shift": (0.1, {"Trainer"}),
    "augment.shear": (0.1, {"Trainer"}),
    "augment.zoom": (0.1, {"Trainer"}),
    "augment.contrast": (0.1, {"Trainer"}),
    "augment.views": (2, {"Trainer"}),
    "tune.trials": (3, set()),
    "tune.epochs": (2, set()),
    "tune.space": ({"learning_rate": [0.001, 0.01]}, set()),
    # Fault B4: neither the Trainer nor the Tuner, which began anew when a format was dropped.
    "export.formats": ("tflite,onnx", set()),
    "export.required": ("tflite", {"ReleaseGate"}),
    "evaluate.min_accuracy": (0.8, {"Evaluator", "ReleaseGate"}),
    "evaluate.max_accuracy_loss": (0.02, {"Evaluator", "ReleaseGate"}),
    "evaluate.min_recall": (0.1, {"ReleaseGate"}),
    "evaluate.min_precision": (0.1, {"ReleaseGate"}),
    "evaluate.min_recall_of": ({"cat": 0.1}, {"ReleaseGate"}),
    "evaluate.min_precision_of": ({"cat": 0.1}, {"ReleaseGate"}),
    "evaluate.max_calibration_error": (0.1, {"ReleaseGate"}),
    "evaluate.max_model_megabytes": (10.0, {"ReleaseGate"}),
    "evaluate.max_latency_milliseconds": (10.0, {"ReleaseGate"}),
    "evaluate.confidence": (0.9, {"ReleaseGate"}),
    "evaluate.not_enough_evidence": ("point_estimate", {"ReleaseGate"}),
    "push.keep_versions": (3, {"Pusher"}),
    "reset_baseline": ("new camera", {"BaselineResolver", "Pusher", "ReleaseGate"}),
    "force_push": ("demo", {"Pusher", "ReleaseGate"}),
}
# The shares must add up to 1.
TOGETHER: Mapping[str, Mapping[str, Any]] = {
    "splits.train": {"splits.eval": 0.2},
    "splits.eval": {"splits.train": 0.7},
    "splits.test": {"splits.train": 0.7},
    "fine_tune.epochs": {"train.trainer": "mobilenet_v2"},
    "export.required": {"export.formats": "tflite"},
    "tune.trials": {"tune.space": {"learning_rate": [0.001, 0.01]}},
}


def settings_of(step: pipeline_pb2.PipelineNode) -> Any:
    """The parameters of a step, and the settings of a resolver's strategy."""
    strategies = [
        f"{key}={value}"
        for graph in step.inputs.input_graphs.values()
        for node in graph.nodes.values()
        for key, value in node.op_node.kwargs.items()
    ]
    return parameters(step), sorted(strategies)


@pytest.fixture(scope="module")
def steps() -> dict[str, pipeline_pb2.PipelineNode]:
    return compile_steps()


def test_how_the_settings_of_the_ingestion_and_of_the_thresholds_go():
    config = changed(
        {
            "splits.train": 0.5,
            "splits.eval": 0.3,
            "splits.test": 0.2,
            "image.channels": 1,
            "evaluate.min_accuracy": 0.61,
            "evaluate.max_accuracy_loss": 0.07,
        }
    )
    found = {name: parameters(step) for name, step in compile_steps(config).items()}
    rules = found["ImageFolderExampleGen"]["rules"]
    assert rules["split_weights"] == {"train": 500_000, "eval": 300_000, "test": 200_000}
    # Training, too, must open images as ingestion does, for its exports.
    assert found["Trainer"]["custom_config"]["image_rules"] == rules["image"]
    metric = found["Evaluator"]["eval_config"]["metrics_specs"][0]["metrics"][0]
    threshold = metric["per_slice_thresholds"][0]["threshold"]
    assert threshold["value_threshold"] == {"lower_bound": pytest.approx(0.61, abs=2e-6)}
    assert threshold["change_threshold"]["absolute"] == pytest.approx(-0.07, abs=2e-6)
    assert found["ModelReport"]["configuration"] == to_dict(config)


def test_every_setting_is_in_the_table():
    # A new class has no number to train on: this one can only be what it is.
    assert {*SETTINGS, "validate.new_class"} == set(setting_fields(PipelineConfig))


@pytest.mark.parametrize("setting", SETTINGS)
def test_which_steps_a_setting_reaches(steps, setting):
    value, expected = SETTINGS[setting]
    other = compile_steps(changed({**TOGETHER.get(setting, {}), setting: value}))
    different = {name for name in STEPS if settings_of(other[name]) != settings_of(steps[name])}
    assert different == expected | {SHOWS_ALL}


def test_a_new_schema_reaches_what_depends_on_it(steps):
    other = compile_steps(
        schema=FrozenSchema("new/schema.pbtxt", "new/class_names", ("cat", "dog", "owl"))
    )
    different = {name for name in STEPS if parameters(other[name]) != parameters(steps[name])}
    assert different == {"ImportSchemaGen", "Transform"}
