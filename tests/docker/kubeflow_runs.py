"""Runs a compiled pipeline with KFP's DockerRunner: one real container for each task."""

import contextlib
import dataclasses
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import yaml
from kfp import components, local
from kfp.local import docker_task_handler
from kfp.local.io import IOStore
from kfp.local.orchestrator import enhanced_dag_orchestrator

from tests.docker.database import DATABASE, Database
from tests.docker.engine import REPOSITORY

SAMPLE = REPOSITORY / "data" / "fashion_mnist_sample"
IMAGES_A_CLASS = 100
USER = 1000

_CONDITION = re.compile(
    r"inputs\.parameter_values\['pipelinechannel--(?P<task>\w+)-(?P<output>\w+)'\]"
    r" == (?P<value>\w+)"
)

OnStart = Callable[[str, Any], None]


@dataclasses.dataclass
class Cluster:
    """A folder that stands for the cluster's volume, a database, and an image.

    Attributes:
        volume: What every container has at the same path.
        database: ML Metadata's.
        image: What the containers run.
        logs: Of the last run: what each task said on standard output and error.
    """

    volume: Path
    database: Database
    image: str
    logs: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def versions(self) -> list[str]:
        return sorted(path.name for path in self.models.glob("[0-9]*"))

    @property
    def models(self) -> Path:
        return self.volume / "serving" / "tested"

    @property
    def package(self) -> Path:
        return self.volume / "pipeline.yaml"

    def fill(self) -> None:
        """Puts images on the volume, and makes the folders that the pods' user must own."""
        for folder in sorted(SAMPLE.iterdir()):
            target = self.volume / "images" / folder.name
            target.mkdir(parents=True)
            for path in sorted(folder.iterdir())[:IMAGES_A_CLASS]:
                shutil.copy(path, target)
        for name in ("serving", "output", "schemas"):
            (self.volume / name).mkdir()
            os.chown(self.volume / name, USER, USER)
        # Kubeflow's own, which it writes to beside the containers; it is no part of the volume.
        (self.volume / "kfp").mkdir()
        (self.volume / "kfp").chmod(0o777)

    def compile(self) -> None:
        """Compiles the pipeline by the command that users have."""
        settings = {
            "data": str(self.volume / "images"),
            "name": "tested",
            "output": str(self.volume / "output"),
            "serving": str(self.volume / "serving"),
            "schema": str(self.volume / "schemas" / "tested.pbtxt"),
            "image": {"height": 28, "width": 28, "channels": 1},
            "train": {"trainer": "dense", "epochs": 3},
            "evaluate": {"min_accuracy": 0.2, "not_enough_evidence": "point_estimate"},
            "kubeflow": {
                "metadata": {
                    "store": "mysql",
                    "host": "127.0.0.1",
                    "port": self.database.port,
                    "database": DATABASE,
                },
                "pods": {
                    "image": self.image,
                    "secret_environment": {
                        "MLMD_USER": "mysql-secret/username",
                        "MLMD_PASSWORD": "mysql-secret/password",
                    },
                },
            },
        }
        config = self.volume / "config.yaml"
        config.write_text(yaml.safe_dump(settings))
        command = [sys.executable, str(REPOSITORY / "runner_kubeflow.py"), "compile"]
        subprocess.run(
            [*command, "--config", str(config), "-o", str(self.package)],
            check=True,
            cwd=REPOSITORY,
            capture_output=True,
        )

    def run(self, on_start: OnStart | None = None, **parameters: Any) -> dict[str, Any] | None:
        """Runs the pipeline.

        Args:
            on_start: Called with the name of a task and its container when that has started.
            **parameters: Of the pipeline.

        Returns:
            The outputs of the run; None if it failed.
        """
        self.logs = {}
        runner = local.DockerRunner(
            network_mode="host",
            user=str(USER),
            environment={
                "MLMD_USER": self.database.user,
                "MLMD_PASSWORD": self.database.password,
            },
        )
        local.init(runner, pipeline_root=str(self.volume / "kfp"), raise_on_error=False)
        pipeline = components.load_component_from_file(str(self.package))
        with (
            self._containers(on_start),
            _conditions(),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            task = pipeline(**parameters)
        # Shown where a test fails.
        for step, log in self.logs.items():
            print(f"== {step}\n{log[-2000:]}")
        return dict(task.outputs) or None

    @contextlib.contextmanager
    def _containers(self, on_start: OnStart | None) -> Iterator[None]:
        """Has KFP start containers in a way that tells how they ended.

        Its own removes a container before it asks for the status, and takes one that is gone for
        one that did well (kfp 2.16, docker_task_handler.run_docker_container).
        """

        def run(
            client: docker.DockerClient,
            image: str,
            command: list[str],
            volumes: Mapping[str, Any],
            **settings: Any,
        ) -> int:
            step = command[command.index("--step") + 1]
            everywhere = {str(self.volume): {"bind": str(self.volume), "mode": "rw"}}
            container = client.containers.run(
                image, command, detach=True, volumes={**volumes, **everywhere}, **settings
            )
            try:
                if on_start is not None:
                    on_start(step, container)
                status = int(container.wait()["StatusCode"])
                self.logs[step] = container.logs().decode(errors="replace")
            finally:
                container.remove(force=True)
            return status

        original = docker_task_handler.run_docker_container
        docker_task_handler.run_docker_container = run
        umask = os.umask(0)
        try:
            yield
        finally:
            os.umask(umask)
            docker_task_handler.run_docker_container = original


@contextlib.contextmanager
def _conditions() -> Iterator[None]:
    """Has KFP evaluate the conditions that its own compiler writes.

    Its local evaluator knows neither their form nor `false`, and takes each for unmet (kfp 2.16,
    enhanced_dag_orchestrator.ConditionEvaluator).
    """

    def evaluate(condition: str, outputs: IOStore) -> bool:
        found = _CONDITION.fullmatch(condition)
        assert found is not None, condition
        return json.dumps(outputs.get_task_output(found["task"], found["output"])) == found["value"]

    evaluator = enhanced_dag_orchestrator.ConditionEvaluator
    original = evaluator.evaluate_condition
    evaluator.evaluate_condition = staticmethod(evaluate)
    try:
        yield
    finally:
        evaluator.evaluate_condition = staticmethod(original)
