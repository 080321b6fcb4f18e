"""Both models are asked about each test image, whatever the order of the records."""

import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components import features
from components.artifact_types import TestPredictions
from components.evaluation.test_set_predictor import TestSetPredictorExecutor, predict
from components.predictions import read_predictions
from tests.components.serving.exported_model import CLASS_NAMES, ExportedModel
from tests.image_files import encode_image
from tests.records import read_examples

IMAGES = {f"{number:03}.png": encode_image((20, 20), seed=number) for number in range(130)}


def write_records(folder: pathlib.Path, names: list[str]) -> str:
    folder.mkdir(parents=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(folder / "data.gz"), options) as writer:
        for name in names:
            values = {
                features.IMAGE_FILENAME: name.encode(),
                features.IMAGE_SHA256: f"digest of {name}".encode(),
                features.CLASS_TEXT: CLASS_NAMES[int(name[:3]) % 3].encode(),
                features.IMAGE_ENCODED: IMAGES[name],
            }
            example = tf.train.Example()
            for key, value in values.items():
                example.features.feature[key].bytes_list.value.append(value)
            writer.write(example.SerializeToString())
    return str(folder)


def test_all_images_of_all_spans(tmp_path: pathlib.Path, color_model: ExportedModel) -> None:
    names = list(IMAGES)
    folders = [
        write_records(tmp_path / "1", names[100:]),
        write_records(tmp_path / "2", names[99::-1]),
    ]
    found = predict(folders, [str(color_model.folder)])
    assert found.filenames.tolist() == names
    assert found.sha256s.tolist() == [f"digest of {name}" for name in names]
    assert found.class_texts.tolist() == [CLASS_NAMES[number % 3] for number in range(130)]
    assert found.model.class_names == CLASS_NAMES
    expected = np.stack([color_model.probabilities(image) for image in IMAGES.values()])
    np.testing.assert_allclose(found.model.probabilities, expected, rtol=0, atol=1e-6)
    assert found.baseline is None


@pytest.mark.parametrize("has_baseline", [False, True])
def test_the_step(
    tmp_path: pathlib.Path,
    color_model: ExportedModel,
    gray_model: ExportedModel,
    has_baseline: bool,
) -> None:
    inputs = {"examples": [standard_artifacts.Examples()]}
    models = {"model": color_model} | ({"baseline_model": gray_model} if has_baseline else {})
    for key, exported in models.items():
        (tmp_path / key).mkdir()
        (tmp_path / key / "Format-Serving").symlink_to(exported.folder)
        inputs[key] = [standard_artifacts.Model()]
    for key, [artifact] in inputs.items():
        artifact.uri = str(tmp_path / key)
    inputs["examples"][0].split_names = json.dumps(["train", "test"])
    write_records(tmp_path / "examples/Split-test", list(IMAGES)[:3])
    predictions = TestPredictions()
    predictions.uri = str(tmp_path / "predictions")
    pathlib.Path(predictions.uri).mkdir()
    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path / "output_examples")
    outputs = {"predictions": [predictions], "output_examples": [examples]}
    TestSetPredictorExecutor().Do(inputs, outputs, {})
    read = read_predictions(predictions.uri)
    assert len(read) == 3
    assert (read.baseline is not None) == has_baseline
    assert len(list(read_examples(f"{examples.uri}/Split-test"))) == 3
    if read.baseline is not None:
        gray = gray_model.probabilities(IMAGES["000.png"])
        np.testing.assert_allclose(read.baseline.probabilities[0], gray, rtol=0, atol=1e-6)


def test_no_images(tmp_path: pathlib.Path, color_model: ExportedModel) -> None:
    found = predict([write_records(tmp_path / "1", [])], [str(color_model.folder)])
    assert len(found) == 0
