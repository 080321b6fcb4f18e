"""A configuration -> a pipeline of Kubeflow Pipelines v2: one container task for each step of TFX.

A data folder with spans has several nodes of some kinds in TFX's IR, one of each span that is used.
How many is known only when a run begins, so that one task runs all nodes of a kind.

The tasks have the order of TFX's IR, and those that do not depend on each other may run at the same
time, but for ML Metadata in SQLite, which one process at a time can use. Kubeflow's own cache is
off: TFX's knows more of what a step depends on, such as the content of the data folder.
"""

import dataclasses
import inspect
import json
import operator
import pathlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kfp import compiler, dsl, kubernetes
from kfp.pipeline_spec import pipeline_spec_pb2
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler as tfx_compiler

from components.config_checks import ConfigurationError
from components.errors import PipelineError
from components.features import CLASS_NAMES_VOCABULARY
from components.storage import atomic_write
from components.validation.schema import FrozenSchema
from pipeline import dag
from pipeline.config import PipelineConfig, to_dict
from pipeline.execution import Environment
from pipeline.kubeflow.contract import (
    DATA_STEPS,
    LAST_STEP,
    MODEL_REFUSED,
    PLACEHOLDER,
    PREPARE_RUN,
    RUN_FOLDER,
    RUN_ID,
    SCHEMA_STEP,
    VERDICT,
    code_version,
)
from pipeline.kubeflow.parameters import run_parameters
from pipeline.kubeflow.settings import RETRY_FACTOR, SQLITE, KubeflowConfig, PodSettings
from pipeline.runs.records import kind_of

LONGEST_ARGUMENT = 100 * 1024
"""Bytes: Linux takes 128 KiB for one argument (MAX_ARG_STRLEN), and placeholders grow."""

# Says in words what Kubernetes would say in riddles. A file such as random.py in the working
# directory of the image must be no module, neither of the task nor of the processes it starts.
COMMAND = """\
set -e
export PYTHONSAFEPATH=1
if ! python -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec("pipeline"))'
then
  echo "The image must have Python and the package image-classification-pipeline in it, as the\
 Dockerfile of this project makes it. Received: an image without. Build it, and set\
 kubeflow.pods.image." >&2
  exit 1
fi
exec python -m pipeline.kubeflow.task "$@"
"""

# The steps and their order do not depend on what is in the schema.
_ANY_SCHEMA = FrozenSchema("schema.pbtxt", CLASS_NAMES_VOCABULARY, ("0", "1"))
_OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    PREPARE_RUN: {RUN_FOLDER: dsl.OutputPath(str)},
    "ReleaseGate": {"released": dsl.OutputPath(bool), VERDICT: dsl.OutputPath(str)},
    "ModelReport": {
        "report": dsl.Output[dsl.HTML],
        "metrics": dsl.Output[dsl.Metrics],
        "confusion_matrix": dsl.Output[dsl.ClassificationMetrics],
        "accuracy": dsl.OutputPath(float),
    },
    LAST_STEP: {"model": dsl.OutputPath(str)},
}


class RunOutputs(NamedTuple):
    """What a run says of itself: `model` is the pushed folder, or empty; accuracy is 0 to 1."""

    released: bool
    verdict: str
    accuracy: float
    model: str


def compile_pipeline(config: PipelineConfig, kubeflow: KubeflowConfig, path: str) -> list[str]:
    """Writes the pipeline as YAML (schema 2.1.0), whole or not at all; returns the tasks' names.

    Raises:
        ConfigurationError: The configuration is too long for a container, a step has no image, or
            one with settings of its own does not exist.
        PipelineError: The file cannot be written.
    """
    pipeline, tasks = _create_pipeline(config, kubeflow)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "pipeline.yaml")
        compiler.Compiler().compile(pipeline, str(file))
        content = file.read_bytes()
    try:
        atomic_write(path, content)
    except OSError as error:
        raise PipelineError(
            f"The file of the pipeline must be writable. Received: {path}: {error.strerror}. "
            "Give another one with -o."
        ) from error
    return tasks


def upstream_kinds(config: PipelineConfig) -> dict[str, list[str]]:
    """For each kind of step, in an order in which one process could run them, those before it."""
    # Nothing is run here, and no folder made.
    nowhere = metadata_store_pb2.ConnectionConfig(
        fake_database=metadata_store_pb2.FakeDatabaseConfig()
    )
    pipeline = dag.create_pipeline(config, Environment(nowhere), _ANY_SCHEMA, ())
    upstream = {
        kind_of(node.pipeline_node.node_info.id): [
            kind_of(name) for name in node.pipeline_node.upstream_nodes
        ]
        for node in tfx_compiler.Compiler().compile(pipeline).nodes
    }
    # This one decides which schema the run is held to, without which no other can be compiled.
    for step, before in upstream.items():
        if step not in (*DATA_STEPS, SCHEMA_STEP) and SCHEMA_STEP not in before:
            before.append(SCHEMA_STEP)
    return upstream


