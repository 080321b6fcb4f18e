import dataclasses
import pathlib
from typing import Any

import pytest
import yaml

from components.config_checks import ConfigurationError
from pipeline.kubeflow.settings import (
    KubeflowConfig,
    PodSettings,
    kubeflow_from_dict,
    with_new_names,
)


def test_a_user_that_the_cluster_gives():
    """Fault A4: such a cluster refuses a pod that asks for another one."""
    assert kubeflow_from_dict({"run_as_user": None}).run_as_user is None


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
        ({"pod": {}}, "The settings are pipeline_root, run_as_user, metadata, pods, steps. "
         "Received: 'pod'. Did you mean 'pods'?"),
        ({"run_as_user": "me"}, "kubeflow.run_as_user must be a whole number, or null, such as "
         "1000. Received: kubeflow.run_as_user='me'."),
        ({"run_as_user": 0}, "kubeflow.run_as_user must be at least 1. Received: "
         "kubeflow.run_as_user=0."),
        ({"metadata": {"store": "postgres"}}, "kubeflow.metadata.store must be one of sqlite, "
         "mysql, grpc. Received: kubeflow.metadata.store='postgres'."),
        ({"metadata": {"store": "mysql"}}, "kubeflow.metadata.host must be given where the store "
         "is mysql. Received: none. Give a service of the cluster as SERVICE.NAMESPACE.svc, which "
         "all namespaces know."),
        ({"metadata": {"store": "mysql", "host": "mysql.databases.svc"}},
         "kubeflow.metadata.database must be given where the store is mysql. Received: none. Give "
         "one of the pipeline's own, such as flowers_metadata; metadb is Kubeflow's."),
        ({"pods": {"retries": 11}}, "kubeflow.pods.retries must be from 0 to 10. Received: "
         "kubeflow.pods.retries=11."),
        ({"pods": {"cpu": "many"}}, "kubeflow.pods.cpu must be a quantity such as 500m or 4. "
         "Received: 'many'."),
        ({"pods": {"memory": "1.5Gi"}}, "kubeflow.pods.memory must be a quantity such as 512Mi or "
         "16Gi. Received: '1.5Gi'."),
        ({"pods": {"secret_environment": {"PASSWORD": "hunter2"}}},
         "kubeflow.pods.secret_environment must be <secret>/<key> for each variable, never the "
         "secret itself. Received: something else for PASSWORD."),
        ({"pods": {"accelerator": "nvidia.com/gpu"}}, "kubeflow.pods.accelerator and "
         "kubeflow.pods.accelerators must be given together. Received: "
         "accelerator='nvidia.com/gpu', accelerators=0."),
        ({"pods": {"beam_runner": "FlinkRuner"}}, "kubeflow.pods.beam_runner must be one of , "
         "DirectRunner, FlinkRunner, SparkRunner, DataflowRunner, PortableRunner. Received: "
         "kubeflow.pods.beam_runner='FlinkRuner'. Did you mean 'FlinkRunner'?"),
        ({"steps": {"Trainer": "large"}}, "kubeflow.steps.Trainer must be a group of settings. "
         "Received: 'large'."),
    ],
)  # fmt: skip
def test_what_is_refused(settings, message):
    with pytest.raises(ConfigurationError) as refused:
        kubeflow_from_dict(settings)
    assert str(refused.value) == message


class TestDatabase:
    """Fault A5: Kubeflow's own database and user, and a host that one namespace knows."""

    @pytest.fixture(scope="class")
    def section(self) -> dict[str, Any]:
        file = pathlib.Path(__file__).parents[3] / "configs" / "kubeflow.yaml"
        return dict(yaml.safe_load(file.read_text())["kubeflow"])

    def test_nothing_of_the_sample_is_kubeflows(self, section):
        # Kubeflow Pipelines 2.16, manifests/kustomize/base/installs/generic.
        kubeflows = {"mysql-secret", "metadb", "cachedb", "mlpipeline", "root"}
        config = kubeflow_from_dict(section)
        secrets = {each.partition("/")[0] for each in config.pods.secret_environment.values()}
        assert not kubeflows & {config.metadata.database, *secrets}

    def test_its_host_is_known_in_all_namespaces(self, section):
        """A pod's resolv.conf has NAMESPACE.svc.DOMAIN, svc.DOMAIN and DOMAIN to append."""
        service, namespace, kind = section["metadata"]["host"].split(".")
        assert (bool(service), bool(namespace), kind) == (True, True, "svc")

    @pytest.mark.parametrize(
        ("settings", "port"),
        [
            ({"store": "grpc", "host": "metadata.flowers.svc"}, 8080),
            ({"store": "grpc", "host": "metadata.flowers.svc", "port": 9090}, 9090),
            ({"store": "mysql", "host": "mysql.flowers.svc", "database": "a"}, 3306),
            ({"store": "mysql", "host": "mysql.flowers.svc", "database": "a", "port": 3307}, 3307),
        ],
    )
    def test_the_port_is_that_of_the_kind_of_server(self, settings, port):
        config = kubeflow_from_dict({"metadata": settings})
        assert config.metadata.port == port
        # As it comes back in a pod.
        assert kubeflow_from_dict(dataclasses.asdict(config)) == config


