"""A pipeline and its version on the server: uploaded once, found again by their names."""

import dataclasses
import functools

import kfp_server_api

from pipeline.kubeflow.server.connection import Server
from pipeline.kubeflow.server.package import Package


@dataclasses.dataclass(frozen=True)
class Uploaded:
    """A version of a pipeline.

    Attributes:
        pipeline_id: The server's id of the pipeline.
        version_id: The server's id of the version.
        is_new: Whether it was not there before.
    """

    pipeline_id: str
    version_id: str
    is_new: bool

    @property
    def reference(self) -> kfp_server_api.V2beta1PipelineVersionReference:
        """As runs and schedules name it."""
        return kfp_server_api.V2beta1PipelineVersionReference(
            pipeline_id=self.pipeline_id, pipeline_version_id=self.version_id
        )


def upload(server: Server, package: Package) -> Uploaded:
    """Makes sure that a pipeline is on the server in this version.

    Raises:
        ServerError: The server did not do it.
    """
    uploads = kfp_server_api.PipelineUploadServiceApi(server.client)
    pipeline = _find_pipeline(server, package.name) or _create_pipeline(server, package.name)
    version = _find_version(server, pipeline, package.version)
    if version is not None:
        return Uploaded(pipeline, version, is_new=False)
    made = server.ask(
        uploads.upload_pipeline_version, package.path, name=package.version, pipelineid=pipeline
    )
    return Uploaded(pipeline, made.pipeline_version_id, is_new=True)


def find_experiment(server: Server, name: str) -> str:
    """The id of an experiment, which is made where it is missing.

    Raises:
        ServerError: The server did not do it.
    """
    experiments = kfp_server_api.ExperimentServiceApi(server.client)
    found = server.ask_all(
        experiments.experiment_service_list_experiments,
        "experiments",
        namespace=server.namespace or None,
    )
    for experiment in found:
        if experiment.display_name == name:
            return str(experiment.experiment_id)
    wanted = kfp_server_api.V2beta1Experiment(display_name=name, namespace=server.namespace or None)
    made = server.ask(experiments.experiment_service_create_experiment, wanted)
    return str(made.experiment_id)


def _create_pipeline(server: Server, name: str) -> str:
    """Without a version: to upload one with it would name that one after the pipeline."""
    pipelines = kfp_server_api.PipelineServiceApi(server.client)
    wanted = kfp_server_api.V2beta1Pipeline(
        name=name, display_name=name, namespace=server.namespace or None
    )
    return str(server.ask(pipelines.pipeline_service_create_pipeline, wanted).pipeline_id)


def _find_pipeline(server: Server, name: str) -> str | None:
    pipelines = kfp_server_api.PipelineServiceApi(server.client)
    found = server.ask_all(
        pipelines.pipeline_service_list_pipelines,
        "pipelines",
        namespace=server.namespace or None,
    )
    return next(
        (each.pipeline_id for each in found if name in (each.name, each.display_name)), None
    )


def _find_version(server: Server, pipeline: str, name: str) -> str | None:
    pipelines = kfp_server_api.PipelineServiceApi(server.client)
    found = server.ask_all(
        functools.partial(pipelines.pipeline_service_list_pipeline_versions, pipeline),
        "pipeline_versions",
    )
    versions = (each for each in found if name in (each.name, each.display_name))
    return next((each.pipeline_version_id for each in versions), None)