def _create_pipeline(
    config: PipelineConfig, kubeflow: KubeflowConfig
) -> tuple[dsl.graph_component, list[str]]:
    """The pipeline as the KFP SDK knows it, and the names of its tasks."""
    upstream = upstream_kinds(config)
    names = [PREPARE_RUN, *upstream, MODEL_REFUSED]
    kubeflow.check_steps(names)
    tasks = _Tasks(config, kubeflow, code_version(), upstream)
    parameters = _parameters(config)

    def run(*values: Any) -> RunOutputs:
        given = zip((each.name for each in parameters), values, strict=True)
        made = tasks.create(dict(given))
        return RunOutputs(
            released=made["ReleaseGate"].outputs["released"],
            verdict=made["ReleaseGate"].outputs[VERDICT],
            accuracy=made["ModelReport"].outputs["accuracy"],
            model=made[LAST_STEP].outputs["model"],
        )

    pipeline = dsl.pipeline(
        _with_signature(run, parameters, RunOutputs),
        name=config.name.replace("_", "-"),
        display_name=config.name,
        description=f"From the images in {config.data} to a model that was checked at every step.",
        pipeline_root=kubeflow.pipeline_root or None,
    )
    _set_retry_windows(pipeline.pipeline_spec, kubeflow)
    return pipeline, names


@dataclasses.dataclass(frozen=True)
class _Tasks:
    """Makes the tasks of one pipeline: what to run, how, by which code, in which order."""

    config: PipelineConfig
    kubeflow: KubeflowConfig
    code: str
    upstream: Mapping[str, list[str]]

    def create(self, values: Mapping[str, Any]) -> dict[str, dsl.PipelineTask]:
        """Within a pipeline function of the SDK: one task a step, PrepareRun first."""
        # Kubeflow fills in a placeholder that is all of a task's input; it knows none in arguments
        # but those of inputs and outputs.
        with_id = {RUN_ID: dsl.PIPELINE_JOB_ID_PLACEHOLDER, **values}
        preparing = self._create_task(PREPARE_RUN, self._preparing_arguments(), with_id)
        folder = {RUN_FOLDER: preparing.outputs[RUN_FOLDER]}
        made = {PREPARE_RUN: preparing}
        one_by_one = self.kubeflow.metadata.store == SQLITE
        for step, before in self.upstream.items():
            task = self._create_task(step, [], folder)
            task.after(*[made[name] for name in ([*made][-1:] if one_by_one else before)])
            made[step] = task
        self._create_refusal(made)
        return made

    def _create_refusal(self, made: Mapping[str, dsl.PipelineTask]) -> None:
        """Whether this task ran is how a client learns the verdict: the API tells no outputs."""
        gate = made["ReleaseGate"]
        with dsl.If(operator.eq(gate.outputs["released"], False)):
            verdict = {VERDICT: gate.outputs[VERDICT]}
            self._create_task(MODEL_REFUSED, [], verdict).after(made[LAST_STEP])

    def _create_task(
        self, step: str, arguments: list[str], values: Mapping[str, Any]
    ) -> dsl.PipelineTask:
        pods = self.kubeflow.pods_of(step)
        # Those with a default are the run's own parameters.
        own = {each.name: each for each in _parameters(self.config)}
        inputs = [own.get(name) or _parameter(name, str) for name in values]
        task = _container(step, inputs, self._command(step, arguments, pods))(**values)
        task.set_display_name(step)
        task.set_caching_options(enable_caching=False)
        _set_container(task, pods)
        _set_pod(task, pods)
        kubernetes.set_security_context(
            task, run_as_user=self.kubeflow.run_as_user, run_as_non_root=True
        )
        return task

    def _command(self, step: str, arguments: list[str], pods: PodSettings) -> dsl.ContainerSpec:
        if not pods.image:
            raise ConfigurationError(
                "Every step must have an image. Received: none. Give kubeflow: {pods: {image: "
                "REGISTRY/NAME:TAG}} in the configuration file."
            )
        return dsl.ContainerSpec(
            image=pods.image,
            command=["sh", "-c", COMMAND, step],
            args=[
                *("--step", step),
                *("--code", self.code),
                *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
                *arguments,
            ],
        )

    def _preparing_arguments(self) -> list[str]:
        whole = {"config": to_dict(self.config), "kubeflow": dataclasses.asdict(self.kubeflow)}
        configuration = json.dumps(whole)
        if len(configuration) > LONGEST_ARGUMENT:
            raise ConfigurationError(
                f"The configuration must fit into {LONGEST_ARGUMENT:,} bytes, since containers get "
                f"it as an argument. Received: {len(configuration):,} bytes. Shorten the longest "
                "settings, such as evaluate.min_recall_of."
            )
        if PLACEHOLDER in configuration:
            raise ConfigurationError(
                f"The configuration must not have {PLACEHOLDER} in it, since Kubeflow takes that "
                f"for a placeholder. Received: {_around(PLACEHOLDER, configuration)}."
            )
        return ["--configuration", configuration]


