"""Asking the newest pushed model about files."""

import dataclasses
import pathlib
import re
import shutil

import pytest

from components.errors import PipelineError
from components.serving.predictor import Prediction, Predictor
from tests.components.serving.exported_model import CLASS_NAMES, ExportedModel
from tests.image_files import encode_image, write_image


@pytest.fixture(scope="module")
def model_folder(
    color_model: ExportedModel, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(color_model.folder, folder / "12")
    # Older, although its name sorts after; it could not even be loaded.
    (folder / "9").mkdir()
    (folder / "9" / "saved_model.pb").write_bytes(b"no model")
    return folder


@pytest.fixture(scope="module")
def predictor(model_folder: pathlib.Path) -> Predictor:
    return Predictor(str(model_folder))


def expected_prediction(exported: ExportedModel, path: pathlib.Path) -> Prediction:
    probabilities = exported.probabilities(path.read_bytes())
    name = CLASS_NAMES[probabilities.argmax()]
    return Prediction(str(path), name, pytest.approx(float(probabilities.max()), abs=1e-6))


def write_images(folder: pathlib.Path, count: int) -> list[pathlib.Path]:
    return [write_image(folder / f"{number}.png", seed=number) for number in range(count)]


def test_loads_the_newest_version(predictor: Predictor) -> None:
    assert predictor.version == 12


@pytest.mark.parametrize("batch_size", [1, 3, 5, 32])
def test_answers_in_order(
    predictor: Predictor, color_model: ExportedModel, batch_size: int, tmp_path: pathlib.Path
) -> None:
    paths = write_images(tmp_path, 5)
    answers = list(predictor.predict([str(path) for path in paths], batch_size))
    assert answers == [expected_prediction(color_model, path) for path in paths]


def test_no_files_no_answers(predictor: Predictor) -> None:
    assert list(predictor.predict([])) == []


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "Input is empty."),
        (b"this is text", r"Unknown image file format\. One of .*PNG.* required\."),
        (encode_image(size=(30, 30))[:60], r"Invalid PNG data, size 60"),
    ],
    ids=["empty", "text", "truncated"],
)
def test_a_broken_file_costs_the_others_nothing(
    predictor: Predictor,
    color_model: ExportedModel,
    content: bytes,
    error: str,
    tmp_path: pathlib.Path,
) -> None:
    first, second = write_images(tmp_path, 2)
    broken = tmp_path / "broken.png"
    broken.write_bytes(content)
    answers = list(predictor.predict([str(first), str(broken), str(second)]))
    assert [answers[0], answers[2]] == [
        expected_prediction(color_model, first),
        expected_prediction(color_model, second),
    ]
    assert re.fullmatch(error, answers[1].error or "")
    assert dataclasses.replace(answers[1], error=None) == Prediction(str(broken))


def test_a_file_that_cannot_be_read(
    predictor: Predictor, color_model: ExportedModel, tmp_path: pathlib.Path
) -> None:
    (path,) = write_images(tmp_path, 1)
    missing = tmp_path / "missing.png"
    assert list(predictor.predict([str(missing), str(tmp_path), str(path)])) == [
        Prediction(str(missing), error="No such file or directory"),
        Prediction(str(tmp_path), error="Is a directory"),
        expected_prediction(color_model, path),
    ]


@pytest.mark.parametrize("name", ["missing", ""])
def test_says_that_no_model_was_pushed(name: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "12").mkdir()
    folder = tmp_path / name
    message = (
        f"A model must have been pushed. Received: {folder} without versions. "
        "Run the pipeline first, or point to another model."
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}$"):
        Predictor(str(folder))
