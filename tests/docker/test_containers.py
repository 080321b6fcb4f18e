"""The image, and the compiled pipeline for real: containers, a database, images in, a model out.

One file, since pytest-xdist gives each file to one process, and there is but one Docker. The tests
of the pipeline build on each other, in the order in which they stand: each begins where the one
before it left the volume and the database.
"""

import json
import os
import shutil
import subprocess

import pytest
import tensorflow as tf

from pipeline.kubeflow.compile import COMMAND
from pipeline.kubeflow.contract import code_version
from tests.docker.engine import docker
from tests.docker.kubeflow_runs import SAMPLE, Cluster
from tests.pipeline import compiled_steps

pytestmark = pytest.mark.docker

STEPS = ["PrepareRun", *compiled_steps.STEPS]
# What a resolver chose is looked up each time.
NEVER_CACHED = {"PrepareRun", "StatisticsResolver", "BaselineResolver"}
CACHED = "unchanged, taken from the cache"


def in_container(image: str, *command: str, flags: tuple[str, ...] = ()) -> str:
    return docker("run", "--rm", "--network=host", *flags, image, *command)


def test_any_user_can_run_it_on_a_file_system_that_cannot_be_written(image):
    flags = ("--user=12345:0", "--read-only", "--tmpfs=/tmp")
    said = in_container(image, "sh", "-c", "id -u; python runner_local.py --help", flags=flags)
    assert said.startswith("12345\nusage: runner_local.py")


def test_it_is_not_root(image):
    [described] = json.loads(docker("inspect", image))
    assert described["Config"]["User"] == "1000:1000"
    assert in_container(image, "id", "-u") == "1000"


def test_the_stack_is_in_it_and_nothing_imports_it_again_and_again(image):
    """Fault A9: a health check, which Kubernetes ignores, loaded TensorFlow every five minutes."""
    [described] = json.loads(docker("inspect", image))
    assert "Healthcheck" not in described["Config"]
    command = "import tensorflow, tfx, pipeline.kubeflow.run_step"
    assert in_container(image, "python", "-c", command) == ""


def test_what_it_was_built_with_is_not_in_it(image):
    said = in_container(image, "sh", "-c", "command -v gcc pip pip3 uv make; pip config list; true")
    assert said == ""
    assert "INDEX" not in docker("inspect", image).replace('"Index', "")


def test_labels(image):
    [described] = json.loads(docker("inspect", image))
    labels = described["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "image-classification-pipeline"
    assert len(labels["org.opencontainers.image.revision"]) == 40


def test_a_change_of_code_is_a_small_layer(image):
    rows = docker("history", "--no-trunc", "--format={{.Size}} {{.CreatedBy}}", image).splitlines()
    packages = next(place for place, row in enumerate(rows) if "uv pip install" in row)
    code = next(place for place, row in enumerate(rows) if "WORKDIR /app" in row)
    assert code < packages
    assert all("GB" not in row.split()[0] for row in rows[:code])


def test_the_code_is_what_is_here(image):
    command = "from pipeline.kubeflow.contract import code_version; print(code_version())"
    assert in_container(image, "python", "-c", command) == code_version()


def test_another_image_says_what_is_missing(image):
    command = ("sh", "-c", f"cd /; PYTHONPATH=; {COMMAND}")
    finished = docker("run", "--rm", "--network=host", image, *command, check=False)
    assert finished == ""
    with pytest.raises(RuntimeError, match="Received: an image without"):
        in_container(image, *command)


@pytest.fixture(scope="module")
def cluster(open_folder, image, database) -> Cluster:
    volume = open_folder / "volume"
    volume.mkdir()
    made = Cluster(volume, database, image)
    made.fill()
    made.compile()
    return made


def cached(cluster: Cluster) -> set[str]:
    """The steps of the last run that were served from the cache."""
    return {step for step, log in cluster.logs.items() if CACHED in log}


def states(cluster: Cluster) -> set[str]:
    """What ML Metadata in the database says of all executions: 2 running, 3 done, 4 failed."""
    return set(cluster.database.query("select last_known_state from metadb.Execution").split())


def test_a_volume_that_is_not_the_pods_to_write(cluster):
    """Fault A4: the first task says the command that mends it, and that command does."""
    folders = [cluster.volume / name for name in ("output", "serving", "schemas")]
    for folder in folders:
        os.chown(folder, 0, 0)
    assert cluster.run() is None
    assert list(cluster.logs) == ["PrepareRun"]
    command = cluster.logs["PrepareRun"].rpartition("run: ")[2].splitlines()[0].removesuffix(".")
    subprocess.run(["sh", "-c", command], check=True)
    assert {folder.stat().st_uid for folder in folders} == {1000}
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o755}


