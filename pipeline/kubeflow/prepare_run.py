"""The first task of a run, PrepareRun: settings, spans, folders and the database are checked.

What is wrong with a run ends it here, in seconds, and not after the training. What is decided is
kept in the run's folder, so that all tasks see the same settings, the same spans, however many
arrive meanwhile, and the same schema, whoever edits it meanwhile. Light: TFX is not loaded.
"""

import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2

from components.config_checks import ConfigurationError
from components.errors import PipelineError, first_line
from components.ingestion.data_spans import Span, find_spans
from components.reporting.run_index import FAILED, INTERRUPTED
from components.storage import atomic_write
from components.training.settings import SERVING
from components.validation.schema import FrozenSchema, pin_schema
from pipeline.config import DECISIONS, PipelineConfig, from_dict, to_dict
from pipeline.kubeflow.contract import PLACEHOLDER, PREPARE_RUN
from pipeline.kubeflow.parameters import with_parameters
from pipeline.kubeflow.settings import (
    GRPC,
    SQLITE,
    KubeflowConfig,
    MetadataSettings,
    kubeflow_from_dict,
)
from pipeline.paths import check_places, metadata_file, output_folder
from pipeline.runs.failures import explain
from pipeline.runs.folders import make_run_folder, run_folder
from pipeline.runs.outcomes import failed, read_outcome, record_outcome
from pipeline.runs.records import Connection, is_known_run, sqlite_connection

