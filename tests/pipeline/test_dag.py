"""The compiled pipeline: what TFX will run."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tfx.dsl.compiler import compiler
from tfx.proto.orchestration import pipeline_pb2
from tfx.utils import dependency_utils

from components.beam_arguments import ONE_PROCESS
from components.ingestion.listing.spans import Span
from components.validation.schema import FrozenSchema
from pipeline import dag
from pipeline.config import PipelineConfig, from_dict, to_dict
from pipeline.environment import NOTHING_TO_PACK, Environment, this_machine
from pipeline.places import model_folder
from pipeline.setting_names import setting_fields

CONFIG = PipelineConfig("photos")
SCHEMA = FrozenSchema("frozen/schema.pbtxt", "frozen/class_names", ("cat", "dog"))
STEPS = [
    "ImageFolderExampleGen",
    "StatisticsGen",
    "ImportSchemaGen",
    "StatisticsResolver",
    "ExampleValidator",
    "DataGate",
    "Transform",
    "Trainer",
    "BaselineResolver",
    "BulkInferrer",
    "Evaluator",
    "InfraValidator",
    "ReleaseGate",
    "ModelReport",
    "Pusher",
]
# It shows the whole configuration.
SHOWS_ALL = "ModelReport"
# Another value for each setting, and the steps whose parameters change with it: these run again,
# the others are cached for as long as their inputs are the same.
SETTINGS: Mapping[str, tuple[Any, set[str]]] = {
    "data": ("pictures", {"ImageFolderExampleGen"}),
    "name": ("others", {"BaselineResolver", "Pusher", "ReleaseGate", "Trainer"}),
    # Where the checkpoints are kept.
    "output": ("elsewhere", {"Trainer"}),
    "serving": ("elsewhere", {"BaselineResolver", "Pusher", "ReleaseGate"}),
    # The runner pins the file; the pipeline gets the copy.
    "schema": ("elsewhere.pbtxt", set()),
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
    "validate.schema": ("warn", {"DataGate"}),
    "validate.vanished_class": ("warn", {"DataGate"}),
    "validate.small_class": ("stop", {"DataGate"}),
    "validate.new_format": ("stop", {"DataGate"}),
    "validate.grayscale": ("stop", {"DataGate"}),
    "validate.out_of_range": ("stop", {"DataGate"}),
    "validate.drift": ("stop", {"DataGate"}),
    "validate.skew": ("ignore", {"DataGate"}),
    "validate.min_images_per_class": (21, {"DataGate"}),
    "validate.max_gray_share": (0.1, {"DataGate"}),
    "validate.smallest_class_shift": (0.1, {"DataGate"}),
    "validate.smallest_feature_shift": (0.2, {"DataGate"}),
    "validate.false_alarm_rate": (0.01, {"DataGate"}),
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
    "train.warm_start": ("blessed", {"Trainer"}),
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
    "export.formats": ("tflite", {"Trainer"}),
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
    "tune.trials": {"tune.space": {"learning_rate": [0.001, 0.01]}},
}


def changed(settings: Mapping[str, Any]) -> PipelineConfig:
    """The configuration with other values for some settings, by their dotted names."""
    values = to_dict(CONFIG)
    for name, value in settings.items():
        group, _, last = name.rpartition(".")
        (values[group] if group else values)[last] = value
    return from_dict(values)


def compile_steps(
    config: PipelineConfig = CONFIG, schema: FrozenSchema = SCHEMA, spans: Sequence[Span] = ()
) -> dict[str, pipeline_pb2.PipelineNode]:
    """The steps by their names, in the order in which they run."""
    compiled = compiler.Compiler().compile(
        dag.create_pipeline(config, this_machine(config), schema, spans)
    )
    return {node.pipeline_node.node_info.id: node.pipeline_node for node in compiled.nodes}


def settings_of(step: pipeline_pb2.PipelineNode) -> Any:
    """The parameters of a step, and the settings of a resolver's strategy."""
    strategies = [
        f"{key}={value}"
        for graph in step.inputs.input_graphs.values()
        for node in graph.nodes.values()
        for key, value in node.op_node.kwargs.items()
    ]
    return parameters(step), sorted(strategies)


def parameters(step: pipeline_pb2.PipelineNode) -> dict[str, Any]:
    """What is set of a step; JSON is read."""
    values = {}
    for name, value in step.parameters.parameters.items():
        text = value.field_value.string_value
        is_json = text.startswith(("{", "["))
        kind = value.field_value.WhichOneof("value")
        values[name] = json.loads(text) if is_json else getattr(value.field_value, kind)
    return values


