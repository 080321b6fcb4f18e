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
from components.text import did_you_mean
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

MOST_RETRIES = 10
"""The waits double: before the tenth retry, that is 4 hours after a first one of 30 seconds."""
RETRY_FACTOR = 2
RENAMED = {
    "retry_longest_seconds": "retry_window_seconds",
    "timeout_seconds": "attempt_timeout_seconds",
}
"""Settings of pods: as they were called, and as they are."""

_PORTS = {SQLITE: 0, MYSQL: 3306, GRPC: 8080}
# For the attempts without a limit, and the time that pods wait for a node.
_UNHURRIED = 30 * 24 * 3600
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
        host: Of the database or server: SERVICE.NAMESPACE.svc for one of the cluster.
        port: Of the database or server; 0 for 3306, MySQL's, or 8080, of a server of ML Metadata.
        database: Name of the database, of this pipeline alone: Kubeflow's own is metadb.
        user_variable: Environment variable of the containers with the user's name.
        password_variable: Environment variable of the containers with the password. Fill it from a
            secret, with pods.secret_environment.
    """

    store: str = SQLITE
    host: str = ""
    port: int = 0
    database: str = ""
    user_variable: str = "MLMD_USER"
    password_variable: str = "MLMD_PASSWORD"

    def __post_init__(self) -> None:
        check_types(self, "kubeflow.metadata.")
        check_choice("kubeflow.metadata.store", self.store, (SQLITE, MYSQL, GRPC))
        check_between("kubeflow.metadata.port", self.port, 0, 65535)
        if self.store != SQLITE and not self.host:
            raise ConfigurationError(
                f"kubeflow.metadata.host must be given where the store is {self.store}. "
                "Received: none. Give a service of the cluster as SERVICE.NAMESPACE.svc, which all "
                "namespaces know."
            )
        if self.store == MYSQL and not self.database:
            raise ConfigurationError(
                "kubeflow.metadata.database must be given where the store is mysql. Received: "
                "none. Give one of the pipeline's own, such as flowers_metadata; metadb is "
                "Kubeflow's."
            )
        # The only way to fill in a field of a frozen class that depends on another one.
        object.__setattr__(self, "port", self.port or _PORTS[self.store])


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
        retries: How many further attempts there are after one that failed, 0 to 10. Argo makes none
            where the pod itself vanished, as with its node.
        retry_seconds: Wait before the second attempt; it doubles each time.
        retry_window_seconds: Counted from the beginning of the first attempt: no later one begins
            after that, and one that runs is ended. 0 for as long as all attempts can take.
        attempt_timeout_seconds: Longest time of each single attempt; 0 for no limit.
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
    retry_window_seconds: int = 0
    attempt_timeout_seconds: int = 0
    beam_runner: str = ""
    beam_options: list[Any] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        check_types(self, "kubeflow.pods.")
        for name in (
            "accelerators",
            "retry_seconds",
            "retry_window_seconds",
            "attempt_timeout_seconds",
        ):
            check_between(f"kubeflow.pods.{name}", getattr(self, name), 0)
        check_between("kubeflow.pods.retries", self.retries, 0, MOST_RETRIES)
        self._check_retry_window()
        check_choice("kubeflow.pods.beam_runner", self.beam_runner, BEAM_RUNNERS)
        _check_quantity("cpu", self.cpu, _CPU, "500m or 4")
        _check_quantity("memory", self.memory, _MEMORY, "512Mi or 16Gi")
        for folder in (*self.volumes, *self.secret_files):
            if not folder.startswith("/"):
                raise ConfigurationError(
                    "kubeflow.pods.volumes and kubeflow.pods.secret_files must name folders of the "
                    f"containers, which begin with /. Received: {folder!r}."
                )
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

    @property
    def retry_window(self) -> int:
        """Seconds after the beginning of the first attempt at which Argo ends the retries."""
        return self.retry_window_seconds or self._all_attempts + _UNHURRIED

    @property
    def _all_attempts(self) -> int:
        waits = self.retry_seconds * (RETRY_FACTOR**self.retries - 1)
        return (self.retries + 1) * self.attempt_timeout_seconds + waits

    def _check_retry_window(self) -> None:
        if self.retries and 0 < self.retry_window_seconds <= self._all_attempts:
            raise ConfigurationError(
                "kubeflow.pods.retry_window_seconds must be longer than all attempts and the waits "
                "between them, since Kubeflow makes no retry after it, and ends one that runs. "
                f"Received: {self.retry_window_seconds}, with {self.retries} retries, "
                f"retry_seconds={self.retry_seconds} and "
                f"attempt_timeout_seconds={self.attempt_timeout_seconds}, which take up to "
                f"{self._all_attempts}. Leave it out for a window that is long enough."
            )


@dataclasses.dataclass(frozen=True)
class KubeflowConfig:
    """How a pipeline runs on Kubeflow Pipelines.

    Attributes:
        pipeline_root: Where Kubeflow keeps what its pages show; empty for its own default.
        run_as_user: User id of the pods' processes, never 0: pods do not run as root. Null for
            clusters that give each namespace an id of its own, as OpenShift does: the cluster
            decides, or else the image, whose user is 1000.
        metadata: Where ML Metadata is.
        pods: What the pods of all steps get.
        steps: What those of single steps get instead, by TFX's name of the step.
    """

    pipeline_root: str = ""
    run_as_user: int | None = 1000
    metadata: MetadataSettings = MetadataSettings()
    pods: PodSettings = dataclasses.field(default_factory=PodSettings)
    steps: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_types(self, f"{SECTION}.")
        if self.run_as_user is not None:
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


def with_new_names(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The section of a file with the names that settings have now, and a line for each old one.

    Raises:
        ConfigurationError: A setting stands there under both names.
    """
    lines: list[str] = []
    renamed = dict(settings)
    if "pods" in renamed:
        renamed["pods"] = _rename(renamed["pods"], f"{SECTION}.pods", lines)
    if isinstance(renamed.get("steps"), Mapping):
        renamed["steps"] = {
            step: _rename(own, f"{SECTION}.steps.{step}", lines)
            for step, own in renamed["steps"].items()
        }
    return renamed, lines


def _rename(pods: Any, where: str, lines: list[str]) -> Any:
    # What is no group of settings is refused when it is read.
    if not isinstance(pods, Mapping):
        return pods
    for old, new in RENAMED.items():
        if old in pods and new in pods:
            raise ConfigurationError(
                f"{where}.{new} must be given once. Received: {old} too, as it was called. Remove "
                "that."
            )
        if old in pods:
            lines.append(f"{where}.{old} is called {new} now, which says what it does.")
    return {RENAMED.get(name, name): value for name, value in pods.items()}


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
