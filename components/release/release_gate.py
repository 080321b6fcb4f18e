"""The step that lets a model out, or says why not.

TFX's Evaluator decides by point estimates: on a small test set, by luck. It knows no calibration,
size, latency or predictions of a served model, and it does not say what it measured against which
threshold. This gate judges by intervals, and the Pusher wants the word of both.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tfx import types
from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor, executor_spec
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components.artifact_types import ReleaseVerdict, TestPredictions
from components.caching import CacheDriver
from components.declared_step import DeclaredStep, declare
from components.metrics import Metrics
from components.predictions import read_predictions
from components.release.release_checks import (
    EVALUATOR_REFUSALS,
    Evidence,
    check_model,
    compared_images,
    comparison_note,
)
from components.release.release_rules import POINT_ESTIMATE, ReleaseRules
from components.release.release_verdict import (
    COUNT,
    FAILED,
    NOT_ENOUGH_EVIDENCE,
    Check,
    ModelVerdict,
    forced_sentence,
    format_value,
    images_needed,
    write_verdict,
)
from components.serving.directory.log import Event, rollbacks_of
from components.serving.directory.release import digest_files, digest_model
from components.serving.exports.export_formats import read_problems
from components.serving.serving_facts import read_facts
from components.text import escape_unprintable

ROLLBACKS_KEY = "rollbacks"
MOST_NAMED = 3


@dataclasses.dataclass(frozen=True)
class GateSettings:
    """How a model is judged.

    Attributes:
        rules: What it is held to.
        required_exports: Formats of which it must have an export.
        model_folder: `<serving>/<name>`, where rollbacks are recorded.
        reset_baseline: The reason why the serving model is not compared with; empty if it is.
        force_push: The reason why the model is pushed whatever comes out; empty if it is not.
    """

    rules: ReleaseRules
    required_exports: tuple[str, ...] = ()
    model_folder: str = ""
    reset_baseline: str = ""
    force_push: str = ""

    def to_json(self) -> str:
        """The settings as text that `from_json` reads."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "GateSettings":
        """Reads what `to_json` wrote."""
        values = json.loads(text)
        exports = tuple(values.pop("required_exports"))
        return cls(ReleaseRules(**values.pop("rules")), exports, **values)