@pytest.fixture(scope="module")
def steps() -> dict[str, pipeline_pb2.PipelineNode]:
    return compile_steps()


def test_the_steps_in_their_order(steps):
    assert list(steps) == STEPS


def test_a_schema_is_inferred_from_the_first_two_steps_alone():
    compiled = compiler.Compiler().compile(dag.create_data_pipeline(CONFIG, this_machine(CONFIG)))
    steps = [node.pipeline_node for node in compiled.nodes]
    assert [step.node_info.id for step in steps] == ["ImageFolderExampleGen", "StatisticsGen"]
    whole = compile_steps()
    for step in steps:
        # Else the run that follows would not find their results in the cache.
        assert step.parameters == whole[step.node_info.id].parameters


@pytest.mark.parametrize(
    ("step", "inputs"),
    [
        ("ImageFolderExampleGen", {}),
        ("ImportSchemaGen", {}),
        ("StatisticsGen", {"examples": ("ImageFolderExampleGen", "examples")}),
        (
            "ExampleValidator",
            {
                "statistics": ("StatisticsGen", "statistics"),
                "schema": ("ImportSchemaGen", "schema"),
            },
        ),
        (
            "DataGate",
            {
                "statistics": ("StatisticsGen", "statistics"),
                "anomalies": ("ExampleValidator", "anomalies"),
                "schema": ("ImportSchemaGen", "schema"),
                "baseline_statistics": ("StatisticsResolver", "statistics"),
            },
        ),
        (
            "Transform",
            {
                "examples": ("ImageFolderExampleGen", "examples"),
                "schema": ("ImportSchemaGen", "schema"),
            },
        ),
        (
            "Trainer",
            {
                "examples": ("Transform", "transformed_examples"),
                "transform_graph": ("Transform", "transform_graph"),
            },
        ),
        (
            "Evaluator",
            {
                "examples": ("ImageFolderExampleGen", "examples"),
                "model": ("Trainer", "model"),
                "baseline_model": ("BaselineResolver", "comparable_model"),
            },
        ),
        (
            "BulkInferrer",
            {
                "examples": ("ImageFolderExampleGen", "examples"),
                "model": ("Trainer", "model"),
                "baseline_model": ("BaselineResolver", "model"),
            },
        ),
        (
            "InfraValidator",
            {
                "examples": ("ImageFolderExampleGen", "examples"),
                "model": ("Trainer", "model"),
                "predictions": ("BulkInferrer", "predictions"),
            },
        ),
        (
            "ReleaseGate",
            {
                "model": ("Trainer", "model"),
                "pushed_baseline": ("BaselineResolver", "pushed_model"),
                "evaluation": ("Evaluator", "evaluation"),
                "blessing": ("Evaluator", "blessing"),
                "predictions": ("BulkInferrer", "predictions"),
                "infra_blessing": ("InfraValidator", "blessing"),
            },
        ),
        (
            "ModelReport",
            {
                "examples": ("ImageFolderExampleGen", "examples"),
                "data_verdict": ("DataGate", "verdict"),
                "model": ("Trainer", "model"),
                "model_run": ("Trainer", "model_run"),
                "evaluation": ("Evaluator", "evaluation"),
                "predictions": ("BulkInferrer", "predictions"),
                "serving_facts": ("InfraValidator", "blessing"),
                "release_verdict": ("ReleaseGate", "verdict"),
            },
        ),
        (
            "Pusher",
            {
                "model": ("Trainer", "model"),
                "model_blessing": ("Evaluator", "blessing"),
                "infra_blessing": ("InfraValidator", "blessing"),
                "release_verdict": ("ReleaseGate", "verdict"),
                "model_report": ("ModelReport", "report"),
            },
        ),
    ],
)
def test_what_a_step_gets_from_which(steps, step, inputs):
    received = {
        key: [(channel.producer_node_query.id, channel.output_key) for channel in value.channels]
        for key, value in steps[step].inputs.inputs.items()
    }
    assert received == {key: [value] for key, value in inputs.items()}


SPANS = [Span(number, f"photos/span-0{number}") for number in (7, 8, 9)]
STEPS_OF_A_SPAN = ("ImageFolderExampleGen", "StatisticsGen", "ExampleValidator")


@pytest.fixture(scope="module")
def steps_of_spans() -> dict[str, pipeline_pb2.PipelineNode]:
    return compile_steps(spans=SPANS)


