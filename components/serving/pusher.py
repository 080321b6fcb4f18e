"""A blessed model into the serving directory: whole or not at all.

TFX's Pusher copies file by file into the final folder, from which TensorFlow Serving may load a
half of it, and skips the copy, reporting success, if the folder of that second exists.
"""

import os
import time
import uuid
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from tfx import types
from tfx.components.pusher import component, executor
from tfx.dsl.components.base import executor_spec
from tfx.orchestration.portable import data_types
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import io_utils, proto_utils

from components.cache_driver import CacheDriver
from components.errors import PipelineError
from components.serving.versions import MODEL_FILE, next_version

DIRECTORY_KEY = "serving_directory_id"
DIRECTORY_FILE = ".directory_id"


class WholePusherExecutor(executor.Executor):
    """TFX's executor with another way of copying; the rules for blessings are TFX's own."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model if it is blessed, and says in the artifact what was done."""
        self._log_startup(input_dict, output_dict, exec_properties)
        pushed_model = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.PUSHED_MODEL_KEY]
        )
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed_model)
            return
        source = self.GetModelPath(input_dict)
        io_utils.copy_dir(source, pushed_model.uri)
        path = push(source, _model_folder(exec_properties), time.time())
        self._MarkPushed(pushed_model, path, os.path.basename(path))


class WholePusherDriver(CacheDriver):
    """Makes a removed serving directory a reason to push again.

    TFX's cache knows that the model was pushed once; it does not know that somebody removed it.
    """

    def observe(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Returns the identity of the serving directory, which a new one does not share."""
        return {DIRECTORY_KEY: _identity(_model_folder(execution_info.exec_properties))}


class WholePusher(component.Pusher):
    """TFX's Pusher, by `WholePusherExecutor`."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(WholePusherExecutor)
    DRIVER_CLASS = WholePusherDriver


def push(source: str, model_folder: str, now: float) -> str:
    """Copies a SavedModel to a new version, which appears when it is complete.

    Args:
        source: Folder of the SavedModel.
        model_folder: `<serving>/<name>`.
        now: Seconds since the epoch.

    Returns:
        The folder of the new version.

    Raises:
        PipelineError: There is no SavedModel; TFX's copy of a missing folder is an empty one.
        OSError: The copy failed; the serving directory holds no trace of it.
        tf.errors.OpError: The same.
    """
    if not tf.io.gfile.exists(os.path.join(source, MODEL_FILE)):
        raise PipelineError(
            f"A model that is pushed must have a file {MODEL_FILE}. Received: {source} without it. "
            "If its artifacts were removed, remove the whole output folder and run again."
        )
    version = str(next_version(model_folder, now))
    # Neither TensorFlow Serving nor `list_versions` takes a name that is not a number.
    unfinished = os.path.join(model_folder, f".unfinished-{version}")
    final = os.path.join(model_folder, version)
    try:
        io_utils.copy_dir(source, unfinished)
        tf.io.gfile.rename(unfinished, final)
    except BaseException:
        if tf.io.gfile.exists(unfinished):
            tf.io.gfile.rmtree(unfinished)
        raise
    return final


def _model_folder(exec_properties: Mapping[str, Any]) -> str:
    destination = pusher_pb2.PushDestination()
    proto_utils.json_to_proto(
        exec_properties[standard_component_specs.PUSH_DESTINATION_KEY], destination
    )
    return str(destination.filesystem.base_directory)


def _identity(model_folder: str) -> str:
    """Reads the identity of a serving directory; gives it one if it has none."""
    path = os.path.join(model_folder, DIRECTORY_FILE)
    if not tf.io.gfile.exists(path):
        io_utils.write_string_file(path, uuid.uuid4().hex)
    with tf.io.gfile.GFile(path) as file:
        return str(file.read())