RUN_FILE = "run.json"
SCHEMA_FILE = "schema_path.txt"
STEPS_BY_SETTING: Mapping[str, Callable[[PipelineConfig], bool]] = {
    "train.warm_start": lambda config: config.train.warm_start == SERVING,
    "tune.trials": lambda config: bool(config.tune.trials),
    "export.formats": lambda config: bool(config.export.names),
}
"""The settings that decide which steps there are, and whether theirs is. TFX's own list of steps
would take ten seconds to load."""

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""Of Kubeflow, a UUID; in any case the name of a folder."""


@dataclasses.dataclass(frozen=True)
class PreparedRun:
    """What the tasks of one run have in common.

    Attributes:
        id: Kubeflow's and TFX's id of it.
        folder: Its own folder.
        config: Its settings.
        kubeflow: How it runs.
        spans: Those that it uses.
    """

    id: str
    folder: str
    config: PipelineConfig
    kubeflow: KubeflowConfig
    spans: Sequence[Span]

    def save(self) -> None:
        """Keeps the run in its folder."""
        values: dict[str, Any] = {
            "id": self.id,
            "config": to_dict(self.config),
            "kubeflow": dataclasses.asdict(self.kubeflow),
            "spans": [[span.number, span.folder] for span in self.spans],
        }
        atomic_write(os.path.join(self.folder, RUN_FILE), json.dumps(values, indent=2).encode())

    def connection(self) -> Connection:
        """How to reach ML Metadata; raises like `connection_to`."""
        return connection_to(self.kubeflow.metadata, self.config)

    def pin_schema(self) -> FrozenSchema:
        """Decides for all later tasks which schema the images are held to: as it is now."""
        schema = pin_schema(self.config.schema, self._schemas)
        atomic_write(os.path.join(self.folder, SCHEMA_FILE), schema.path.encode())
        return schema

    def pinned_schema(self) -> FrozenSchema:
        """The schema that an earlier task decided on."""
        with open(os.path.join(self.folder, SCHEMA_FILE), encoding="utf-8") as file:
            return pin_schema(file.read(), self._schemas)

    @property
    def _schemas(self) -> str:
        return os.path.join(output_folder(self.config), "schemas")


def load_run(folder: str) -> PreparedRun:
    """Reads what PrepareRun left."""
    with open(os.path.join(folder, RUN_FILE), encoding="utf-8") as file:
        values = json.load(file)
    return PreparedRun(
        id=values["id"],
        folder=folder,
        config=from_dict(values["config"]),
        kubeflow=kubeflow_from_dict(values["kubeflow"]),
        spans=[Span(number, folder) for number, folder in values["spans"]],
    )


def prepare_run(run_id: str, configuration: str, parameters: Mapping[str, Any]) -> PreparedRun:
    """Decides what all tasks of a run will work with.

    Args:
        run_id: Kubeflow's id of the run, which no other run has.
        configuration: What was compiled, as JSON: `config` and `kubeflow`.
        parameters: Those of this run.

    Raises:
        PipelineError: A parameter or the id is refused, a folder cannot be written, or the
            metadata store cannot be reached.
    """
    _check_id(run_id)
    _check_filled_in(parameters)
    settings = json.loads(configuration)
    compiled = from_dict(settings["config"])
    config = with_parameters(compiled, parameters)
    _check_steps(compiled, config)
    _check_decisions(config)
    kubeflow = kubeflow_from_dict(settings["kubeflow"])
    check_places(config)
    if _has_verdict(folder := run_folder(config, run_id)):
        raise _used_id(run_id, f"{folder} has the verdict of a run that ended")
    folder = make_run_folder(config, run_id)
    with _kept(config, folder):
        connection = connection_to(kubeflow.metadata, config)
        check_connection(connection, kubeflow.metadata)
    # This task comes before all steps, however often it is tried.
    if is_known_run(connection, run_id):
        raise _used_id(run_id, "ML Metadata has steps of it")
    with _kept(config, folder):
        spans = find_spans(config.data, config.ingest.window)
    run = PreparedRun(run_id, folder, config, kubeflow, spans)
    run.save()
    return run


def connection_to(settings: MetadataSettings, config: PipelineConfig) -> Connection:
    """How to reach ML Metadata from a container.

    Args:
        settings: Where it is. User and password are in the environment, never in files.
        config: With the output folder, where SQLite keeps its file.

    Raises:
        PipelineError: The environment lacks the user or the password.
    """
    if settings.store == GRPC:
        return metadata_store_pb2.MetadataStoreClientConfig(host=settings.host, port=settings.port)
    if settings.store == SQLITE:
        return sqlite_connection(metadata_file(config))
    connection = metadata_store_pb2.ConnectionConfig()
    connection.mysql.host = settings.host
    connection.mysql.port = settings.port
    connection.mysql.database = settings.database
    connection.mysql.user = _variable(settings.user_variable)
    connection.mysql.password = _variable(settings.password_variable)
    return connection


def check_connection(connection: Connection, settings: MetadataSettings) -> None:
    """Checks that ML Metadata answers.

    Raises:
        PipelineError: It does not.
    """
    try:
        mlmd.MetadataStore(connection).get_context_types()
    # A RuntimeError is what a database that refuses comes to, a StatusError what a server says.
    except (RuntimeError, mlmd.errors.StatusError) as error:
        where = f"{settings.store} at {settings.host}:{settings.port}"
        raise PipelineError(
            "ML Metadata must be reachable from the pods, with a user who may make tables. "
            f"Received: {'its SQLite file' if settings.store == SQLITE else where}: "
            f"{first_line(error)}. Check kubeflow.metadata, the secret, and that the service "
            "runs; its name is SERVICE.NAMESPACE.svc where pods are in another namespace."
        ) from error


def _variable(name: str) -> str:
    if name in os.environ:
        return os.environ[name]
    raise PipelineError(
        f"The environment variable {name} must be set, for ML Metadata's database. Received: none. "
        "Fill it from a secret of the pipeline's own: kubeflow.pods.secret_environment: "
        f'{{{name}: "flowers-metadata/username"}}.'
    )


@contextlib.contextmanager
def _kept(config: PipelineConfig, folder: str) -> Iterator[None]:
    """Keeps why a run cannot begin where people look: the log of a pod goes with the pod."""
    try:
        yield
    except (OSError, PipelineError) as error:
        record_outcome(config, folder, failed("", f"In {PREPARE_RUN}: {explain(error)[0]}"))
        raise


def _check_steps(compiled: PipelineConfig, wanted: PipelineConfig) -> None:
    changed = [
        setting
        for setting, is_step in STEPS_BY_SETTING.items()
        if is_step(compiled) != is_step(wanted)
    ]
    if changed:
        raise ConfigurationError(
            "A run must have the steps that were compiled. Received: another "
            f"{' and '.join(changed)}, which adds a step or leaves one out. Compile the pipeline "
            "with it instead of setting it for one run."
        )


def _check_decisions(config: PipelineConfig) -> None:
    """A schedule that others made, or a run that is cloned, would decide again and again."""
    runs = os.path.join(output_folder(config), "runs")
    for name in DECISIONS:
        reason = getattr(config, name)
        for run in os.listdir(runs) if reason and os.path.isdir(runs) else []:
            folder = os.path.join(runs, run)
            if _has_verdict(folder) and _setting_of(folder, name) == reason:
                raise ConfigurationError(
                    f"{name} must be decided for each run again. Received: {name}={reason!r}, as "
                    f"run {run} had it. Give this run a reason of its own; if a schedule has it, "
                    "take it out there."
                )


def _setting_of(folder: str, name: str) -> Any:
    try:
        with open(os.path.join(folder, RUN_FILE), "rb") as file:
            return json.load(file)["config"][name]
    # Of an earlier version of the code, say.
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _check_id(run_id: str) -> None:
    """With one id for all runs, TFX would take each but the first for done."""
    if not _RUN_ID.fullmatch(run_id):
        raise PipelineError(
            "Kubeflow must fill in the id of each run, as the input run_id of PrepareRun. "
            f"Received: {run_id!r}. Compile the pipeline with the code of its image, and submit it "
            "again."
        )


def _check_filled_in(parameters: Mapping[str, Any]) -> None:
    for name, value in parameters.items():
        if PLACEHOLDER in json.dumps(value):
            raise ConfigurationError(
                f"The parameters of a run must be values. Received: {name}={value!r}, whose "
                f"{PLACEHOLDER} begins a placeholder that Kubeflow did not fill in. Give its value."
            )


def _has_verdict(folder: str) -> bool:
    outcome = read_outcome(folder)
    return outcome is not None and outcome.outcome not in (FAILED, INTERRUPTED)


def _used_id(run_id: str, reason: str) -> PipelineError:
    return PipelineError(
        "Each run must have an id of its own: under one that was used, TFX would do nothing, and "
        f"the run would look well. Received: {run_id}, and {reason}. Submit the pipeline as a new "
        "run."
    )