def _around(part: str, text: str) -> str:
    start = text.index(part)
    return f"...{text[max(0, start - 40) : start + 40]}..."


def _container(
    step: str, inputs: Sequence[inspect.Parameter], command: dsl.ContainerSpec
) -> dsl.container_component:
    def build(*_: Any) -> dsl.ContainerSpec:
        return command

    build.__name__ = step
    outputs = [_parameter(*each) for each in _OUTPUTS.get(step, {}).items()]
    return dsl.container_component(_with_signature(build, [*outputs, *inputs]))


def _parameters(config: PipelineConfig) -> list[inspect.Parameter]:
    return [_parameter(each.name, each.type, each.default) for each in run_parameters(config)]


def _parameter(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(name, kind, annotation=annotation, default=default)


def _with_signature(
    function: Callable[..., Any],
    parameters: Sequence[inspect.Parameter],
    returned: Any = inspect.Signature.empty,
) -> Callable[..., Any]:
    """The SDK reads inputs and outputs from a function's signature, which depends on the config."""
    # Those with a default come last.
    ordered = sorted(parameters, key=lambda each: each.default is not inspect.Parameter.empty)
    signature = inspect.Signature(ordered, return_annotation=returned)
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__annotations__ = {each.name: each.annotation for each in ordered}
    if returned is not inspect.Signature.empty:
        function.__annotations__["return"] = returned
    return function


def _set_retry_windows(pipeline: pipeline_spec_pb2.PipelineSpec, kubeflow: KubeflowConfig) -> None:
    """Gives the tasks of a pipeline the windows for their retries.

    The SDK makes them an hour at most, after which no training was tried again. Kubeflow hands any
    number to Argo (backend/src/v2/compiler/argocompiler/container.go of 2.15 to 2.17).
    """
    for part in (pipeline.root, *pipeline.components.values()):
        for task in part.dag.tasks.values():
            if task.HasField("retry_policy"):
                window = kubeflow.pods_of(task.task_info.name).retry_window
                task.retry_policy.backoff_max_duration.FromSeconds(window)


def _set_container(task: dsl.PipelineTask, pods: PodSettings) -> None:
    """What the SDK itself knows: resources, environment, retries."""
    if pods.cpu:
        task.set_cpu_request(pods.cpu).set_cpu_limit(pods.cpu)
    if pods.memory:
        task.set_memory_request(pods.memory).set_memory_limit(pods.memory)
    if pods.accelerator:
        task.set_accelerator_type(pods.accelerator).set_accelerator_limit(pods.accelerators)
    for name, value in pods.environment.items():
        task.set_env_variable(name, str(value))
    if pods.retries:
        task.set_retry(
            num_retries=pods.retries,
            backoff_duration=f"{pods.retry_seconds}s",
            backoff_factor=RETRY_FACTOR,
        )


def _set_pod(task: dsl.PipelineTask, pods: PodSettings) -> None:
    """What Kubernetes knows: volumes, secrets, nodes, time-out."""
    for folder, claim in pods.volumes.items():
        kubernetes.mount_pvc(task, pvc_name=claim, mount_path=folder)
    for name, source in pods.secret_environment.items():
        secret, _, key = source.partition("/")
        kubernetes.use_secret_as_env(task, secret_name=secret, secret_key_to_env={key: name})
    for folder, secret in pods.secret_files.items():
        kubernetes.use_secret_as_volume(task, secret_name=secret, mount_path=folder)
    for label, value in pods.node_selector.items():
        kubernetes.add_node_selector(task, label_key=label, label_value=str(value))
    for toleration in pods.tolerations:
        kubernetes.add_toleration_json(task, toleration)
    if pods.attempt_timeout_seconds:
        kubernetes.set_timeout(task, pods.attempt_timeout_seconds)
