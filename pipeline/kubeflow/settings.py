"""The section `kubeflow` of a configuration file: images, pods, volumes, the metadata store.

It is apart from `PipelineConfig`, since nothing in it changes what a step computes.
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from components.config_checks import (
    ConfigurationError,
    check_between,
    check_choice,
    check_types,
)
from components.suggestions import did_you_mean
from pipeline.setting_names import check_names, construct_groups

SECTION = "kubeflow"
SQLITE, MYSQL, GRPC = "sqlite", "mysql", "grpc"
BEAM_RUNNERS = (
    "",
    "DirectRunner",
    "FlinkRunner",
    "SparkRunner",
    "DataflowRunner",
    "PortableRunner",
)
"""Names that Beam knows; empty: in the process of the step."""

# What the KFP SDK takes, which is less than Kubernetes does.
_CPU = re.compile(r"([0-9]*[.])?[0-9]+m?")
_MEMORY = re.compile(r"[0-9]+(E|Ei|P|Pi|T|Ti|G|Gi|M|Mi|K|Ki)?")
_SECRET_KEY = re.compile(r"[a-z0-9.-]+/[A-Za-z0-9._-]+")


@dataclasses.dataclass(frozen=True)
class MetadataSettings:
    """Where ML Metadata is.

    Attributes:
        store: sqlite, a file in the output folder, which only one task at a time can use; mysql, a
            database of MySQL or MariaDB; or grpc, a server of ML Metadata.
        host: Of the database or server.
        port: Of the database or server; 3306 is MySQL's.
        database: Name of the database, which is made where it is missing.
        user_variable: Environment variable of the containers with the user's name.
        password_variable: Environment variable of the containers with the password. Fill it from a
            secret, with pods.secret_environment.
    """

    store: str = SQLITE
    host: str = ""
    port: int = 3306
    database: str = "metadb"
    user_variable: str = "MLMD_USER"
    password_variable: str = "MLMD_PASSWORD"

    def __post_init__(self) -> None:
        check_types(self, "kubeflow.metadata.")
        check_choice("kubeflow.metadata.store", self.store, (SQLITE, MYSQL, GRPC))
        check_between("kubeflow.metadata.port", self.port, 1, 65535)
        if self.store != SQLITE and not self.host:
            raise ConfigurationError(
                f"kubeflow.metadata.host must be given where the store is {self.store}. "
                "Received: none. Give the name of the service in the cluster, such as mysql."
            )


@dataclasses.dataclass(frozen=True)
class PodSettings:
    """What the pod of a step gets.

    Attributes:
        image: Container image with this package in it.
        cpu: Processors, requested and limited to, such as 500m or 4; empty for the
            default of the cluster.
        memory: Bytes, likewise, such as 16Gi.
        accelerator: Resource name, such as nvidia.com/gpu.
        accelerators: How many of them.
        node_selector: Labels of the nodes that may run it.
        tolerations: Taints that it tolerates, as Kubernetes writes them.
        environment: Variables by name.
        secret_environment: Variables from secrets: name to <secret>/<key>.
        secret_files: Secrets as files: folder to name of the secret.
        volumes: Volumes: folder to name of the PersistentVolumeClaim.
        retries: How many times a failed task is tried again.
        retry_seconds: Wait before the first retry; it doubles each time.
        retry_longest_seconds: The longest wait.
        timeout_seconds: Longest time for the task with its retries; 0 for no limit.
        beam_runner: DirectRunner, FlinkRunner, SparkRunner, DataflowRunner or PortableRunner; empty
            for Beam in the process of the step.
        beam_options: Further arguments of Beam, such as --flink_master=flink-jobmanager:8081.
    """

    image: str = ""
    cpu: str = ""
    memory: str = ""
    accelerator: str = ""
    accelerators: int = 0
    node_selector: dict[str, Any] = dataclasses.field(default_factory=dict)
    tolerations: list[Any] = dataclasses.field(default_factory=list)
    environment: dict[str, Any] = dataclasses.field(default_factory=dict)
    secret_environment: dict[str, Any] = dataclasses.field(default_factory=dict)
    secret_files: dict[str, Any] = dataclasses.field(default_factory=dict)
    volumes: dict[str, Any] = dataclasses.field(default_factory=dict)
    retries: int = 2
    retry_seconds: int = 30
    retry_longest_seconds: int = 600
    timeout_seconds: int = 0
    beam_runner: str = ""
    beam_options: list[Any] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        check_types(self, "kubeflow.pods.")
        for name in ("accelerators", "retries", "retry_seconds", "timeout_seconds"):
            check_between(f"kubeflow.pods.{name}", getattr(self, name), 0)
        check_choice("kubeflow.pods.beam_runner", self.beam_runner, BEAM_RUNNERS)
        _check_quantity("cpu", self.cpu, _CPU, "500m or 4")
        _check_quantity("memory", self.memory, _MEMORY, "512Mi or 16Gi")
        for variable, source in self.secret_environment.items():
            if not isinstance(source, str) or not _SECRET_KEY.fullmatch(source):
                raise ConfigurationError(
                    "kubeflow.pods.secret_environment must be <secret>/<key> for each variable, "
                    f"never the secret itself. Received: something else for {variable}."
                )
        if bool(self.accelerator) != bool(self.accelerators):
            raise ConfigurationError(
                "kubeflow.pods.accelerator and kubeflow.pods.accelerators must be given together. "
                f"Received: accelerator={self.accelerator!r}, accelerators={self.accelerators}."
            )


@dataclasses.dataclass(frozen=True)
class KubeflowConfig:
    """How a pipeline runs on Kubeflow Pipelines.

    Attributes:
        pipeline_root: Where Kubeflow keeps what its pages show; empty for its own default.
        run_as_user: User id of the pods' processes, never 0: pods do not run as root.
        metadata: Where ML Metadata is.
        pods: What the pods of all steps get.
        steps: What those of single steps get instead, by TFX's name of the step.
    """

    pipeline_root: str = ""
    run_as_user: int = 1000
    metadata: MetadataSettings = MetadataSettings()
    pods: PodSettings = dataclasses.field(default_factory=PodSettings)
    steps: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_types(self, f"{SECTION}.")
        check_between(f"{SECTION}.run_as_user", self.run_as_user, 1)
        for step in self.steps:
            self.pods_of(step)

    def pods_of(self, step: str) -> PodSettings:
        """What the pod of one step gets.

        Args:
            step: TFX's name of the step.

        Raises:
            ConfigurationError: What stands there for this step is no setting of a pod.
        """
        own = self.steps.get(step, {})
        if not isinstance(own, Mapping):
            raise ConfigurationError(
                f"{SECTION}.steps.{step} must be a group of settings. Received: {own!r}."
            )
        check_names(PodSettings, own)
        return dataclasses.replace(self.pods, **own)

    def check_steps(self, names: list[str]) -> None:
        """Checks that every step with settings of its own exists.

        Raises:
            ConfigurationError: One does not.
        """
        for step in self.steps:
            if step not in names:
                raise ConfigurationError(
                    f"The steps with settings of their own in {SECTION}.steps must be among "
                    f"{', '.join(names)}. Received: {step}.{did_you_mean(step, names)}"
                )


def kubeflow_from_dict(settings: Mapping[str, Any]) -> KubeflowConfig:
    """Constructs the configuration from the section of a file.

    Raises:
        ConfigurationError: A setting is unknown, or its value is refused.
    """
    return KubeflowConfig(**construct_groups(KubeflowConfig, settings))


def _check_quantity(name: str, value: str, rule: re.Pattern[str], examples: str) -> None:
    if value and not rule.fullmatch(value):
        raise ConfigurationError(
            f"kubeflow.pods.{name} must be a quantity such as {examples}. Received: {value!r}."
        )
