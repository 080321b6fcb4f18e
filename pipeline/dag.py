"""A configuration -> the steps, in the order in which the data flows.

Nothing is computed here, and no step knows of another but through what this file hands on.
TFX's modules are imported one by one: `tfx.v1` would load all of its Google Cloud extensions, ten
seconds at each start.
"""

import dataclasses
import os

import tfx.components
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.base import base_node
from tfx.dsl.components.common import resolver
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import pusher_pb2, trainer_pb2, transform_pb2
from tfx.types import channel, standard_artifacts

from components.evaluation.baseline import LatestOtherBlessedModel
from components.evaluation.thresholds import evaluation_config
from components.features import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT
from components.fingerprint import code_fingerprint
from components.ingestion.component import ImageFolderExampleGen
from components.serving.pusher import WholePusher
from components.validation.gate import DataGate
from components.validation.schema import FrozenSchema
from components.validation.statistics import statistics_options
from pipeline.config import PipelineConfig

# Without a mode, Beam first tries to download a runner of another kind.
BEAM_ARGUMENTS = ("--runner=DirectRunner", "--direct_running_mode=in_memory")
SPLIT_PRECISION = 1_000_000
MEMORY_BUDGET = 2 * 1024**3
"""Bytes of pixels that training keeps in memory; a larger set is read anew in each epoch."""


def create_data_pipeline(config: PipelineConfig) -> tfx_pipeline.Pipeline:
    """The first two steps alone: what a schema is inferred from."""
    return _pipeline(config, _ingest(config))


def create_pipeline(config: PipelineConfig, schema: FrozenSchema) -> tfx_pipeline.Pipeline:
    """All steps, from the folder of images to the serving directory."""
    ingested = _ingest(config)
    example_gen, statistics_gen = ingested
    validation = _validate(statistics_gen, schema)
    schema_gen, _, data_gate = validation
    transform = _transform(config, schema, example_gen, schema_gen)
    transform.add_upstream_node(data_gate)
    trainer = _train(config, transform)
    release = _release(config, schema, example_gen, trainer)
    return _pipeline(config, [*ingested, *validation, transform, trainer, *release])


def output_folder(config: PipelineConfig) -> str:
    """Where everything of a pipeline lies but the pushed models."""
    return os.path.join(config.output, config.name)


def model_folder(config: PipelineConfig) -> str:
    """Where the pushed models lie."""
    return os.path.join(config.serving, config.name)


def metadata_file(config: PipelineConfig) -> str:
    """ML Metadata's SQLite file."""
    return os.path.join(output_folder(config), "metadata.sqlite")


def _ingest(config: PipelineConfig) -> list[base_node.BaseNode]:
    example_gen = ImageFolderExampleGen(
        data_folder=config.data,
        channels=config.image.channels,
        split_weights={
            TRAIN_SPLIT: round(config.splits.train * SPLIT_PRECISION),
            EVAL_SPLIT: round(config.splits.eval * SPLIT_PRECISION),
            TEST_SPLIT: round(config.splits.test * SPLIT_PRECISION),
        },
        code_fingerprint=code_fingerprint("ingestion"),
    )
    statistics_gen = tfx.components.StatisticsGen(
        examples=example_gen.outputs["examples"], stats_options=statistics_options()
    )
    return [example_gen, statistics_gen]


def _validate(statistics_gen: base_node.BaseNode, schema: FrozenSchema) -> list[base_node.BaseNode]:
    schema_gen = ImportSchemaGen(schema_file=schema.path)
    validator = tfx.components.ExampleValidator(
        statistics=statistics_gen.outputs["statistics"], schema=schema_gen.outputs["schema"]
    )
    gate = DataGate(
        anomalies=validator.outputs["anomalies"],
        schema=schema_gen.outputs["schema"],
        code_fingerprint=code_fingerprint("validation"),
    )
    return [schema_gen, validator, gate]


def _transform(
    config: PipelineConfig,
    schema: FrozenSchema,
    example_gen: base_node.BaseNode,
    schema_gen: base_node.BaseNode,
) -> base_node.BaseNode:
    return tfx.components.Transform(
        examples=example_gen.outputs["examples"],
        schema=schema_gen.outputs["schema"],
        preprocessing_fn="components.preprocessing.preprocessing_fn",
        splits_config=transform_pb2.SplitsConfig(
            analyze=[TRAIN_SPLIT], transform=[TRAIN_SPLIT, EVAL_SPLIT]
        ),
        custom_config={
            **dataclasses.asdict(config.image),
            "class_names_file": schema.class_names_file,
            "code_fingerprint": code_fingerprint("preprocessing"),
        },
        # Statistics of serialized pixels would say nothing and cost four times the step.
        disable_statistics=True,
    )


def _train(config: PipelineConfig, transform: base_node.BaseNode) -> base_node.BaseNode:
    return tfx.components.Trainer(
        run_fn="components.training.run_fn.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        train_args=trainer_pb2.TrainArgs(splits=[TRAIN_SPLIT]),
        eval_args=trainer_pb2.EvalArgs(splits=[EVAL_SPLIT]),
        custom_config={
            **dataclasses.asdict(config.train),
            "height": config.image.height,
            "width": config.image.width,
            "channels": config.image.channels,
            "memory_budget": MEMORY_BUDGET,
            "code_fingerprint": code_fingerprint("training", "serving/signatures"),
        },
    )


def _release(
    config: PipelineConfig,
    schema: FrozenSchema,
    example_gen: base_node.BaseNode,
    trainer: base_node.BaseNode,
) -> list[base_node.BaseNode]:
    baseline = resolver.Resolver(
        strategy_class=LatestOtherBlessedModel,
        model=channel.Channel(type=standard_artifacts.Model),
        model_blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
        candidate=trainer.outputs["model"],
    ).with_id("BaselineResolver")
    evaluator = tfx.components.Evaluator(
        examples=example_gen.outputs["examples"],
        model=trainer.outputs["model"],
        baseline_model=baseline.outputs["model"],
        eval_config=evaluation_config(
            classes=len(schema.class_names),
            min_accuracy=config.evaluate.min_accuracy,
            max_accuracy_loss=config.evaluate.max_accuracy_loss,
        ),
        example_splits=[TEST_SPLIT],
    )
    pusher = WholePusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=model_folder(config))
        ),
    )
    return [baseline, evaluator, pusher.with_id("Pusher")]


def _pipeline(config: PipelineConfig, steps: list[base_node.BaseNode]) -> tfx_pipeline.Pipeline:
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=os.path.join(output_folder(config), "artifacts"),
        metadata_connection_config=metadata.sqlite_metadata_connection_config(
            metadata_file(config)
        ),
        components=steps,
        enable_cache=True,
        beam_pipeline_args=list(BEAM_ARGUMENTS),
    )
