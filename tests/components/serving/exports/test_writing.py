"""Exports: what they answer, what is written, and what is refused."""

import dataclasses
import json
import pathlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf

from components.errors import PipelineError
from components.features import ImageShape
from components.serving.exports import tflite, writing
from components.serving.exports.comparing import compare
from components.serving.exports.formats import FORMATS, check_formats
from components.serving.exports.onnx_file import open_onnx, to_onnx
from components.serving.exports.tflite import open_tflite, to_tflite, to_tflite_int8
from components.serving.exports.writing import read_problems, write_exports

SHAPE = ImageShape(6, 8, 3)
layers = keras.layers
Ask = Callable[[np.ndarray], np.ndarray]


class Served(tf.Module):
    """What a SavedModel offers to those who check it."""

    def __init__(self, model: keras.Model):
        super().__init__()
        self._weights = model.weights
        self._call: Ask = lambda pixels: model(pixels, training=False)

    @tf.function(input_signature=[tf.TensorSpec([None, *SHAPE.dimensions], tf.uint8)])
    def classify_pixels(self, pixels: tf.Tensor) -> tf.Tensor:
        return self._call(pixels)


def make_model() -> keras.Model:
    """Says which channel is the brightest, by a convolution with known weights."""
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    for channel in range(3):
        kernel[:, :, channel, channel] = 1 / 9
    convolution = layers.Conv2D(3, 3, use_bias=False)
    dense = layers.Dense(3, activation="softmax")
    model = keras.Sequential(
        [
            keras.Input(SHAPE.dimensions),
            layers.Rescaling(1 / 255),
            convolution,
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            dense,
        ]
    )
    convolution.set_weights([kernel])
    dense.set_weights([8 * np.eye(3, dtype=np.float32), np.zeros(3, np.float32)])
    return model


def make_images(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noise, brighter in one channel, which is the label."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 128, (count, *SHAPE.dimensions))
    labels = np.arange(count) % 3
    pixels[np.arange(count), :, :, labels] += generator.integers(20, 128, (count, 1, 1))
    return pixels.astype(np.uint8), labels.astype(np.int64)


def batches(count: int = 50) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(make_images(count)).batch(16)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return make_model()


@pytest.fixture(scope="module")
def exported(model: keras.Model) -> dict[str, tuple[bytes, Ask]]:
    contents = {
        "tflite": to_tflite(model, SHAPE),
        "tflite_int8": to_tflite_int8(model, SHAPE, make_images(30, seed=1)[0]),
        "onnx": to_onnx(model, SHAPE),
    }
    openers = {"tflite": open_tflite, "tflite_int8": open_tflite, "onnx": open_onnx}
    return {name: (content, openers[name](content)) for name, content in contents.items()}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, model: keras.Model) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("saved")
    tf.saved_model.save(Served(model), str(folder))
    return folder


@pytest.mark.parametrize(
    ("name", "tolerance"), [("tflite", 1e-6), ("onnx", 1e-6), ("tflite_int8", 0.03)]
)
@pytest.mark.parametrize("count", [1, 7, 3])
def test_answers_as_the_model_does(
    exported: dict[str, tuple[bytes, Ask]],
    model: keras.Model,
    name: str,
    tolerance: float,
    count: int,
) -> None:
    pixels, _ = make_images(count, seed=2)
    answer = exported[name][1](pixels)
    assert (answer.shape, answer.dtype) == ((count, 3), np.float32)
    np.testing.assert_allclose(answer, model.predict(pixels, verbose=0), atol=tolerance)


@pytest.mark.parametrize(
    ("name", "probabilities", "quantization"),
    [("tflite", np.float32, (0.0, 0)), ("tflite_int8", np.uint8, (1 / 256, 0))],
)
def test_what_a_tflite_file_takes_and_gives(
    exported: dict[str, tuple[bytes, Ask]],
    name: str,
    probabilities: type,
    quantization: tuple[float, int],
) -> None:
    interpreter = tf.lite.Interpreter(model_content=exported[name][0])
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert taken["shape"].tolist() == [1, 6, 8, 3]
    assert taken["shape_signature"].tolist() == [-1, 6, 8, 3]
    assert taken["dtype"] is np.uint8
    # Pixels are given as they are.
    assert taken["quantization"] in [(0.0, 0), (1.0, 0)]
    assert (given["dtype"], given["quantization"]) == (probabilities, quantization)


