"""The whole command with TensorFlow and a small model, as users see it."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from components.errors import PipelineError
from components.normalization.normalization_rules import ImageRules
from components.serving.model_assets import write_rules
from pipeline.predict.predict_cli import load_predictor
from tests.image_files import write_image

REPOSITORY = pathlib.Path(__file__).parents[3]
VERSION = "1795327453"


class Brightness(tf.Module):
    """Knows dark images from bright ones: the probability is the share of white."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def serve(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        names = tf.constant(["bright", "dark"])
        bright = tf.map_fn(_share_of_white, image_bytes, fn_output_signature=tf.float32)
        probabilities = tf.stack([bright, 1 - bright], axis=1)
        return {
            "probabilities": probabilities,
            "class_names": tf.tile(names[tf.newaxis], [tf.size(image_bytes), 1]),
            "top_class": tf.gather(names, tf.argmax(probabilities, axis=1)),
        }


def _share_of_white(encoded: tf.Tensor) -> tf.Tensor:
    pixels = tf.io.decode_image(encoded, channels=1, expand_animations=False)
    return tf.reduce_mean(tf.cast(pixels, tf.float32)) / 255


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> pathlib.Path:
    """A serving directory and images."""
    folder = tmp_path_factory.mktemp("predict")
    model = Brightness()
    tf.saved_model.save(
        model,
        str(folder / "serving/brightness" / VERSION),
        signatures={"serving_default": model.serve},
    )
    write_rules(ImageRules(1), str(folder / "serving/brightness" / VERSION))
    write_image(folder / "images/[red]dark.png", color=51, mode="L")
    write_image(folder / "images/bright.jpg", color=255, mode="L", format="JPEG")
    # TensorFlow decodes no BMP to gray.
    write_image(folder / "images/half.bmp", color=128, format="BMP")
    (folder / "images/zero.png").write_bytes(b"")
    (folder / "images/text.jpg").write_text("no image")
    return folder


def predict(place: pathlib.Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.predict", *argv],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_predictions_and_nothing_else(place):
    finished = predict(place, "--json", "images")
    assert finished.stderr == f"brightness, version {VERSION}: predictions for 5 images.\n"
    predictions = json.loads(finished.stdout)
    assert [(each["file"], each["class"]) for each in predictions] == [
        ("images/[red]dark.png", "dark"),
        ("images/bright.jpg", "bright"),
        ("images/half.bmp", "bright"),
        ("images/text.jpg", None),
        ("images/zero.png", None),
    ]
    assert np.allclose([each["probability"] for each in predictions[:3]], [0.8, 1.0, 128 / 255])
    assert predictions[3]["error"] == "not an image: begins with b'no image'"
    assert predictions[4]["error"] == "empty file: 0 bytes"
    assert finished.returncode == 1


def test_a_damaged_model(tmp_path, capfd):
    version = tmp_path / "damaged/7"
    version.mkdir(parents=True)
    (version / "saved_model.pb").write_bytes(b"garbage")
    with pytest.raises(PipelineError) as caught:
        load_predictor(str(tmp_path / "damaged"))
    assert str(caught.value).startswith(
        "A pushed model must be one that TensorFlow loads. "
        f"Received: {tmp_path / 'damaged'}: Cannot parse file "
    )
    assert str(caught.value).endswith(". Remove its newest version, or push it again.")
    assert capfd.readouterr().err == ""
