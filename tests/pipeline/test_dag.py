"""The compiled pipeline: which steps there are, what they get from one another, and where it is."""

import pytest
from tfx.dsl.compiler import compiler
from tfx.proto.orchestration import pipeline_pb2
from tfx.utils import dependency_utils

from components.beam_arguments import ONE_PROCESS
from pipeline import dag
from pipeline.config import from_dict
from pipeline.execution import NOTHING_TO_PACK, Environment, this_machine
from pipeline.paths import model_folder
from tests.pipeline.compiled_steps import CONFIG, SCHEMA, STEPS, changed, compile_steps, parameters

EDGES = [
    "StatisticsGen.examples <- ImageFolderExampleGen.examples",
    "ExampleValidator.statistics <- StatisticsGen.statistics",
    "ExampleValidator.schema <- ImportSchemaGen.schema",
    "DataReport.examples <- ImageFolderExampleGen.examples",
    "DataReport.statistics <- StatisticsGen.statistics",
    "DataReport.anomalies <- ExampleValidator.anomalies",
    "DataReport.schema <- ImportSchemaGen.schema",
    "DataReport.baseline_statistics <- StatisticsResolver.statistics",
    "DataGate.statistics <- StatisticsGen.statistics",
    "DataGate.anomalies <- ExampleValidator.anomalies",
    "DataGate.schema <- ImportSchemaGen.schema",
    "DataGate.baseline_statistics <- StatisticsResolver.statistics",
    "Transform.examples <- ImageFolderExampleGen.examples",
    "Transform.schema <- ImportSchemaGen.schema",
    "Trainer.examples <- Transform.transformed_examples",
    "Trainer.transform_graph <- Transform.transform_graph",
    "Evaluator.examples <- BulkInferrer.output_examples",
    "Evaluator.model <- Trainer.model",
    "Evaluator.baseline_model <- BaselineResolver.comparable_model",
    "BulkInferrer.examples <- ImageFolderExampleGen.examples",
    "BulkInferrer.model <- Trainer.model",
    "BulkInferrer.baseline_model <- BaselineResolver.model",
    "InfraValidator.examples <- ImageFolderExampleGen.examples",
    "InfraValidator.model <- Trainer.model",
    "InfraValidator.predictions <- BulkInferrer.predictions",
    "ReleaseGate.model <- Trainer.model",
    "ReleaseGate.pushed_baseline <- BaselineResolver.pushed_model",
    "ReleaseGate.blessing <- Evaluator.blessing",
    "ReleaseGate.predictions <- BulkInferrer.predictions",
    "ReleaseGate.infra_blessing <- InfraValidator.blessing",
    "ModelReport.examples <- ImageFolderExampleGen.examples",
    "ModelReport.data_verdict <- DataGate.verdict",
    "ModelReport.model <- Trainer.model",
    "ModelReport.model_run <- Trainer.model_run",
    "ModelReport.evaluation <- Evaluator.evaluation",
    "ModelReport.predictions <- BulkInferrer.predictions",
    "ModelReport.serving_facts <- InfraValidator.blessing",
    "ModelReport.release_verdict <- ReleaseGate.verdict",
    "Pusher.model <- Trainer.model",
    "Pusher.model_blessing <- Evaluator.blessing",
    "Pusher.infra_blessing <- InfraValidator.blessing",
    "Pusher.release_verdict <- ReleaseGate.verdict",
    "Pusher.model_report <- ModelReport.report",
]


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


def edges(steps: dict[str, pipeline_pb2.PipelineNode]) -> list[str]:
    """What the steps but the resolvers get, as "step.input <- step.output"."""
    return [
        f"{name}.{key} <- {channel.producer_node_query.id}.{channel.output_key}"
        for name, step in steps.items()
        if "Resolver" not in name
        for key, value in step.inputs.inputs.items()
        for channel in value.channels
    ]


def test_what_a_step_gets_from_which(steps):
    assert sorted(edges(steps)) == sorted(EDGES)


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


class TestExports:
    """Fault B4: another list of formats trained the model again."""

    @pytest.fixture(scope="class")
    def steps(self) -> dict[str, pipeline_pb2.PipelineNode]:
        return compile_steps(changed({"export.formats": "onnx"}))

    def test_they_are_made_after_the_training(self, steps):
        place = STEPS.index("Trainer") + 1
        assert list(steps) == [*STEPS[:place], "Exporter", *STEPS[place:]]
        assert {
            "Exporter.trained_model <- Trainer.model",
            "Exporter.examples <- Transform.transformed_examples",
        } <= set(edges(steps))

    def test_all_later_steps_take_the_model_that_has_them(self, steps):
        models = {edge.partition(".model <- ")[2] for edge in edges(steps)} - {""}
        assert models == {"Exporter.model"}

    def test_another_list_runs_the_step_itself_and_nothing_before_it(self, steps):
        other = compile_steps(changed({"export.formats": "tflite,onnx"}))
        different = {name for name in steps if parameters(other[name]) != parameters(steps[name])}
        # The report shows all settings.
        assert different == {"Exporter", "ModelReport"}
        assert steps["Trainer"].inputs == other["Trainer"].inputs


def test_a_search_and_a_warm_start_come_before_the_training():
    settings = {
        "data": "photos",
        "train": {"warm_start": "serving"},
        "tune": {"trials": 3, "space": {"learning_rate": [0.001, 0.01]}},
    }
    steps = compile_steps(from_dict(settings))
    names = list(steps)
    place = STEPS.index("Trainer")
    assert names[:place] == STEPS[:place]
    assert sorted(names[place : place + 2]) == ["Tuner", "WarmStart"]
    assert names[place + 2 :] == STEPS[place:]
    assert {
        "Trainer.base_model <- WarmStart.model",
        "Trainer.hyperparameters <- Tuner.best_hyperparameters",
    } <= set(edges(steps))
