"""The steps from the trained model to the serving directory, in the order in which they run."""

import dataclasses
import json

import tfx.components
from tfx.dsl.components.base import base_node
from tfx.dsl.components.common import resolver
from tfx.types import channel, standard_artifacts

from components.artifact_types import ServingLookup
from components.caching import code_fingerprint
from components.evaluation.evaluator_config import evaluation_config
from components.evaluation.test_set_predictor import TestSetPredictor
from components.features import TEST_SPLIT
from components.release.release_gate import GateSettings, ReleaseGate
from components.reporting.model_report import ModelReporter
from components.serving.atomic_pusher import AtomicPusher
from components.serving.infra_validator.fresh_process_infra_validator import (
    FreshProcessInfraValidator,
)
from components.serving.serving_baseline import ServingModel
from pipeline.config import PipelineConfig, to_dict
from pipeline.paths import model_folder


@dataclasses.dataclass(frozen=True)
class Before:
    """What the steps before left.

    Attributes:
        examples: Ingestion's, of one span or several.
        data_verdict: DataGate's.
        model: The Trainer's, with exports where some are asked for.
        model_run: Its curves.
    """

    examples: channel.BaseChannel
    data_verdict: channel.BaseChannel
    model: channel.BaseChannel
    model_run: channel.BaseChannel


@dataclasses.dataclass(frozen=True)
class _Measured:
    """The steps that measure a model."""

    baseline: base_node.BaseNode
    predictor: base_node.BaseNode
    evaluator: base_node.BaseNode
    infra_validator: base_node.BaseNode


def release_steps(config: PipelineConfig, before: Before) -> list[base_node.BaseNode]:
    """Predictions, evaluation, the gate, the report and the push.

    Args:
        config: What to run.
        before: What there is to judge.
    """
    measured = _measure(config, before)
    gate = _judge(config, before, measured)
    report = _report(config, before, measured, gate)
    pusher = _push(config, before, measured, gate, report)
    return [
        measured.baseline,
        measured.predictor,
        measured.evaluator,
        measured.infra_validator,
        gate,
        report,
        pusher,
    ]


def _measure(config: PipelineConfig, before: Before) -> _Measured:
    baseline = _baseline(config, before)
    predictor = TestSetPredictor(
        examples=before.examples,
        model=before.model,
        baseline_model=baseline.outputs["model"],
        code_fingerprint=code_fingerprint("evaluation.test_set_predictor"),
    ).with_id("BulkInferrer")
    infra_validator = FreshProcessInfraValidator(
        model=before.model,
        examples=before.examples,
        predictions=predictor.outputs["predictions"],
        code_fingerprint=code_fingerprint(
            "serving.infra_validator.fresh_process_infra_validator",
            # A process of its own runs it.
            "serving.infra_validator.probe",
        ),
    ).with_id("InfraValidator")
    evaluator = _evaluate(config, before, baseline, predictor)
    return _Measured(baseline, predictor, evaluator, infra_validator)


def _judge(config: PipelineConfig, before: Before, measured: _Measured) -> base_node.BaseNode:
    return ReleaseGate(
        settings=GateSettings(
            rules=config.evaluate,
            required_exports=tuple(config.export.required_names),
            model_folder=model_folder(config),
            reset_baseline=config.reset_baseline,
            force_push=config.force_push,
        ),
        code_fingerprint=code_fingerprint("release.release_gate"),
        model=before.model,
        pushed_baseline=measured.baseline.outputs["pushed_model"],
        blessing=measured.evaluator.outputs["blessing"],
        predictions=measured.predictor.outputs["predictions"],
        infra_blessing=measured.infra_validator.outputs["blessing"],
    )


def _report(
    config: PipelineConfig, before: Before, measured: _Measured, gate: base_node.BaseNode
) -> base_node.BaseNode:
    return ModelReporter(
        examples=before.examples,
        data_verdict=before.data_verdict,
        model=before.model,
        model_run=before.model_run,
        evaluation=measured.evaluator.outputs["evaluation"],
        predictions=measured.predictor.outputs["predictions"],
        serving_facts=measured.infra_validator.outputs["blessing"],
        release_verdict=gate.outputs["verdict"],
        pipeline_name=config.name,
        configuration=json.dumps(to_dict(config)),
        code_fingerprint=code_fingerprint("reporting.model_report", templates=True),
    ).with_id("ModelReport")


def _push(
    config: PipelineConfig,
    before: Before,
    measured: _Measured,
    gate: base_node.BaseNode,
    report: base_node.BaseNode,
) -> base_node.BaseNode:
    return AtomicPusher(
        model=before.model,
        model_blessing=measured.evaluator.outputs["blessing"],
        infra_blessing=measured.infra_validator.outputs["blessing"],
        release_verdict=gate.outputs["verdict"],
        model_report=report.outputs["report"],
        model_folder=model_folder(config),
        keep_versions=config.push.keep_versions,
        force_push=config.force_push,
        reset_baseline=config.reset_baseline,
        baseline_step=measured.baseline.id,
        code_fingerprint=code_fingerprint("serving.atomic_pusher"),
    ).with_id("Pusher")


def _baseline(config: PipelineConfig, before: Before) -> base_node.BaseNode:
    return resolver.Resolver(
        strategy_class=ServingModel,
        config={
            "model_folder": model_folder(config),
            "reset_baseline": bool(config.reset_baseline),
        },
        model=channel.Channel(type=standard_artifacts.Model),
        comparable_model=channel.Channel(type=standard_artifacts.Model),
        pushed_model=channel.Channel(type=standard_artifacts.PushedModel),
        serving_lookup=channel.Channel(type=ServingLookup),
        candidate=before.model,
    ).with_id("BaselineResolver")


def _evaluate(
    config: PipelineConfig,
    before: Before,
    baseline: base_node.BaseNode,
    predictor: base_node.BaseNode,
) -> base_node.BaseNode:
    return tfx.components.Evaluator(
        examples=predictor.outputs["output_examples"],
        # Its blessing says of which model it is; the predictions are in the examples.
        model=before.model,
        baseline_model=baseline.outputs["comparable_model"],
        eval_config=evaluation_config(
            min_accuracy=config.evaluate.min_accuracy,
            max_accuracy_loss=config.evaluate.max_accuracy_loss,
        ),
        example_splits=[TEST_SPLIT],
    )
