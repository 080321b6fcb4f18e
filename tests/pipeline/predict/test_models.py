import pathlib

import pytest

from components.errors import PipelineError
from pipeline.predict.models import SeveralModelsError, choose_model


def push(*versions: str) -> None:
    for version in versions:
        path = pathlib.Path(version)
        path.mkdir(parents=True)
        (path / "saved_model.pb").write_bytes(b"")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("versions", [["s/a/1"], ["s/a/9", "s/a/11"], ["s/a/9", "s/c/latest"]])
def test_the_only_model(versions):
    push(*versions, "s/b/.unfinished-10")
    pathlib.Path("s/z/99").mkdir(parents=True)
    assert choose_model(pathlib.Path("s"), None) == pathlib.Path("s/a")


def test_several_models_are_listed_and_none_is_chosen():
    """Fault D9: whichever was pushed last was asked, of any name."""
    push("s/my pets/9", "s/b/10")
    with pytest.raises(SeveralModelsError) as caught:
        choose_model(pathlib.Path("s"), None)
    assert "Received: 2." in str(caught.value)
    assert str(caught.value).endswith("\n  --model s/b\n  --model 's/my pets'")


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
