"""Where a compiled pipeline is to run, and what that place cannot give."""

import abc
import dataclasses

from kfp import dsl

from components.config_checks import ConfigurationError
from pipeline.config import PipelineConfig
from pipeline.kubeflow.pods import apply_container_settings, apply_pod_settings
from pipeline.kubeflow.settings import SQLITE, KubeflowConfig, PodSettings

BUCKETS = "/gcs/"
"""Where Vertex AI mounts buckets into its containers.
https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system"""
OF_KUBERNETES = (
    "node_selector",
    "tolerations",
    "secret_environment",
    "secret_files",
    "volumes",
    "timeout_seconds",
)


class Target(abc.ABC):
    """Where a pipeline is to run."""

    @abc.abstractmethod
    def check(self, config: PipelineConfig, kubeflow: KubeflowConfig) -> None:
        """Checks that the place can give what the configuration asks for.

        Raises:
            ConfigurationError: It cannot.
        """

    @abc.abstractmethod
    def apply(self, task: dsl.PipelineTask, pods: PodSettings, kubeflow: KubeflowConfig) -> None:
        """Gives a task its settings."""


class _OpenSource(Target):
    def check(self, config: PipelineConfig, kubeflow: KubeflowConfig) -> None:
        del config, kubeflow

    def apply(self, task: dsl.PipelineTask, pods: PodSettings, kubeflow: KubeflowConfig) -> None:
        apply_container_settings(task, pods)
        apply_pod_settings(task, pods, kubeflow.run_as_user)


class _Vertex(Target):
    def check(self, config: PipelineConfig, kubeflow: KubeflowConfig) -> None:
        for name in ("data", "output", "serving", "schema"):
            if not getattr(config, name).startswith(BUCKETS):
                raise ConfigurationError(
                    f"On Vertex AI, {name} must lie in a bucket: {BUCKETS}BUCKET/FOLDER, as its "
                    f"containers see it. Received: {name}={getattr(config, name)!r}."
                )
        if kubeflow.metadata.store == SQLITE:
            raise ConfigurationError(
                "On Vertex AI, kubeflow.metadata.store must be mysql or grpc: a bucket is no place "
                "for SQLite. Received: sqlite. Cloud SQL for MySQL will do."
            )

    def apply(self, task: dsl.PipelineTask, pods: PodSettings, kubeflow: KubeflowConfig) -> None:
        for field in dataclasses.fields(pods):
            if field.name in OF_KUBERNETES and getattr(pods, field.name):
                raise ConfigurationError(
                    f"{', '.join(OF_KUBERNETES)} are Kubernetes's; Vertex AI takes none of them. "
                    f"Received: {field.name} for {task.name}. Leave it out."
                )
        apply_container_settings(task, pods)


OPEN_SOURCE: Target = _OpenSource()
VERTEX: Target = _Vertex()
