import pathlib

import pytest

from components.errors import PipelineError
from pipeline.predict.models import choose_model


def push(*versions: str) -> None:
    for version in versions:
        path = pathlib.Path(version)
        path.mkdir(parents=True)
        (path / "saved_model.pb").write_bytes(b"")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        (["s/a/1"], "a"),
        (["s/a/9", "s/b/10"], "b"),
        (["s/a/9", "s/a/11", "s/b/10"], "a"),
        (["s/a/9", "s/b/.unfinished-10", "s/c/latest"], "a"),
    ],
)
def test_the_newest_version_of_all_models(versions, newest):
    push(*versions)
    pathlib.Path("s/z/99").mkdir(parents=True)
    assert choose_model(pathlib.Path("s"), None) == pathlib.Path("s", newest)


def test_the_model_that_the_user_wants():
    push("s/a/9", "s/b/10", "elsewhere/c/1")
    assert choose_model(pathlib.Path("s"), pathlib.Path("elsewhere/c")) == pathlib.Path(
        "elsewhere/c"
    )


@pytest.mark.parametrize("serving", ["s", "none"])
def test_nothing_was_pushed(serving):
    pathlib.Path("s/a/9").mkdir(parents=True)
    push("s/a/.unfinished-9")
    with pytest.raises(PipelineError) as caught:
        choose_model(pathlib.Path(serving), None)
    assert str(caught.value) == (
        f"A model must have been pushed. Received: {serving} without versions of any model. "
        "Run the pipeline first, or give another folder with --serving or --model."
    )


@pytest.mark.parametrize("model", ["s", "s/a/9", "none"])
def test_a_folder_that_is_no_model(model):
    push("s/a/9")
    with pytest.raises(PipelineError) as caught:
        choose_model(pathlib.Path("s"), pathlib.Path(model))
    assert str(caught.value) == (
        "--model must be the folder of a pushed model, <serving>/<name>. "
        f"Received: {model} without versions. Run the pipeline first, or give another."
    )
