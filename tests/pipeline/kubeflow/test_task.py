import json
import logging

import pytest

from components.errors import PipelineError
from pipeline.kubeflow import code_version, progress, task
from pipeline.kubeflow.code_version import check_code_version
from pipeline.kubeflow.progress import ProgressLines


@pytest.fixture
def run_task(monkeypatch):
    """Runs a task whose signals and logging stay those of the tests."""
    monkeypatch.setattr(task.signal, "signal", lambda *_: None)
    monkeypatch.setattr(ProgressLines, "install", lambda _: None)

    def run(step: str, parameters: dict[str, object], code: str | None = None) -> int:
        executor_input = json.dumps({"inputs": {"parameterValues": parameters}})
        version = code or code_version.code_version()
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


def test_an_image_with_other_code(run_task, capsys):
    here = code_version.code_version()
    assert run_task("Trainer", {}, code="0.0.9+0123456789abcdef") == 1
    assert capsys.readouterr().out == (
        "Trainer failed. The image must have the very code that the pipeline was compiled from. "
        f"Received: an image with {here}, a pipeline of 0.0.9+0123456789abcdef. Build the image "
        "anew, or compile the pipeline with the code of the image, then submit it again.\n"
    )


def test_the_code_itself_is_accepted():
    check_code_version(code_version.code_version())
    with pytest.raises(PipelineError):
        check_code_version("0.1.0+other")


def test_progress_is_said_now_and_then(monkeypatch):
    seconds = iter([0.0, 4.0, 11.0, 12.0, 22.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    said: list[str] = []
    logger = logging.getLogger("tests.progress_lines")
    logger.handlers = [ProgressLines(said.append)]
    logger.setLevel(logging.INFO)
    for done in (1, 2000, 2001, 2002):
        extra = {"done": done, "total": 4000, "unit": "images", "detail": ""}
        logger.info("x", extra=extra)
    logger.handlers = []
    assert said == ["2,000/4,000 images", "2,002/4,000 images"]
