"""The image: who runs in it, what is in it, and what is not."""

import json

import pytest

from tests.docker.engine import REPOSITORY, docker

pytestmark = pytest.mark.docker


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


def test_the_health_check_imports_the_stack(image):
    [described] = json.loads(docker("inspect", image))
    kind, *command = described["Config"]["Healthcheck"]["Test"]
    assert (kind, command[2]) == ("CMD", "import tensorflow, tfx, pipeline.kubeflow.launching")
    assert in_container(image, *command) == ""


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
    packages = next(place for place, row in enumerate(rows) if "requirements.lock" in row)
    code = next(place for place, row in enumerate(rows) if "WORKDIR /app" in row)
    assert code < packages
    assert all("GB" not in row.split()[0] for row in rows[:code])


def test_the_code_is_what_is_here(image):
    from pipeline.kubeflow.code_version import code_version

    command = "from pipeline.kubeflow.code_version import code_version; print(code_version())"
    assert in_container(image, "python", "-c", command) == code_version()
    assert (REPOSITORY / "Dockerfile").exists()


def test_another_image_says_what_is_missing(image):
    from pipeline.kubeflow.compiling import COMMAND

    command = ("sh", "-c", f"cd /; PYTHONPATH=; {COMMAND}")
    finished = docker("run", "--rm", "--network=host", image, *command, check=False)
    assert finished == ""
    with pytest.raises(RuntimeError, match="Received: an image without"):
        in_container(image, *command)
