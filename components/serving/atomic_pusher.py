"""The step that puts a released model into the serving directory, whole or not at all.

TFX's Pusher asks the Evaluator and InfraValidator alone, copies in a way that servers can see, and
leaves no word on who released what, and why. What it writes into ML Metadata is written here too.

Whether a push goes over the version that the model was compared with is known by versions, never by
clocks: one that is wrong would hold up every push, or let one through.
"""

import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

import ml_metadata as mlmd
from absl import logging
from tfx import types
from tfx.components.pusher import executor
from tfx.components.util import model_utils
from tfx.dsl.components.base import executor_spec
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import io_utils

from components.artifact_types import (
    LOOKED_UP_VERSION,
    ModelReport,
    ReleaseVerdict,
    ServingLookup,
)
from components.caching import CacheDriver
from components.declared_step import DeclaredStep, declare
from components.lineage import NODE, RUN, executions_in, outputs_of, readers_of
from components.serving.directory.layout import list_versions, version_folder
from components.serving.directory.lock import identify
from components.serving.directory.publishing import is_whole, publish
from components.serving.directory.release import FORCED_PUSH, PUSH, ReleaseOrigin, find_actor

MODEL_FOLDER_KEY = "model_folder"
BASELINE_STEP_KEY = "baseline_step"
DIRECTORY_KEY = "serving_directory_id"
LOST_KEY = "lost_versions"
IS_PUSHED, PUSHED_VERSION = "pushed", "pushed_version"
"""The properties in which TFX's Pusher says whether it pushed, and what."""
OVER, NOTHING = "over-", "nothing"
"""Folder of a pushed model: which version it was to follow, as "over-1795939734"."""
SERVED_ALREADY = "served_already"
"""Property of the artifact: whether this very model was the version that serves, and stays it."""
EXTRAS = ("report.html", "model_card.md", "metrics.json")
"""Files of the report on the model that stay with it."""


class AtomicPusherExecutor(executor.Executor):
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


class AtomicPusherDriver(CacheDriver):
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


class AtomicPusher(DeclaredStep):
    """Pushes a model that the Evaluator, InfraValidator and the gate let out.

    Inputs: `model`, with its exports; `model_blessing`, the Evaluator's; `infra_blessing`,
    InfraValidator's; `release_verdict`, the gate's; `model_report`, what stays with the model for
    people. Parameters:

        model_folder    `<serving>/<name>`
        keep_versions   how many of the newest versions stay there; 0 for all
        force_push      the reason why the model is pushed whatever the Evaluator and the gate say,
                        or "". What cannot be served is not pushed by any force
        reset_baseline  the reason why it was not compared with the serving model, or ""
        baseline_step   name of the step that looked up what serves
    """

    SPEC_CLASS = declare(
        inputs={
            "model": standard_artifacts.Model,
            "model_blessing": standard_artifacts.ModelBlessing,
            "infra_blessing": standard_artifacts.InfraBlessing,
            "release_verdict": ReleaseVerdict,
            "model_report": ModelReport,
        },
        outputs={"pushed_model": standard_artifacts.PushedModel},
        parameters={
            MODEL_FOLDER_KEY: str,
            "keep_versions": int,
            "force_push": str,
            "reset_baseline": str,
            BASELINE_STEP_KEY: str,
        },
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(AtomicPusherExecutor)
    DRIVER_CLASS = AtomicPusherDriver


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
) -> ReleaseOrigin:
    verdict = inputs["release_verdict"]
    # Of no effect on a model that may go out anyway.
    is_forced = exec_properties["force_push"] and not _is_let_out(inputs)
    return ReleaseOrigin(
        action=FORCED_PUSH if is_forced else PUSH,
        actor=find_actor(),
        reason=exec_properties["force_push"] if is_forced else "",
        sentence=verdict.sentence,
        run=run,
        reset_baseline=exec_properties["reset_baseline"],
    )


def looked_up_version(store: mlmd.MetadataStore, step: str, run: str) -> int | None:
    """Which version served when a step of a run looked first.

    Args:
        store: ML Metadata.
        step: "<pipeline>.<step>", as TFX names the context of a step.
        run: TFX's id of the run.

    Returns:
        The version; None if there was none.

    Raises:
        LookupError: The step did not look.
    """
    of_run = {execution.id for execution in executions_in(store, RUN, run)}
    of_step = {execution.id for execution in executions_in(store, NODE, step)}
    for artifact in outputs_of(store, of_step & of_run, (mlmd.proto.Event.INTERNAL_OUTPUT,)):
        if artifact.type == ServingLookup.TYPE_NAME:
            version = artifact.custom_properties[LOOKED_UP_VERSION].string_value
            return int(version) if version else None
    raise LookupError(f"ML Metadata does not say what served when {step} of {run} looked.")


def lost_versions(
    store: mlmd.MetadataStore, model: int, model_folder: str, identity: str
) -> list[int]:
    """The versions as which a model was pushed that are not there any more, or not as they were.

    Args:
        store: ML Metadata.
        model: Id of the artifact.
        model_folder: `<serving>/<name>`.
        identity: Of that very folder.
    """
    pushed = set(_pushed_versions(store, model, identity))
    return [version for version in sorted(pushed) if not is_whole(model_folder, version)]


def _pushed_versions(store: mlmd.MetadataStore, model: int, identity: str) -> Iterator[int]:
    for execution in readers_of(store, model):
        if execution.custom_properties[DIRECTORY_KEY].string_value != identity:
            continue
        for artifact in outputs_of(store, [execution.id]):
            if artifact.custom_properties[IS_PUSHED].int_value:
                yield int(artifact.custom_properties[PUSHED_VERSION].string_value)