def test_a_parameter_that_is_refused_ends_the_run_at_once(cluster):
    assert cluster.run(settings={"train.epoch": 3}) is None
    assert list(cluster.logs) == ["PrepareRun"]
    assert "Received: 'train.epoch'. Did you mean 'train.epochs'?" in cluster.logs["PrepareRun"]


def test_a_killed_container_fails_the_run(cluster):
    def kill(step, container):
        if step == "ImageFolderExampleGen":
            container.kill()

    assert cluster.run(kill) is None
    assert list(cluster.logs) == STEPS[:2]
    assert cluster.versions == []


def test_a_lost_database_fails_the_run(cluster):
    def lose(step, container):
        if step == "StatisticsGen":
            cluster.database.stop()

    try:
        assert cluster.run(lose) is None
    finally:
        cluster.database.start()
    assert list(cluster.logs) == STEPS[:3]
    assert cluster.versions == []
    assert "ML Metadata must be reachable from the pods" in cluster.logs["StatisticsGen"]


def test_images_in_a_released_model_out(cluster):
    outputs = cluster.run()
    assert outputs is not None
    # Some do not depend on each other.
    assert sorted(cluster.logs) == sorted(STEPS)
    assert (next(iter(cluster.logs)), list(cluster.logs)[-1]) == ("PrepareRun", "Pusher")
    # What the run before it had done.
    assert cached(cluster) == {"ImageFolderExampleGen"}
    [version] = cluster.versions
    assert outputs["released"] is True
    assert outputs["model"] == str(cluster.models / version)
    assert outputs["verdict"].startswith("Released: all ")
    log = cluster.logs["Pusher"]
    assert f"A new model was trained; version {version} was pushed." in log
    assert f"Version {version}" in log
    assert states(cluster) <= {"3", "4", "5"}


def test_the_model_answers(cluster):
    [version] = cluster.versions
    model = tf.saved_model.load(str(cluster.models / version))
    paths = sorted(SAMPLE.glob("*/*"))[::100]
    answers = model.signatures["serving_default"](
        image_bytes=tf.constant([path.read_bytes() for path in paths])
    )
    right = [
        answer.decode() == path.parent.name
        for answer, path in zip(answers["top_class"].numpy(), paths, strict=True)
    ]
    assert len(right) == 20
    # By chance it would be 2.
    assert sum(right) >= 8


def test_what_the_pages_of_kubeflow_show(cluster):
    [report] = cluster.volume.glob("kfp/*/modelreport/report")
    assert report.read_text().startswith("<!DOCTYPE html>")
    [output] = cluster.volume.glob("kfp/*/modelreport/executor_output.json")
    said = json.loads(output.read_text())["artifacts"]
    matrix = said["confusion_matrix"]["artifacts"][0]["metadata"]["confusionMatrix"]
    metrics = said["metrics"]["artifacts"][0]["metadata"]
    counted = sum(sum(row["row"]) for row in matrix["rows"])
    assert (len(matrix["annotationSpecs"]), counted) == (10, metrics["test_images"])
    assert 0.2 < metrics["accuracy_low"] < metrics["accuracy"] < metrics["accuracy_high"] <= 1


def test_an_unchanged_run_is_served_from_the_cache(cluster):
    before = cluster.versions
    outputs = cluster.run()
    assert outputs is not None
    assert cached(cluster) == {*STEPS} - NEVER_CACHED
    assert cluster.versions == before
    assert outputs["model"] == str(cluster.models / before[0])
    assert (
        "Data, code and configuration of the training are unchanged: no new model was trained"
        in cluster.logs["Pusher"]
    )


def test_a_new_image_is_trained_on_and_a_refused_model_is_not_pushed(cluster):
    before = cluster.versions
    new = sorted((SAMPLE / "Bag").iterdir())[-1]
    shutil.copy(new, cluster.volume / "images" / "Bag")
    outputs = cluster.run(evaluate_min_accuracy=0.999)
    assert outputs is not None
    assert sorted(cluster.logs) == sorted([*STEPS, "ModelRefused"])
    assert cached(cluster) == {"ImportSchemaGen"}
    assert (outputs["released"], outputs["model"]) == (False, "")
    assert outputs["verdict"] in cluster.logs["ModelRefused"]
    assert cluster.versions == before
