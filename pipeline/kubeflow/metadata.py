"""Where ML Metadata is -> a connection to it. Light: TFX itself is not needed."""

import os

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2

from components.errors import PipelineError, first_line
from pipeline.config import PipelineConfig
from pipeline.kubeflow.settings import GRPC, SQLITE, MetadataSettings
from pipeline.paths import metadata_file
from pipeline.runs.records import Connection, sqlite_connection


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
    try:
        return os.environ[name]
    except KeyError:
        raise PipelineError(
            f"The environment variable {name} must be set, for ML Metadata's database. Received: "
            f"none. Fill it from a secret of the pipeline's own: kubeflow.pods.secret_environment: "
            f'{{{name}: "flowers-metadata/username"}}.'
        ) from None
