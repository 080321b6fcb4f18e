"""The settings of a pod -> a task of the KFP SDK."""

from kfp import dsl, kubernetes
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.settings import RETRY_FACTOR, KubeflowConfig, PodSettings


def apply_settings(task: dsl.PipelineTask, pods: PodSettings, run_as_user: int | None) -> None:
    """Gives a task its settings.

    Args:
        task: Changes.
        pods: What its pod gets.
        run_as_user: Id of the user that its process runs as; None where the cluster decides.
    """
    _set_container(task, pods)
    _set_pod(task, pods)
    kubernetes.set_security_context(task, run_as_user=run_as_user, run_as_non_root=True)


def set_retry_windows(pipeline: pipeline_spec_pb2.PipelineSpec, kubeflow: KubeflowConfig) -> None:
    """Gives the tasks of a pipeline the windows for their retries.

    The SDK makes them an hour at most, after which no training was tried again. Kubeflow hands any
    number to Argo (backend/src/v2/compiler/argocompiler/container.go of 2.15 to 2.17).

    Args:
        pipeline: Changes.
        kubeflow: How its tasks run.
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
