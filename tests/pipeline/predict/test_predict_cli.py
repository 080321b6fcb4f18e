import contextlib
import io
import json
import os
import pathlib
import sys

import pytest

from components.errors import PipelineError
from pipeline.predict import predict_cli
from pipeline.predict.quiet import quiet_standard_error
from tests.pipeline.predict.fake_predictor import FakePredictor

ROW = {"file": "a.png", "class": "Bag", "probability": 0.5, "error": None}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A current directory with a pushed model, three images and a hidden file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for path in ("serving/photos/1795327453/saved_model.pb", "other/bags/1/saved_model.pb"):
        pathlib.Path(path).parent.mkdir(parents=True)
        pathlib.Path(path).write_bytes(b"")
    pathlib.Path("folder").mkdir()
    for path in ("a.png", "folder/b.png", "folder/broken.png", "folder/.DS_Store"):
        pathlib.Path(path).write_bytes(b"")


def predict(capsys, *argv: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    status = predict_cli.main(argv, FakePredictor)
    return status, *capsys.readouterr()


def test_one_image(capsys):
    assert predict(capsys, "--json", "a.png") == (
        0,
        json.dumps([ROW], indent=2) + "\n",
        "photos, version 1795327453: predictions for 1 image.\n",
    )


def test_a_broken_image_costs_the_others_nothing(capsys):
    assert predict(capsys, "--csv", "folder", "a.png") == (
        1,
        "file,class,probability,error\n"
        "folder/b.png,Bag,0.5,\n"
        "folder/broken.png,,,empty file: 0 bytes\n"
        "a.png,Bag,0.5,\n",
        "photos, version 1795327453: predictions for 3 images. "
        "Left out (hidden, a link to a folder, or special): 1.\n",
    )


@pytest.mark.parametrize("flags", [[], ["--table"]])
def test_a_table_is_the_default_and_a_file_gets_no_bar(capsys, flags):
    status, out, error = predict(capsys, *flags, *["a.png"] * 65)
    assert (status, error) == (0, "photos, version 1795327453: predictions for 65 images.\n")
    assert out == "file   class  probability\n" + 65 * "a.png  Bag         0.5000\n"


@pytest.mark.parametrize(
    ("flags", "folder"),
    [
        ([], "serving/photos"),
        (["--serving", "other"], "other/bags"),
        (["--model", "other/bags"], "other/bags"),
        (["--model=other/bags/"], "other/bags"),
    ],
)
def test_which_model_is_loaded(capsys, flags, folder):
    loaded = []

    def load(model_folder: str) -> FakePredictor:
        loaded.append(model_folder)
        return FakePredictor(model_folder)

    assert predict_cli.main([*flags, "a.png"], load) == 0
    assert loaded == [folder]
    assert capsys.readouterr().err.startswith(f"{pathlib.Path(folder).name}, version 1795327453:")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "the following arguments are required: IMAGE"),
        (["--json", "--csv", "a.png"], "argument --csv: not allowed with argument --json"),
        (
            ["--model", "a", "--serving", "b", "a.png"],
            "argument --serving: not allowed with argument --model",
        ),
        (["--js", "a.png"], "unrecognized arguments: --js"),
        (
            ["a.png", "[red]none.png"],
            "IMAGE must be a file or a folder of this machine. Received, and not found: "
            "[red]none.png. Check the spelling.",
        ),
    ],
)
def test_wrong_use(capsys, argv, message):
    with pytest.raises(SystemExit) as caught:
        predict(capsys, *argv)
    out, error = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert error.startswith("usage: python -m pipeline.predict [-h]")
    assert error.endswith(f"\npython -m pipeline.predict: error: {message}\n")


def push(*versions: str) -> None:
    for version in versions:
        path = pathlib.Path(version, "saved_model.pb")
        path.parent.mkdir(parents=True)
        path.touch()


@pytest.mark.parametrize(
    "versions", [["s/a/1"], ["s/a/9", "s/a/11"], ["s/a/9", "s/c/latest"], ["s/a/9", "s/b/.unf-9"]]
)
def test_the_only_model(capsys, versions):
    push(*versions)
    pathlib.Path("s/z/99").mkdir(parents=True)
    assert predict(capsys, "--serving=s", "a.png")[2].startswith("a, version ")


@pytest.mark.parametrize("serving", ["empty", "[red]none"])
def test_no_model(capsys, serving):
    push("empty/a/.unfinished-9")
    assert predict(capsys, "--serving", serving, "a.png") == (
        1,
        "",
        f"error: A model must have been pushed. Received: {serving} without versions of any model. "
        "Run the pipeline first, or give another folder with --serving or --model.\n",
    )


@pytest.mark.parametrize("model", ["other", "other/bags/1", "none"])
def test_a_folder_that_is_no_model(capsys, model):
    assert predict(capsys, "--model", model, "a.png") == (
        1,
        "",
        "error: --model must be the folder of a pushed model, <serving>/<name>. "
        f"Received: {model} without versions. Run the pipeline first, or give another.\n",
    )


def test_several_models_are_wrong_use(capsys):
    """Fault D9: whichever was pushed last was asked, of any name."""
    push("serving/my pets/7")
    status, out, error = predict(capsys, "a.png")
    assert (status, out) == (2, "")
    assert "Received: 2." in error
    assert error.endswith("\n  --model 'serving/my pets'\n  --model serving/photos\n")


def test_interrupted(capsys):
    def load(model_folder: str) -> FakePredictor:
        raise KeyboardInterrupt

    assert predict_cli.main(["a.png"], load) == 130
    assert capsys.readouterr() == ("", "Interrupted.\n")


class Terminal(io.StringIO):
    """What the user sees; says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("images", "has_bar"), [(64, False), (65, True)])
def test_a_terminal_shows_a_bar_for_many_images(monkeypatch, images, has_bar):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert predict_cli.main(["a.png"] * images, FakePredictor) == 0
    shown = sys.stderr.getvalue()
    assert "Loading TensorFlow and the model ..." in shown
    assert f"predictions for {images} images." in shown
    assert ("Classifying" in shown) == has_bar


def test_what_decoders_say_of_damaged_files_is_not_shown(capfd):
    class NoisyPredictor(FakePredictor):
        def predict(self, files):
            os.write(2, b"Corrupt JPEG data: premature end of data segment\n")
            yield from super().predict(files)

    assert predict_cli.main(["a.png"], NoisyPredictor) == 0
    assert capfd.readouterr().err == "photos, version 1795327453: predictions for 1 image.\n"


@pytest.mark.parametrize(
    ("error", "shown"),
    [(None, ""), (ZeroDivisionError(), "greetings\n"), (PipelineError(), "")],
    ids=["quiet", "after a defect nothing is held back", "an error for the user says it all"],
)
def test_greetings_on_standard_error(capfd, error, shown):
    with contextlib.suppress(ZeroDivisionError, PipelineError), quiet_standard_error():
        os.write(2, b"greetings\n")
        if error is not None:
            raise error
    os.write(2, b"more\n")
    assert capfd.readouterr().err == f"{shown}more\n"


@pytest.mark.parametrize("flags", [["--serving=~/serving"], ["--model=~/serving/photos"]])
def test_the_home_folder(capsys, tmp_path, monkeypatch, flags):
    """Fault D6: a shell leaves the ~ in the middle of an argument."""
    monkeypatch.setenv("HOME", str(tmp_path))
    status, out, _ = predict(capsys, "--json", *flags, "~/a.png")
    assert (status, json.loads(out)[0]["file"]) == (0, f"{tmp_path}/a.png")
