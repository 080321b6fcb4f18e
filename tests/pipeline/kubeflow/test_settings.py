import pytest

from components.config_checks import ConfigurationError
from pipeline.kubeflow.settings import KubeflowConfig, kubeflow_from_dict


def test_the_defaults():
    config = kubeflow_from_dict({})
    assert (config.run_as_user, config.metadata.store) == (1000, "sqlite")
    pods = config.pods_of("Trainer")
    assert (pods.image, pods.retries, pods.timeout_seconds) == ("", 2, 0)


def test_a_step_has_its_own_instead_of_those_of_all():
    config = kubeflow_from_dict(
        {
            "pods": {"image": "a:1", "cpu": "2", "volumes": {"/data": "images"}},
            "steps": {"Trainer": {"cpu": "8", "memory": "32Gi"}},
        }
    )
    trainer, transform = config.pods_of("Trainer"), config.pods_of("Transform")
    assert (trainer.image, trainer.cpu, trainer.memory) == ("a:1", "8", "32Gi")
    assert (transform.image, transform.cpu, transform.memory) == ("a:1", "2", "")
    assert trainer.volumes == transform.volumes == {"/data": "images"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"pod": {}},
            "The settings are pipeline_root, run_as_user, metadata, pods, steps. Received: 'pod'. "
            "Did you mean 'pods'?",
        ),
        ({"run_as_user": 0}, "kubeflow.run_as_user must be at least 1. Received: "
         "kubeflow.run_as_user=0."),
        (
            {"metadata": {"store": "postgres"}},
            "kubeflow.metadata.store must be one of sqlite, mysql, grpc. Received: "
            "kubeflow.metadata.store='postgres'.",
        ),
        (
            {"metadata": {"store": "mysql"}},
            "kubeflow.metadata.host must be given where the store is mysql. Received: none. Give "
            "the name of the service in the cluster, such as mysql.",
        ),
        (
            {"pods": {"cpu": "many"}},
            "kubeflow.pods.cpu must be a quantity such as 500m or 4. Received: 'many'.",
        ),
        (
            {"pods": {"memory": "1.5Gi"}},
            "kubeflow.pods.memory must be a quantity such as 512Mi or 16Gi. Received: '1.5Gi'.",
        ),
        (
            {"pods": {"secret_environment": {"PASSWORD": "hunter2"}}},
            "kubeflow.pods.secret_environment must be <secret>/<key> for each variable, never the "
            "secret itself. Received: something else for PASSWORD.",
        ),
        (
            {"pods": {"accelerator": "nvidia.com/gpu"}},
            "kubeflow.pods.accelerator and kubeflow.pods.accelerators must be given together. "
            "Received: accelerator='nvidia.com/gpu', accelerators=0.",
        ),
        (
            {"pods": {"beam_runner": "FlinkRuner"}},
            "kubeflow.pods.beam_runner must be one of , DirectRunner, FlinkRunner, SparkRunner, "
            "DataflowRunner, PortableRunner. Received: kubeflow.pods.beam_runner='FlinkRuner'. Did "
            "you mean 'FlinkRunner'?",
        ),
        (
            {"steps": {"Trainer": "large"}},
            "kubeflow.steps.Trainer must be a group of settings. Received: 'large'.",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(settings, message):
    with pytest.raises(ConfigurationError) as refused:
        kubeflow_from_dict(settings)
    assert str(refused.value) == message


def test_a_step_that_does_not_exist():
    config = KubeflowConfig(steps={"Traner": {}})
    with pytest.raises(ConfigurationError) as refused:
        config.check_steps(["Transform", "Trainer"])
    assert str(refused.value) == (
        "The steps with settings of their own in kubeflow.steps must be among Transform, Trainer. "
        "Received: Traner. Did you mean 'Trainer'?"
    )