def test_each_span_has_its_own_steps_as_far_as_the_gate(steps_of_spans):
    of_spans = {f"{step}.span-{number}" for step in STEPS_OF_A_SPAN for number in (7, 8, 9)}
    assert set(steps_of_spans) == {*STEPS, *of_spans} - {*STEPS_OF_A_SPAN}
    compiled = compiler.Compiler().compile(
        dag.create_data_pipeline(CONFIG, this_machine(CONFIG), SPANS)
    )
    assert {node.pipeline_node.node_info.id for node in compiled.nodes} == {
        name for name in of_spans if not name.startswith("ExampleValidator")
    }


def test_a_span_comes_after_those_before_it(steps_of_spans):
    ingested = [steps_of_spans[f"ImageFolderExampleGen.span-{number}"] for number in (7, 8, 9)]
    assert [list(step.upstream_nodes) for step in ingested] == [
        [],
        ["ImageFolderExampleGen.span-7"],
        ["ImageFolderExampleGen.span-7", "ImageFolderExampleGen.span-8"],
    ]
    found = [parameters(step) for step in ingested]
    assert [values["data_folder"] for values in found] == [span.folder for span in SPANS]
    assert [values["span"] for values in found] == [7, 8, 9]
    # The driver puts the records of these steps in their place.
    assert [values["earlier_spans"] for values in found] == [
        list(step.upstream_nodes) for step in ingested
    ]


@pytest.mark.parametrize("spans", [SPANS, SPANS[-1:]])
def test_the_steps_of_all_spans_get_all_of_them(spans):
    steps = compile_steps(spans=spans)
    names = [span.name for span in spans]
    for step, key, source in (
        ("DataGate", "statistics", "StatisticsGen"),
        ("DataGate", "anomalies", "ExampleValidator"),
        ("Transform", "examples", "ImageFolderExampleGen"),
        ("Evaluator", "examples", "ImageFolderExampleGen"),
    ):
        producers = [name for name in steps[step].upstream_nodes if name.startswith(source)]
        assert producers == [f"{source}.{name}" for name in names]
        mixed = steps[step].inputs.inputs[key].mixed_inputs.input_keys
        assert len(mixed) == (len(spans) if len(spans) > 1 else 0)
    # What arrived last is compared with what arrived last before.
    resolved = steps["StatisticsResolver"].upstream_nodes
    assert list(resolved) == ["StatisticsGen.span-9"]


def test_the_gate_is_before_transform(steps):
    assert "DataGate" in steps["Transform"].upstream_nodes
    assert "Transform" in steps["DataGate"].downstream_nodes


def test_which_splits_are_for_what(steps):
    assert parameters(steps["Transform"])["splits_config"] == {
        "analyze": ["train"],
        "transform": ["train", "eval"],
    }
    trainer = parameters(steps["Trainer"])
    assert (trainer["train_args"], trainer["eval_args"]) == (
        {"splits": ["train"]},
        {"splits": ["eval"]},
    )
    assert parameters(steps["Evaluator"])["example_splits"] == ["test"]


IMAGE_RULES = {
    "channels": 1,
    "animations": "reject",
    "background": "#102030",
    "max_megapixels": 50.0,
}


CHANGED_SETTINGS = {
    "splits.train": 0.5,
    "splits.eval": 0.3,
    "splits.test": 0.2,
    "image.height": 31,
    "image.width": 32,
    "image.channels": 1,
    "image.resize_method": "area",
    "image.animations": "reject",
    "image.background": "#102030",
    "image.max_megapixels": 50.0,
    "ingest.max_reject_fraction": 0.02,
    "ingest.max_seconds": 21.0,
    "ingest.near_duplicate_distance": 3,
    "ingest.leaks": "refuse",
    "ingest.group_pattern": "patient[0-9]+",
    "train.epochs": 7,
    "train.learning_rate": 0.02,
    "evaluate.min_accuracy": 0.61,
    "evaluate.max_accuracy_loss": 0.07,
}


