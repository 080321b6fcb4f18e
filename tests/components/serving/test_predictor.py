"""Asking the newest pushed model about files."""

import dataclasses
import json
import os
import pathlib
import re
import shutil

import pytest
from PIL import ImageFile

from components import images
from components.errors import PipelineError
from components.normalization.normalization_rules import ImageRules
from components.normalization.normalize import normalize
from components.serving.model_assets import write_rules
from components.serving.predictor import Prediction, Predictor
from tests import sandboxed
from tests.components.serving.exported_model import CLASS_NAMES, ExportedModel
from tests.image_files import VARIANTS, encode_image, write_image


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
        (b"", "empty file: 0 bytes"),
        (b"this is text", "not an image: begins with b'this is text'"),
        (encode_image(size=(30, 30))[:60], "broken png: .*truncated.*"),
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


def write_file(folder: pathlib.Path, encoded: bytes) -> pathlib.Path:
    path = folder / "file"
    path.write_bytes(encoded)
    return path


def test_too_many_bytes_are_not_read(
    predictor: Predictor, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor, "_rules", ImageRules(3, max_megapixels=0.0001))
    path = write_file(tmp_path, bytes(801))
    (answer,) = predictor.predict([str(path)])
    assert answer == Prediction(str(path), error="too large: more than 800 bytes")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file"),
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (
            "[]",
            "Image rules must be an object with the keys animations, background, channels, "
            "max_megapixels. Received: []",
        ),
        (
            json.dumps({**ImageRules(3).to_dict(), "channels": 2}),
            "channels must be 1 for gray or 3 for RGB. Received: 2",
        ),
    ],
)
def test_a_model_without_its_rules(
    content: str | None, reason: str, model_folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    version = tmp_path / "12"
    shutil.copytree(model_folder / "12", version)
    path = version / "assets.extra/image_rules.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    message = (
        "A pushed model must hold the rules that its images were prepared by, "
        f"assets.extra/image_rules.json. Received: {version}: {reason}. "
        "Remove this version, or run the pipeline again."
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}$"):
        Predictor(str(tmp_path))


@pytest.mark.parametrize("kind", ["png", "tiff", "webp", "gif animated", "jpeg cmyk"])
def test_files_of_users_are_decoded_in_other_processes(
    predictor: Predictor, kind: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault C7: Pillow decoded them in TensorFlow's process, without any limit."""
    decoded = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: decoded.append(os.getpid()))
    (answer,) = predictor.predict([str(write_file(tmp_path, VARIANTS[kind]()))])
    assert answer.class_name in CLASS_NAMES
    assert decoded == []


def test_a_file_that_ends_its_worker_costs_itself_alone(
    predictor: Predictor, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault C7: a decoder that crashes was the end of all predictions."""
    monkeypatch.setattr("components.serving.predictor.read_image", sandboxed.be_killed)
    monkeypatch.setattr(predictor, "_rules", ImageRules(3, max_megapixels=1))
    path = write_file(tmp_path, VARIANTS["png"]())
    (answer,) = predictor.predict([str(path)])
    assert answer == Prediction(str(path), error="crash of the decoder: ended with status -9")


@pytest.mark.parametrize("model", ["gray_model", "color_model"])
def test_prediction_and_ingestion_see_the_same_pixels_of_every_kind_of_file(
    model: str, request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> None:
    exported: ExportedModel = request.getfixturevalue(model)
    shutil.copytree(exported.folder, tmp_path / "models/1")
    rules = ImageRules(exported.shape.channels)
    expected = []
    for name, encode in VARIANTS.items():
        path, encoded = tmp_path / name, encode()
        path.write_bytes(encoded)
        # Ingestion writes these bytes into the record that is trained on.
        record = normalize(encoded, rules, lambda one: images.decodes(one, rules.channels))
        probabilities = exported.probabilities(record.encoded)
        top = CLASS_NAMES[probabilities.argmax()]
        probability = pytest.approx(float(probabilities.max()), abs=1e-6)
        expected.append(Prediction(str(path), top, probability))
    predictor = Predictor(str(tmp_path / "models"))
    assert list(predictor.predict([str(tmp_path / name) for name in VARIANTS])) == expected


def test_a_model_is_asked_by_the_rules_that_it_was_trained_with(
    model_folder: pathlib.Path, color_model: ExportedModel, tmp_path: pathlib.Path
) -> None:
    path = write_file(tmp_path, VARIANTS["png alpha"]())
    answers = []
    for version, background in ((1, "#ff0000"), (2, "#0000ff")):
        rules = ImageRules(3, background=background)
        shutil.copytree(model_folder / "12", tmp_path / f"models/{version}")
        write_rules(rules, str(tmp_path / f"models/{version}"))
        (answer,) = Predictor(str(tmp_path / "models")).predict([str(path)])
        flat = normalize(path.read_bytes(), rules).encoded
        expected = color_model.probabilities(flat).max()
        assert answer.probability == pytest.approx(float(expected), abs=1e-6)
        answers.append(answer.probability)
    assert answers[0] != answers[1]
