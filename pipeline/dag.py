"""A configuration -> the steps, in the order in which the data flows.

Nothing is computed here, and no step knows of another but through what this file hands on.
TFX's modules are imported one by one: `tfx.v1` would load all of its Google Cloud extensions, ten
seconds at each start.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import tfx.components
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.base import base_node
from tfx.dsl.components.common import resolver
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import trainer_pb2, transform_pb2
from tfx.types import channel, standard_artifacts

from components.beam_arguments import ONE_PROCESS
from components.caching import code_fingerprint, file_fingerprints
from components.data_report.data_report import DataReport
from components.features import EVAL_SPLIT, TRAIN_SPLIT
from components.ingestion.data_spans import Span
from components.ingestion.image_folder_example_gen import ImageFolderExampleGen
from components.serving.exports.exporter import Exporter
from components.training.settings import SERVING
from components.training.warm_start import WarmStart
from components.validation.baseline import StatisticsOfLastPushedModel
from components.validation.data_gate import DataGate
from components.validation.schema import FrozenSchema
from components.validation.statistics import statistics_options
from pipeline.config import PipelineConfig, image_rules, ingestion_rules
from pipeline.execution import Environment
from pipeline.paths import artifacts_folder, checkpoint_folder, model_folder
from pipeline.release_steps import Before, release_steps
from pipeline.schema.schema_cli import freeze_arguments


@dataclasses.dataclass(frozen=True)
class _Source:
    """Where records come from: the data folder, or one of its spans.

    Attributes:
        suffix: Of the names of its steps; empty for a data folder without spans.
        example_gen: Makes its records.
        statistics_gen: Makes their statistics.
    """

    suffix: str
    example_gen: base_node.BaseNode
    statistics_gen: base_node.BaseNode


def create_data_pipeline(
    config: PipelineConfig, environment: Environment, spans: Sequence[Span] = ()
) -> tfx_pipeline.Pipeline:
    """The first two steps alone, of each span: what a schema is inferred from."""
    return _pipeline(config, environment, _steps_of(_ingest(config, spans)))


def create_pipeline(
    config: PipelineConfig,
    environment: Environment,
    schema: FrozenSchema,
    spans: Sequence[Span] = (),
) -> tfx_pipeline.Pipeline:
    """All steps, from the folder of images to the serving directory.

    Args:
        config: What to run.
        environment: What to run it on.
        schema: What the images are held to.
        spans: Those that are used, the oldest first, if the data folder has spans. Each has its own
            steps as far as the validation of its records; TFX's cache serves those of old spans.
            The steps after that use all of them together.
    """
    sources = _ingest(config, spans)
    validation = _validate(config, sources, schema)
    schema_gen, *_, data_gate = validation
    examples = _union([source.example_gen.outputs["examples"] for source in sources])
    transform = _transform(config, schema, examples, schema_gen)
    transform.add_upstream_node(data_gate)
    training = _train(config, examples, transform)
    trainer = training[-1]
    exporting = _export(config, transform, trainer)
    before = Before(
        examples=examples,
        data_verdict=data_gate.outputs["verdict"],
        model=[trainer, *exporting][-1].outputs["model"],
        model_run=trainer.outputs["model_run"],
    )
    release = release_steps(config, before)
    steps = [*_steps_of(sources), *validation, transform, *training, *exporting, *release]
    return _pipeline(config, environment, steps)


def _ingest(config: PipelineConfig, spans: Sequence[Span]) -> list[_Source]:
    if not spans:
        return [_source(ImageFolderExampleGen(config.data, **_ingestion_parameters(config)))]
    sources: list[_Source] = []
    for span in spans:
        earlier = [source.example_gen for source in sources]
        example_gen = ImageFolderExampleGen(
            span.folder,
            span=span.number,
            earlier_steps=[step.id for step in earlier],
            **_ingestion_parameters(config),
        )
        suffix = f".{span.name}"
        example_gen = example_gen.with_id(f"{example_gen.id}{suffix}")
        example_gen.add_upstream_nodes(earlier)
        sources.append(_source(example_gen, suffix))
    return sources


def _ingestion_parameters(config: PipelineConfig) -> dict[str, Any]:
    return {
        "rules": ingestion_rules(config),
        "code_fingerprint": code_fingerprint("ingestion.image_folder_example_gen"),
    }


def _source(example_gen: base_node.BaseNode, suffix: str = "") -> _Source:
    statistics_gen = tfx.components.StatisticsGen(
        examples=example_gen.outputs["examples"], stats_options=statistics_options()
    )
    return _Source(suffix, example_gen, statistics_gen.with_id(f"{statistics_gen.id}{suffix}"))


def _steps_of(sources: Sequence[_Source]) -> list[base_node.BaseNode]:
    return [step for source in sources for step in (source.example_gen, source.statistics_gen)]


def _union(channels: Sequence[channel.BaseChannel]) -> channel.BaseChannel:
    return channels[0] if len(channels) == 1 else channel.union(channels)


def _validate(
    config: PipelineConfig, sources: Sequence[_Source], schema: FrozenSchema
) -> list[base_node.BaseNode]:
    schema_gen = ImportSchemaGen(schema_file=schema.path)
    # Where there is no schema yet, it is inferred from these.
    schema_gen.add_upstream_nodes([source.statistics_gen for source in sources])
    validators = [_validator(source, schema_gen) for source in sources]
    statistics = [source.statistics_gen.outputs["statistics"] for source in sources]
    baseline = resolver.Resolver(
        strategy_class=StatisticsOfLastPushedModel,
        statistics=channel.Channel(type=standard_artifacts.ExampleStatistics),
        pushed_model=channel.Channel(type=standard_artifacts.PushedModel),
        # What arrived last is compared with what arrived last before.
        candidate=statistics[-1],
    ).with_id("StatisticsResolver")
    found = {
        "statistics": _union(statistics),
        "anomalies": _union([validator.outputs["anomalies"] for validator in validators]),
        "schema": schema_gen.outputs["schema"],
        "baseline_statistics": baseline.outputs["statistics"],
        "rules": config.validate,
    }
    report = DataReport(
        examples=_union([source.example_gen.outputs["examples"] for source in sources]),
        code_fingerprint=code_fingerprint("data_report.data_report", templates=True),
        **found,
    )
    gate = DataGate(
        freeze_arguments=freeze_arguments(config),
        code_fingerprint=code_fingerprint("validation.data_gate"),
        **found,
    )
    # Not by its output: a page that looks different must not judge, and train, anew.
    gate.add_upstream_node(report)
    return [schema_gen, *validators, baseline, report, gate]


def _validator(source: _Source, schema_gen: base_node.BaseNode) -> base_node.BaseNode:
    validator = tfx.components.ExampleValidator(
        statistics=source.statistics_gen.outputs["statistics"],
        schema=schema_gen.outputs["schema"],
    )
    return validator.with_id(f"{validator.id}{source.suffix}")


def _transform(
    config: PipelineConfig,
    schema: FrozenSchema,
    examples: channel.BaseChannel,
    schema_gen: base_node.BaseNode,
) -> base_node.BaseNode:
    return tfx.components.Transform(
        examples=examples,
        schema=schema_gen.outputs["schema"],
        preprocessing_fn="components.preprocessing.preprocessing_fn",
        splits_config=transform_pb2.SplitsConfig(
            analyze=[TRAIN_SPLIT], transform=[TRAIN_SPLIT, EVAL_SPLIT]
        ),
        custom_config={
            "height": config.image.height,
            "width": config.image.width,
            "channels": config.image.channels,
            "resize_method": config.image.resize_method,
            "class_names_file": schema.class_names_file,
            "code_fingerprint": code_fingerprint("preprocessing"),
        },
        # Statistics of serialized pixels would say nothing and cost four times the step.
        disable_statistics=True,
    )


def _train(
    config: PipelineConfig, examples: channel.BaseChannel, transform: base_node.BaseNode
) -> list[base_node.BaseNode]:
    """The steps up to the trained model, which is the last one's output."""
    inputs = {
        "examples": transform.outputs["transformed_examples"],
        "transform_graph": transform.outputs["transform_graph"],
        "train_args": trainer_pb2.TrainArgs(splits=[TRAIN_SPLIT]),
        "eval_args": trainer_pb2.EvalArgs(splits=[EVAL_SPLIT]),
    }
    before: list[base_node.BaseNode] = []
    optional: dict[str, channel.BaseChannel] = {}
    if config.train.warm_start == SERVING:
        before.append(_warm_start(config, examples))
        # Not before the gate, which may stop the run.
        before[-1].add_upstream_node(transform)
        optional["base_model"] = before[-1].outputs["model"]
    if config.tune.trials:
        before.append(_tune(config, inputs))
        optional["hyperparameters"] = before[-1].outputs["best_hyperparameters"]
    trainer = tfx.components.Trainer(
        run_fn="components.training.run_fn.run_fn",
        custom_config=_training_config(config),
        **inputs,
        **optional,
    )
    return [*before, trainer]


