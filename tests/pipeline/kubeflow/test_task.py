import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import pytest

from components.progress import StepProgress
from pipeline.config import PipelineConfig, to_dict
from pipeline.kubeflow import task
from pipeline.kubeflow.contract import check_code_version, code_version
from pipeline.kubeflow.settings import KubeflowConfig
from tests.shared_data import shared_data

REPOSITORY = pathlib.Path(__file__).parents[3]


@pytest.fixture
def run_task():
    """Runs a task in this process."""

    def run(step: str, parameters: dict[str, object], code: str | None = None) -> int:
        executor_input = json.dumps({"inputs": {"parameterValues": parameters}})
        version = code or code_version()
        arguments = ["--step", step, "--code", version, "--executor-input", executor_input]
        return task.main(arguments)

    return run


def test_a_refusal_says_the_verdict(run_task, capsys):
    assert run_task("ModelRefused", {"verdict": "Refused: accuracy."}) == 0
    assert capsys.readouterr().out == "Refused: accuracy.\n"


def test_a_task_fails_with_one_line_that_says_why(run_task, capsys):
    assert run_task("Trainer", {"run_folder": "nowhere"}) == 1
    assert capsys.readouterr().out == (
        "Trainer failed. FileNotFoundError: [Errno 2] No such file or directory: "
        "'nowhere/run.json'\n"
    )


def test_the_id_of_a_run_is_what_kubeflows_driver_filled_in(monkeypatch, tmp_path, capsys):
    """Fault A1: executor inputs that KFP's own driver made, of two ways to compile the pipeline."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos" / "cat").mkdir(parents=True)

    def prepare(pod: str) -> tuple[int, str]:
        recorded = json.loads((shared_data("kubeflow") / "pods" / pod).read_text())
        launcher = recorded["containers"][0]["command"]
        executor_input = json.loads(launcher[launcher.index("--executor_input") + 1])
        executor_input["inputs"]["parameterValues"]["data"] = "photos"
        executor_input["outputs"]["parameters"]["run_folder"]["outputFile"] = f"{tmp_path}/said"
        kubeflow = dataclasses.asdict(KubeflowConfig())
        whole = {"config": to_dict(PipelineConfig("photos")), "kubeflow": kubeflow}
        arguments = ["--step", "PrepareRun", "--code", code_version()]
        arguments += ["--executor-input", json.dumps(executor_input)]
        arguments += ["--configuration", json.dumps(whole)]
        return task.main(arguments), capsys.readouterr().out

    run = "b852e0db-a30c-4ae3-858b-bc833b3c4d44"
    status, out = prepare("run_id_as_input/preparerun.podspecpatch.json")
    assert (status, out.partition(" of ")[0]) == (0, f"Run {run}")
    assert (tmp_path / "said").read_text() == f"output/photos/runs/{run}"
    status, out = prepare("as_compiled/preparerun.podspecpatch.json")
    assert status == 1
    assert out.startswith("PrepareRun failed. Kubeflow must fill in the id of each run")


def test_the_first_task_does_not_wait_for_tfx():
    """It would take it ten times as long to say what is wrong."""
    code = (
        "import sys, pipeline.kubeflow.task\n"
        "print([name for name in ('tensorflow', 'tfx', 'sklearn') if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert shown.stdout == "[]\n"


def test_an_image_with_other_code(run_task, capsys):
    here = code_version()
    check_code_version(here)
    assert run_task("Trainer", {}, code="0.0.9+0123456789abcdef") == 1
    assert capsys.readouterr().out == (
        "Trainer failed. The image must have the very code that the pipeline was compiled from. "
        f"Received: an image with {here}, a pipeline of 0.0.9+0123456789abcdef. Build the image "
        "again, or compile the pipeline with the code of the image, then submit it again.\n"
    )


def test_progress_is_said_now_and_then(monkeypatch):
    seconds = iter([0.0, 4.0, 11.0, 12.0, 22.0])
    monkeypatch.setattr(task.time, "monotonic", lambda: next(seconds))
    said: list[str] = []
    lines = task.ProgressLines(said.append)
    for done in (1, 2000, 2001, 2002):
        lines(StepProgress(done, 4000, "images"))
    assert said == ["2,000/4,000 images", "2,002/4,000 images"]


@pytest.mark.parametrize(
    ("mask", "folders", "files"),
    [("0", "755", "644"), ("022", "755", "644"), ("077", "700", "600")],
)
def test_only_the_pods_may_change_what_is_on_the_volume(tmp_path, mask, folders, files):
    """Fault A14: Argo starts containers with a mask of 0, so that all came out as 777 and 666."""
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    settings = {
        "config": to_dict(PipelineConfig("photos")),
        "kubeflow": dataclasses.asdict(KubeflowConfig()),
    }
    executor_input = {
        "inputs": {"parameterValues": {"run_id": "r"}},
        "outputs": {"parameters": {"run_folder": {"outputFile": str(tmp_path / "kfp" / "folder")}}},
    }
    command = [sys.executable, "-m", "pipeline.kubeflow.task", "--step", "PrepareRun"]
    command += ["--code", code_version()]
    command += ["--executor-input", json.dumps(executor_input)]
    command += ["--configuration", json.dumps(settings)]
    (tmp_path / "photos").chmod(0o755)
    subprocess.run(
        ["sh", "-c", f'umask {mask} && exec "$@"', "sh", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=True,
    )
    tops = [path for path in tmp_path.iterdir() if path.name not in ("photos", "kfp")]
    made = [path for top in tops for path in (top, *top.rglob("*"))]
    assert {path.name for path in made} >= {"runs", "schemas", "run.json", "config.yaml"}
    modes = {(path.is_dir(), f"{path.stat().st_mode & 0o777:o}") for path in made}
    assert modes == {(True, folders), (False, files)}