def test_int8_has_nothing_in_float(exported: dict[str, tuple[bytes, Ask]]) -> None:
    interpreter = tf.lite.Interpreter(model_content=exported["tflite_int8"][0])
    kinds = {tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    assert kinds <= {np.uint8, np.int8, np.int32}


def test_what_an_onnx_file_takes_and_gives(exported: dict[str, tuple[bytes, Ask]]) -> None:
    proto = onnx.load_from_string(exported["onnx"][0])
    onnx.checker.check_model(proto, full_check=True)
    described = []
    for tensor in (*proto.graph.input, *proto.graph.output):
        kind = tensor.type.tensor_type
        sizes = [size.dim_param or size.dim_value for size in kind.shape.dim]
        described.append((tensor.name, kind.elem_type, sizes))
    assert described == [
        ("pixels", onnx.TensorProto.UINT8, ["batch", 6, 8, 3]),
        ("probabilities", onnx.TensorProto.FLOAT, ["batch", 3]),
    ]


def test_a_normalization_layer_can_be_exported() -> None:
    normalization = layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0])
    tail = [layers.GlobalAveragePooling2D(), layers.Softmax()]
    network = keras.Sequential([keras.Input(SHAPE.dimensions), normalization, *tail])
    pixels, _ = make_images(2)
    answer = open_onnx(to_onnx(network, SHAPE))(pixels)
    np.testing.assert_allclose(answer, network.predict(pixels, verbose=0), atol=1e-5)


def test_writes_all_formats(saved: pathlib.Path, model: keras.Model) -> None:
    names = ["Ankle boot", "größe", "寿司"]
    # Twice: the second takes the place of the first.
    write_exports(str(saved), model, SHAPE, ["onnx"], [], batches())
    images = iter(make_images(300, seed=1)[0])
    found = write_exports(str(saved), model, SHAPE, FORMATS, images, batches(), names)
    folder = saved / "assets.extra" / "exports"
    files = ["exports.json", "model.onnx", "model.tflite", "model_int8.tflite"]
    assert sorted(path.name for path in folder.iterdir()) == files
    assert [path.name for path in folder.parent.iterdir()] == ["exports"]
    assert len([*images]) == 300 - tflite.MOST_REPRESENTATIVE
    report = json.loads((folder / "exports.json").read_text())
    assert report["class_names"] == names
    assert tuple(report["formats"]) == tuple(found) == FORMATS
    for name, row in report["formats"].items():
        assert row["bytes"] == found[name].bytes == (folder / row["file"]).stat().st_size
        assert (row["images"], row["accuracy"], row["saved_model_accuracy"]) == (50, 1.0, 1.0)
        assert row["top_1_agreement"] == 1.0
        assert row["mean_difference"] <= row["largest_difference"]
        assert row["largest_difference"] < (0.03 if name == "tflite_int8" else 1e-6)


def test_no_formats_write_nothing(tmp_path: pathlib.Path, model: keras.Model) -> None:
    assert write_exports(str(tmp_path), model, SHAPE, [], [], batches()) == {}
    assert [*tmp_path.iterdir()] == []


def problem(saved: pathlib.Path, *arguments: Any) -> str:
    """Why there is no file of the one format that is asked for."""
    [export] = write_exports(str(saved), *arguments).values()
    assert (export.file, export.bytes) == ("", 0)
    assert [path.name for path in (saved / "assets.extra/exports").iterdir()] == ["exports.json"]
    assert read_problems(str(saved), arguments[2]) == {arguments[2][0]: export.problem}
    return export.problem