def _export(
    config: PipelineConfig, transform: base_node.BaseNode, trainer: base_node.BaseNode
) -> list[base_node.BaseNode]:
    if not config.export.names:
        return []
    exporter = Exporter(
        trained_model=trainer.outputs["model"],
        examples=transform.outputs["transformed_examples"],
        formats=list(config.export.names),
        code_fingerprint=code_fingerprint("serving.exports.exporter"),
    )
    return [exporter]


def _training_config(config: PipelineConfig) -> dict[str, Any]:
    return {
        "train": dataclasses.asdict(config.train),
        "fine_tune": dataclasses.asdict(config.fine_tune),
        "augment": dataclasses.asdict(config.augment),
        "files": file_fingerprints(config.train.options),
        "height": config.image.height,
        "width": config.image.width,
        "channels": config.image.channels,
        "image_rules": image_rules(config).to_dict(),
        "checkpoint_folder": checkpoint_folder(config),
        # Trainers are loaded by their names.
        "code_fingerprint": code_fingerprint("training.run_fn", "training.architectures"),
    }


def _warm_start(config: PipelineConfig, examples: channel.BaseChannel) -> base_node.BaseNode:
    return WarmStart(
        examples=examples,
        model_folder=model_folder(config),
        rules=ingestion_rules(config),
        code_fingerprint=code_fingerprint("training.warm_start"),
    )


def _tune(config: PipelineConfig, inputs: dict[str, Any]) -> base_node.BaseNode:
    return tfx.components.Tuner(
        tuner_fn="components.training.tuning.tuner_fn",
        custom_config={**_training_config(config), "tune": dataclasses.asdict(config.tune)},
        **inputs,
    )


def _pipeline(
    config: PipelineConfig, environment: Environment, steps: list[base_node.BaseNode]
) -> tfx_pipeline.Pipeline:
    environment.apply_to(steps)
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=artifacts_folder(config),
        metadata_connection_config=environment.metadata,
        components=steps,
        enable_cache=True,
        beam_pipeline_args=list(ONE_PROCESS),
    )