class TestRetries:
    """Fault A3: settings of retries and time-outs that said something else than they did."""

    def test_old_names_are_taken_with_a_line_each(self):
        section, lines = with_new_names(
            {
                "pods": {"image": "a:1", "retry_longest_seconds": 900},
                "steps": {"Trainer": {"timeout_seconds": 60}, "Transform": {"cpu": "2"}},
            }
        )
        assert section == {
            "pods": {"image": "a:1", "retry_window_seconds": 900},
            "steps": {"Trainer": {"attempt_timeout_seconds": 60}, "Transform": {"cpu": "2"}},
        }
        assert lines == [
            "kubeflow.pods.retry_longest_seconds is called retry_window_seconds now, which says "
            "what it does.",
            "kubeflow.steps.Trainer.timeout_seconds is called attempt_timeout_seconds now, which "
            "says what it does.",
        ]

    def test_both_names_are_too_many(self):
        with pytest.raises(ConfigurationError) as refused:
            with_new_names({"pods": {"timeout_seconds": 60, "attempt_timeout_seconds": 90}})
        assert str(refused.value) == (
            "kubeflow.pods.attempt_timeout_seconds must be given once. Received: timeout_seconds "
            "too, as it was called. Remove that."
        )

    @pytest.mark.parametrize("section", [{"pods": 3}, {"steps": {"Trainer": 3}}, {"steps": 3}])
    def test_what_is_no_group_is_refused_as_ever(self, section):
        renamed, _ = with_new_names(section)
        with pytest.raises(ConfigurationError, match=r"Received: .*3"):
            kubeflow_from_dict(renamed)

    @pytest.mark.parametrize(
        ("pods", "longest"),
        [
            # Two waits, 30 s and 60 s.
            ({"retry_window_seconds": 90}, 90),
            # Three attempts of an hour each.
            ({"retry_window_seconds": 10800, "attempt_timeout_seconds": 3600}, 10890),
        ],
    )
    def test_a_window_that_is_too_short_for_all_attempts(self, pods, longest):
        with pytest.raises(ConfigurationError) as refused:
            kubeflow_from_dict({"pods": pods})
        assert str(refused.value).startswith(
            "kubeflow.pods.retry_window_seconds must be longer than all attempts and the waits "
            "between them, since Kubeflow makes no retry after it, and ends one that runs. "
            f"Received: {pods['retry_window_seconds']}, with 2 retries, retry_seconds=30 and "
        )
        assert str(refused.value).endswith(
            f"take up to {longest}. Leave it out for a window that is long enough."
        )

    def test_a_window_that_is_long_enough(self):
        pods = {"retry_window_seconds": 7231, "attempt_timeout_seconds": 3600, "retries": 1}
        assert kubeflow_from_dict({"pods": pods}).pods.retry_window == 7231

    def test_a_step_may_not_outlast_the_window_of_all(self):
        section = {
            "pods": {"retry_window_seconds": 600},
            "steps": {"Trainer": {"attempt_timeout_seconds": 28800}},
        }
        with pytest.raises(ConfigurationError, match="attempt_timeout_seconds=28800, which take"):
            kubeflow_from_dict(section)
        section["steps"]["Trainer"]["retries"] = 0
        assert kubeflow_from_dict(section).pods_of("Trainer").retries == 0


def test_a_step_that_does_not_exist():
    config = KubeflowConfig(steps={"Traner": {}})
    with pytest.raises(ConfigurationError) as refused:
        config.check_steps(["Transform", "Trainer"])
    assert str(refused.value) == (
        "The steps with settings of their own in kubeflow.steps must be among Transform, Trainer. "
        "Received: Traner. Did you mean 'Trainer'?"
    )


@pytest.mark.parametrize("setting", ["volumes", "secret_files"])
@pytest.mark.parametrize("folder", ["~/volume", "volume", ""])
def test_folders_of_the_containers(setting, folder):
    """Fault D6: there is no home folder to stand for in a container."""
    with pytest.raises(ConfigurationError, match="which begin with /"):
        PodSettings(**{setting: {folder: "flowers"}})