class TestAnExportThatFails:
    """Fault B4: it killed the run, and the training with it."""

    def test_one_that_predicts_otherwise(self, tmp_path: pathlib.Path, model: keras.Model) -> None:
        other = make_model()
        other.layers[-1].set_weights([-8 * np.eye(3, dtype=np.float32), np.zeros(3, np.float32)])
        tf.saved_model.save(Served(other), str(tmp_path))
        message = problem(tmp_path, model, SHAPE, ["tflite"], [], batches())
        # By Wilson's formula: of 0 in n, the upper end is z^2 / (n + z^2), 3.8415 / 53.8415.
        assert message.startswith(
            "It must choose the SavedModel's class for a proportion of 0.999 or more of the "
            "evaluation images. Received: 0.0000 (0.0000 to 0.0713) of 50 images, accuracy 1.0000 "
            "against 0.0000, probabilities up to "
        )

    def test_few_images_are_no_proof_of_a_difference(
        self, saved: pathlib.Path, model: keras.Model, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """49 of 50 are below 0.999, and an export of which 0.9965 agree does that by chance."""
        genuine = writing.compare

        def one_disagrees(*arguments: Any) -> dict[str, Any]:
            found = genuine(*arguments)["tflite"]
            # Wilson's interval of 49 in 50.
            interval = (0.8950, 0.9965)
            return {
                "tflite": dataclasses.replace(
                    found, top_1_agreement=0.98, agreement_interval=interval
                )
            }

        monkeypatch.setitem(writing.LEAST_AGREEMENT, "tflite", 0.99)
        monkeypatch.setattr(writing, "compare", one_disagrees)
        found = write_exports(str(saved), model, SHAPE, ["tflite"], [], batches())
        assert (found["tflite"].file, found["tflite"].problem) == ("model.tflite", "")

    def test_one_that_cannot_be_converted_leaves_the_others(
        self, saved: pathlib.Path, model: keras.Model, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> bytes:
            raise RuntimeError("no such operation: Xyz.\nmore")

        monkeypatch.setattr(writing, "to_tflite", fail)
        found = write_exports(str(saved), model, SHAPE, ["tflite", "onnx"], [], batches())
        assert found["tflite"].problem == (
            f"The network must have nothing that tflite lacks. Received: the model {model.name!r}, "
            "whose conversion failed: no such operation: Xyz. Leave tflite out of the exports, or "
            "choose another trainer."
        )
        folder = saved / "assets.extra" / "exports"
        assert sorted(path.name for path in folder.iterdir()) == ["exports.json", "model.onnx"]
        assert read_problems(str(saved), ["onnx", "tflite_int8"]) == {
            "onnx": "",
            "tflite_int8": "It was not made: export.formats did not name it.",
        }

    @pytest.mark.parametrize(
        ("images", "received"),
        [
            ([], "none"),
            ([np.zeros((6, 8, 1), np.uint8)], "((6, 8, 1), 'uint8')"),
            ([np.zeros((6, 8, 3), np.float32)], "((6, 8, 3), 'float32')"),
        ],
    )
    def test_wrong_representatives(
        self, saved: pathlib.Path, model: keras.Model, images: Sequence[np.ndarray], received: str
    ) -> None:
        assert problem(saved, model, SHAPE, ["tflite_int8"], images, batches()) == (
            "Representative images must be one or more of uint8 [6, 8, 3]. "
            f"Received: {received}. Give images of the training split, as training sees them."
        )

    def test_an_empty_evaluation(self, saved: pathlib.Path, model: keras.Model) -> None:
        message = problem(saved, model, SHAPE, ["tflite"], [], batches().take(0))
        assert "of which there must be one or more. Received: none." in message

    def test_a_prediction_that_is_no_number(
        self, saved: pathlib.Path, model: keras.Model, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            writing, "open_tflite", lambda _: lambda pixels: np.full((len(pixels), 3), np.nan)
        )
        message = problem(saved, model, SHAPE, ["tflite"], [], batches())
        assert message.startswith("The probabilities must be finite numbers")
        report = json.loads((saved / "assets.extra/exports/exports.json").read_text())
        assert report["formats"]["tflite"]["largest_difference"] is None


def test_a_failed_write_leaves_nothing(
    tmp_path: pathlib.Path, model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "disk full")

    tf.saved_model.save(Served(model), str(tmp_path))
    monkeypatch.setattr(tf.io.gfile, "rename", fail)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        write_exports(str(tmp_path), model, SHAPE, ["tflite"], [], batches())
    assert [*(tmp_path / "assets.extra").iterdir()] == []


def test_refuses_a_model_of_another_precision(tmp_path: pathlib.Path) -> None:
    inputs = keras.Input(SHAPE.dimensions)
    network = keras.Model(inputs, layers.Flatten()(inputs))
    network.dtype_policy = keras.DTypePolicy("mixed_bfloat16")
    with pytest.raises(ValueError, match=r"compute in float32\. Received: bfloat16"):
        write_exports(str(tmp_path), network, SHAPE, ["onnx"], [], batches())


def test_refuses_an_unknown_format() -> None:
    check_formats(FORMATS)
    with pytest.raises(PipelineError) as caught:
        check_formats(["onnx", "tflite_in8"])
    assert str(caught.value) == (
        "A model can be exported to: tflite, tflite_int8, onnx. Received: 'tflite_in8'. "
        "Did you mean 'tflite_int8'? Correct or remove the name."
    )


def test_compares_image_by_image() -> None:
    expected = np.array([[0.9, 0.1], [0.50001, 0.49999], [0.6, 0.4], [0.2, 0.8]], np.float32)
    received = np.array([[0.8, 0.2], [0.49999, 0.50001], [0.4, 0.6], [0.2, 0.8]], np.float32)
    pixels, labels = np.zeros((4, 1, 1, 1), np.uint8), np.array([0, 1, 0, 0])
    dataset = tf.data.Dataset.from_tensor_slices((pixels, labels)).batch(4)
    found = compare(lambda _: expected, {"export": lambda _: received}, dataset)["export"]
    # The second image is a tie, the third is not.
    assert (found.images, found.top_1_agreement) == (4, 0.75)
    assert (found.accuracy, found.saved_model_accuracy) == (0.5, 0.5)
    assert found.largest_difference == pytest.approx(0.2)
    # Wilson's interval of 3 in 4.
    assert found.agreement_interval == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert found.mean_difference == pytest.approx((0.1 + 0.00002 + 0.2 + 0) / 4, abs=1e-6)


def test_the_formats_are_known_without_tensorflow() -> None:
    code = (
        "import sys; from components.serving.exports.formats import FORMATS; "
        "print(*FORMATS, {'keras', 'tensorflow'} & set(sys.modules))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed == f"{' '.join(FORMATS)} set()\n"
