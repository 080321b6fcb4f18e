"""The step that puts a released model into the serving directory, whole or not at all.

TFX's Pusher asks the Evaluator and InfraValidator alone, copies in a way that servers can see, and
leaves no word on who released what, and why. What it writes into ML Metadata is written here too.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

from absl import logging
from tfx import types
from tfx.components.pusher import executor
from tfx.components.util import model_utils
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.utils import io_utils

from components.artifact_types import ModelReport, ReleaseVerdict
from components.caching import CacheDriver
from components.serving.directory.layout import list_versions, version_folder
from components.serving.directory.lock import identify
from components.serving.directory.publishing import publish
from components.serving.directory.release import FORCED_PUSH, PUSH, Origin, find_actor
from components.serving.overlap import DIRECTORY_KEY, looked_up_version, lost_versions

MODEL_FOLDER_KEY = "model_folder"
BASELINE_STEP_KEY = "baseline_step"
LOST_KEY = "lost_versions"
OVER, NOTHING = "over-", "nothing"
"""Folder of a pushed model: which version it was to follow, as "over-1795939734"."""
SERVED_ALREADY = "served_already"
"""Property of the artifact: whether this very model was the version that serves, and stays it."""
EXTRAS = ("report.html", "model_card.md", "metrics.json")
"""Files of the report on the model that stay with it."""


class WholePusherSpec(types.ComponentSpec):
    """Names and types of what goes in and out."""

    PARAMETERS = {
        MODEL_FOLDER_KEY: component_spec.ExecutionParameter(type=str),
        "keep_versions": component_spec.ExecutionParameter(type=int),
        "force_push": component_spec.ExecutionParameter(type=str),
        "reset_baseline": component_spec.ExecutionParameter(type=str),
        BASELINE_STEP_KEY: component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing),
        "release_verdict": component_spec.ChannelParameter(type=ReleaseVerdict),
        "model_report": component_spec.ChannelParameter(type=ModelReport),
    }
    OUTPUTS = {"pushed_model": component_spec.ChannelParameter(type=standard_artifacts.PushedModel)}


class WholePusherExecutor(executor.Executor):
    """TFX's executor with more to ask, and another way of copying."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model if it may be pushed, and says in the artifact what was done."""
        self._log_startup(input_dict, output_dict, exec_properties)
        pushed_model = artifact_utils.get_single_instance(output_dict["pushed_model"])
        inputs = {
            key: artifact_utils.get_single_instance(artifacts)
            for key, artifacts in input_dict.items()
        }
        force_push = exec_properties["force_push"]
        if not may_push(inputs, bool(force_push)):
            self._MarkNotPushed(pushed_model)
            return
        folder = exec_properties[MODEL_FOLDER_KEY]
        source = self.GetModelPath(input_dict)
        before = list_versions(folder)
        version = publish(
            source,
            folder,
            _origin(inputs, exec_properties, self._run_name),
            time.time(),
            {name: os.path.join(inputs["model_report"].uri, name) for name in EXTRAS},
            exec_properties["keep_versions"],
            _expected(pushed_model),
        )
        io_utils.copy_dir(source, pushed_model.uri)
        self._MarkPushed(pushed_model, version_folder(folder, version), str(version))
        pushed_model.set_int_custom_property(SERVED_ALREADY, int(version in before))
        for name in ("force_push", "reset_baseline"):
            pushed_model.set_string_custom_property(name, exec_properties[name])

    @property
    def _run_name(self) -> str:
        return str(self._context.pipeline_run_id or "") if self._context else ""