class ReleaseGateDriver(CacheDriver):
    """Makes a rollback a reason to judge again."""

    def observe(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Returns when, by whom and why the very model that is judged was taken out of use."""
        [model] = execution_info.input_dict["model"]
        settings = GateSettings.from_json(str(execution_info.exec_properties["settings"]))
        digest = digest_model(digest_files(path_utils.serving_model_path(model.uri)))
        events = rollbacks_of(settings.model_folder, digest)
        return {ROLLBACKS_KEY: json.dumps([_describe(event) for event in events])}


class ReleaseGateExecutor(base_executor.BaseExecutor):
    """Asks everything of a model that there is to ask."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the verdict; a refusal is a result, and not an error."""
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = GateSettings.from_json(exec_properties["settings"])
        uris = {key: found[0].uri for key, found in input_dict.items() if found}
        evidence = Evidence(
            metrics=Metrics(read_predictions(uris["predictions"]), settings.rules.confidence),
            is_blessed=model_utils.is_model_blessed(input_dict["blessing"][0]),
            serving=read_facts(uris["infra_blessing"]),
            rollbacks=tuple(json.loads(exec_properties[ROLLBACKS_KEY])),
            export_problems=read_problems(
                path_utils.serving_model_path(uris["model"]), settings.required_exports
            ),
        )
        pushed = input_dict.get("pushed_baseline")
        version = pushed[0].get_string_custom_property("pushed_version") if pushed else ""
        verdict = judge(evidence, settings, str(version))
        artifact = artifact_utils.get_single_instance(output_dict["verdict"])
        write_verdict(verdict, artifact.uri)
        artifact.released = int(verdict.is_released)
        artifact.sentence = verdict.sentence


class ReleaseGate(DeclaredStep):
    """Says whether a model may be released, with every check, its interval and its threshold.

    By the new model, with its exports; by what says which version is serving, if any is; by the
    verdicts of Evaluator and InfraValidator; and by what both models predict for the test images.
    """

    SPEC_CLASS = declare(
        inputs={
            "model": standard_artifacts.Model,
            "pushed_baseline": standard_artifacts.PushedModel,
            "blessing": standard_artifacts.ModelBlessing,
            "predictions": TestPredictions,
            "infra_blessing": standard_artifacts.InfraBlessing,
        },
        outputs={"verdict": ReleaseVerdict},
        parameters={"settings": str},
        optional={"pushed_baseline"},
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(ReleaseGateExecutor)
    DRIVER_CLASS = ReleaseGateDriver


def judge(evidence: Evidence, settings: GateSettings, baseline: str = "") -> ModelVerdict:
    """Asks everything of a model that there is to ask.

    Args:
        evidence: What was measured.
        settings: How it is judged.
        baseline: The version that was serving; empty if none was.

    Raises:
        PipelineError: A rule is for a class that there is not.
    """
    rules, metrics = settings.rules, evidence.metrics
    checks = tuple(check_model(evidence, rules))
    images = len(metrics.predictions)
    is_released, sentence = _conclude(checks, rules.not_enough_evidence, images)
    if settings.force_push and not is_released:
        sentence = forced_sentence(settings.force_push, sentence)
    return ModelVerdict(
        is_released=is_released,
        sentence=sentence,
        checks=checks,
        test_images=images,
        baseline=baseline if compared_images(metrics) else "",
        baseline_note=f"The baseline was reset: {settings.reset_baseline}"
        if settings.reset_baseline
        else comparison_note(metrics),
        policy=rules.not_enough_evidence,
        confidence=rules.confidence,
        reset_baseline=settings.reset_baseline,
        force_push=settings.force_push,
    )


def _conclude(checks: Sequence[Check], policy: str, images: int) -> tuple[bool, str]:
    """Whether all is well, and why or why not in one sentence."""
    failed = [check for check in checks if check.outcome == FAILED]
    unclear = [check for check in checks if check.outcome == NOT_ENOUGH_EVIDENCE]
    # The Evaluator refuses for reasons that have checks of their own here, which say more.
    telling = [check for check in failed if check.name != EVALUATOR_REFUSALS]
    if telling or (failed and not unclear):
        return False, f"Refused: {_join(_violation, telling or failed)}."
    if not unclear:
        return True, f"Released: all {len(checks)} checks passed on {images:,} test images."
    if policy == POINT_ESTIMATE:
        return _conclude_by_values(checks, unclear, images)
    return False, (
        f"Refused: {images:,} test images are not enough evidence to tell whether "
        f"{_join(_question, unclear)}{_advice(unclear, images)}."
    )


def _conclude_by_values(
    checks: Sequence[Check], unclear: Sequence[Check], images: int
) -> tuple[bool, str]:
    wrong = [check for check in unclear if not check.is_met_by_value]
    if wrong:
        return False, f"Refused, by the measured values alone: {_join(_violation, wrong)}."
    return True, (
        f"Released: {len(checks) - len(unclear)} of {len(checks)} checks passed on {images:,} test "
        f"images; for the other {len(unclear)} there is not enough evidence, and their measured "
        "values meet the thresholds."
    )


def _violation(check: Check) -> str:
    """A threshold that is violated, in a clause; of something counted, with the details."""
    if check.unit == COUNT:
        detail = check.detail.rstrip(".")
        return f"{_title(check)}: {format_value(check.value, COUNT)}{detail and f' ({detail})'}"
    return f"{_title(check)} must be {check.threshold} and is {check.measured}"


def _question(check: Check) -> str:
    """A threshold of which nobody knows whether it is met, in a clause."""
    return f"{_title(check)} is {check.threshold}: it is {check.measured}"


def _title(check: Check) -> str:
    return check.title[0].lower() + check.title[1:]


def _join(say: Callable[[Check], str], checks: Iterable[Check]) -> str:
    named = [say(check) for check in checks]
    more = len(named) - MOST_NAMED
    shown = "; ".join(named[:MOST_NAMED])
    return f"{shown}; and {more:,} more" if more > 0 else shown


def _advice(unclear: Sequence[Check], images: int) -> str:
    needed = [images_needed(check, images) for check in unclear]
    if any(count is None for count in needed):
        return ""
    return f" (about {max(count for count in needed if count is not None):,} would be)"


def _describe(event: Event) -> str:
    withdrawn = ", ".join(map(str, event.origin.withdraws))
    return (
        f"Version {withdrawn} was rolled back on {event.time} by "
        f"{escape_unprintable(event.origin.actor)}: "
        f"{escape_unprintable(event.origin.reason)}."
    )