def test_where_the_settings_go():
    config = changed(CHANGED_SETTINGS)
    found = {name: parameters(step) for name, step in compile_steps(config).items()}
    example_gen = found["ImageFolderExampleGen"]
    assert example_gen["data_folder"] == "photos"
    assert example_gen["rules"] == {
        "image": IMAGE_RULES,
        "split_weights": {"train": 500_000, "eval": 300_000, "test": 200_000},
        "max_reject_fraction": 0.02,
        "max_seconds": 21.0,
        "near_duplicate_distance": 3,
        "leaks": "refuse",
        "group_pattern": "patient[0-9]+",
    }
    assert found["ImportSchemaGen"]["schema_file"] == "frozen/schema.pbtxt"
    image = {"height": 31, "width": 32, "channels": 1}
    transform = found["Transform"]["custom_config"]
    assert without_fingerprint(transform) == {
        **image,
        "resize_method": "area",
        "class_names_file": "frozen/class_names",
    }
    assert without_fingerprint(found["Trainer"]["custom_config"]) == {
        **image,
        "train": {**to_dict(CONFIG)["train"], "epochs": 7, "learning_rate": 0.02},
        "fine_tune": to_dict(CONFIG)["fine_tune"],
        "augment": to_dict(CONFIG)["augment"],
        "export": to_dict(CONFIG)["export"],
        "files": {},
        "checkpoint_folder": "output/photos/checkpoints",
        "image_rules": IMAGE_RULES,
    }
    metric = found["Evaluator"]["eval_config"]["metrics_specs"][0]["metrics"][0]
    threshold = metric["per_slice_thresholds"][0]["threshold"]
    assert threshold["value_threshold"] == {"lower_bound": pytest.approx(0.61, abs=2e-6)}
    assert threshold["change_threshold"]["absolute"] == pytest.approx(-0.07, abs=2e-6)
    assert found["ReleaseGate"]["rules"] == config.evaluate.to_dict()
    assert found["ReleaseGate"]["model_folder"] == "serving/photos"
    assert found["ModelReport"]["configuration"] == to_dict(config)
    assert without_fingerprint(found["Pusher"]) == {
        "model_folder": "serving/photos",
        "keep_versions": 10,
        "force_push": "",
        "reset_baseline": "",
        "baseline_step": "BaselineResolver",
    }


def without_fingerprint(values: Mapping[str, Any]) -> dict[str, Any]:
    assert len(values["code_fingerprint"]) == 16
    return {name: value for name, value in values.items() if name != "code_fingerprint"}


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
    assert different == {"ImportSchemaGen", "Transform", "Evaluator"}


def test_where_everything_lies():
    config = changed({"output": "out", "serving": "srv", "name": "others"})
    pipeline = dag.create_pipeline(config, this_machine(config), SCHEMA)
    assert pipeline.pipeline_info.pipeline_name == "others"
    assert pipeline.pipeline_info.pipeline_root == "out/others/artifacts"
    assert pipeline.metadata_connection_config.sqlite.filename_uri == "out/others/metadata.sqlite"
    assert model_folder(config) == "srv/others"
    assert pipeline.enable_cache is True


def test_beam_looks_for_no_other_runner():
    pipeline = dag.create_data_pipeline(CONFIG, this_machine(CONFIG))
    assert pipeline.beam_pipeline_args == ["--runner=FnApiRunner"]


BEAM_STEPS = ("StatisticsGen", "Transform")


def test_tfx_does_not_pack_itself_for_workers_that_there_are_not(monkeypatch):
    monkeypatch.setattr(dependency_utils, "build_ephemeral_package", pytest.fail)
    arguments = [*ONE_PROCESS, NOTHING_TO_PACK]
    assert dependency_utils.make_beam_dependency_flags(arguments) == arguments


def test_a_step_may_have_a_runner_of_beam_of_its_own():
    config = changed({})
    flink = {"StatisticsGen": ["--runner=FlinkRunner"], "DataGate": ["--runner=FlinkRunner"]}
    environment = Environment(this_machine(config).metadata, beam_arguments_of=flink)
    steps = {step.id: step for step in dag.create_pipeline(config, environment, SCHEMA).components}
    arguments = {name: steps[name].executor_spec.beam_pipeline_args for name in BEAM_STEPS}
    # Of a flag that is given twice, Beam takes the last.
    assert arguments == {
        "StatisticsGen": [*ONE_PROCESS, "--runner=FlinkRunner"],
        "Transform": [*ONE_PROCESS, NOTHING_TO_PACK],
    }
    # It does not use Beam.
    assert not hasattr(steps["DataGate"].executor_spec, "beam_pipeline_args")


def test_a_search_and_a_warm_start_come_before_the_training():
    settings = {
        "data": "photos",
        "train": {"warm_start": "blessed"},
        "tune": {"trials": 3, "space": {"learning_rate": [0.001, 0.01]}},
    }
    steps = compile_steps(from_dict(settings))
    names = list(steps)
    place = STEPS.index("Trainer")
    assert names[:place] == STEPS[:place]
    assert sorted(names[place : place + 2]) == ["Tuner", "WarmStartResolver"]
    assert names[place + 2 :] == STEPS[place:]
    producers = {
        key: [(each.producer_node_query.id, each.output_key) for each in spec.channels]
        for key, spec in steps["Trainer"].inputs.inputs.items()
    }
    assert producers["base_model"] == [("WarmStartResolver", "model")]
    assert producers["hyperparameters"] == [("Tuner", "best_hyperparameters")]