class WholePusherDriver(CacheDriver):
    """Makes what was removed or damaged a reason to push again, and another's push one not to.

    TFX's cache knows that the model was pushed once; it does not know that somebody removed the
    serving directory, or the version. One that was rolled back is there, and stays rolled back.
    """

    def observe(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Returns what the cache must know of the serving directory.

        That is its identity, which a new one does not share, and the versions as which this model
        was pushed that are gone: each is a reason to push, once.
        """
        folder = str(execution_info.exec_properties[MODEL_FOLDER_KEY])
        identity = identify(folder)
        [model] = execution_info.input_dict["model"]
        with self._metadata_handle as metadata:
            lost = lost_versions(metadata.store, model.id, folder, identity)
        return {DIRECTORY_KEY: identity, LOST_KEY: ", ".join(map(str, lost))}

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Adds the version that the push is to follow, in the name of its folder.

        That is the one thing that a driver can say to its executor without TFX's cache hearing it,
        for which each run would be another one.
        """
        output = super().run(execution_info)
        baseline_step = execution_info.exec_properties[BASELINE_STEP_KEY]
        step = f"{execution_info.pipeline_info.id}.{baseline_step}"
        with self._metadata_handle as metadata:
            expected = looked_up_version(metadata.store, step, str(execution_info.pipeline_run_id))
        [pushed] = execution_info.output_dict["pushed_model"]
        pushed.uri = os.path.join(pushed.uri, f"{OVER}{NOTHING if expected is None else expected}")
        output.output_artifacts["pushed_model"].artifacts.append(pushed.mlmd_artifact)
        return output


class WholePusher(base_component.BaseComponent):
    """Pushes a model that the Evaluator, InfraValidator and the gate let out."""

    SPEC_CLASS = WholePusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(WholePusherExecutor)
    DRIVER_CLASS = WholePusherDriver

    def __init__(
        self,
        model: types.BaseChannel,
        model_blessing: types.BaseChannel,
        infra_blessing: types.BaseChannel,
        release_verdict: types.BaseChannel,
        model_report: types.BaseChannel,
        model_folder: str,
        keep_versions: int,
        force_push: str,
        reset_baseline: str,
        baseline_step: str,
        code_fingerprint: str,
    ):
        """Declares the step.

        Args:
            model: The Trainer's.
            model_blessing: The Evaluator's verdict.
            infra_blessing: InfraValidator's.
            release_verdict: The gate's.
            model_report: What stays with the model for people.
            model_folder: `<serving>/<name>`.
            keep_versions: How many of the newest versions stay there; 0 for all.
            force_push: The reason why the model is pushed whatever the Evaluator and the gate say,
                or "". What cannot be served is not pushed by any force.
            reset_baseline: The reason why it was not compared with the serving model, or "".
            baseline_step: Name of the step that looked up what serves.
            code_fingerprint: Changes when the code of the step does, and with it the cache key.
        """
        super().__init__(
            spec=WholePusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                release_verdict=release_verdict,
                model_report=model_report,
                model_folder=model_folder,
                keep_versions=keep_versions,
                force_push=force_push,
                reset_baseline=reset_baseline,
                baseline_step=baseline_step,
                code_fingerprint=code_fingerprint,
                pushed_model=types.Channel(type=standard_artifacts.PushedModel),
            )
        )


def _expected(pushed_model: types.Artifact) -> int | None:
    version = os.path.basename(pushed_model.uri).removeprefix(OVER)
    return None if version == NOTHING else int(version)


def may_push(inputs: Mapping[str, types.Artifact], is_forced: bool) -> bool:
    """Whether a model may go out.

    Args:
        inputs: `model_blessing`, `infra_blessing` and `release_verdict`.
        is_forced: Whether people overrule the first and the last of them.
    """
    if not model_utils.is_infra_validated(inputs["infra_blessing"]):
        logging.info("Not pushed: InfraValidator found that the model cannot be served.")
        return False
    if not _is_let_out(inputs) and not is_forced:
        logging.info("Not pushed: %s", inputs["release_verdict"].sentence)
        return False
    return True


def _is_let_out(inputs: Mapping[str, types.Artifact]) -> bool:
    is_blessed = model_utils.is_model_blessed(inputs["model_blessing"])
    return is_blessed and bool(inputs["release_verdict"].released)


def _origin(
    inputs: Mapping[str, types.Artifact], exec_properties: Mapping[str, Any], run: str
) -> Origin:
    verdict = inputs["release_verdict"]
    # Of no effect on a model that may go out anyway.
    is_forced = exec_properties["force_push"] and not _is_let_out(inputs)
    return Origin(
        action=FORCED_PUSH if is_forced else PUSH,
        actor=find_actor(),
        reason=exec_properties["force_push"] if is_forced else "",
        sentence=verdict.sentence,
        run=run,
        reset_baseline=exec_properties["reset_baseline"],
    )
