"""Exports: what they predict, what is written, and what is left out."""

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
from tfx import types
from tfx.types import standard_artifacts

from components.config_checks import ConfigurationError
from components.features import ImageShape
from components.serving.exports import converters, exporter
from components.serving.exports.agreement import compare
from components.serving.exports.converters import (
    open_onnx,
    open_tflite,
    to_onnx,
    to_tflite,
    to_tflite_int8,
)
from components.serving.exports.export_formats import (
    FORMATS,
    LEAST_AGREEMENT,
    ExportConfig,
    read_exports,
    read_problems,
)
from components.serving.exports.exporter import ExporterExecutor, representative_images
from tests.components.serving.exported_model import CLASS_NAMES, export
from tests.components.training.transformed_records import write_records

SHAPE = ImageShape(6, 8, 3)
layers = keras.layers
Ask = Callable[[np.ndarray], np.ndarray]


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


def classifier(model: keras.Model) -> converters.Classify:
    return lambda pixels: model(pixels, training=False)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return make_model()


@pytest.fixture(scope="module")
def exported(model: keras.Model) -> dict[str, tuple[bytes, Ask]]:
    contents = {
        "tflite": to_tflite(classifier(model), SHAPE),
        "tflite_int8": to_tflite_int8(classifier(model), SHAPE, make_images(30, seed=1)[0]),
        "onnx": to_onnx(classifier(model), SHAPE),
    }
    openers = {"tflite": open_tflite, "tflite_int8": open_tflite, "onnx": open_onnx}
    return {name: (content, openers[name](content)) for name, content in contents.items()}


@dataclasses.dataclass
class Step:
    """The step, before it: a trained model and transformed records."""

    root: pathlib.Path
    trained: pathlib.Path
    images: dict[str, int] = dataclasses.field(default_factory=lambda: {"train": 300, "eval": 50})

    def run(self, *formats: str) -> dict[str, dict[str, Any]]:
        """What is reported, by format."""
        examples = standard_artifacts.Examples()
        examples.uri = str(self.root / "examples")
        examples.split_names = '["train", "eval"]'
        for seed, (split, count) in enumerate(self.images.items(), start=1):
            pixels, labels = make_images(count, seed)
            write_records(self.root / "examples" / f"Split-{split}", pixels, labels, files=2)
        model = {"trained_model": [artifact(self.trained)], "examples": [examples]}
        ExporterExecutor().Do(
            model,
            {"model": [artifact(self.root / "made")]},
            {"formats": json.dumps(formats), "code_fingerprint": ""},
        )
        return read_exports(str(self.folder))

    @property
    def folder(self) -> pathlib.Path:
        return self.root / "made/Format-Serving"

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "assets.extra/exports").iterdir())

    def problem(self, name: str) -> str:
        """Why there is no file of the one format that is asked for."""
        [found] = self.run(name).values()
        assert (found["file"], found["bytes"], self.files) == ("", 0, ["exports.json"])
        assert read_problems(str(self.folder), [name]) == {name: found["problem"]}
        return str(found["problem"])


def artifact(folder: pathlib.Path) -> types.Artifact:
    model = standard_artifacts.Model()
    model.uri = str(folder)
    return model


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, model: keras.Model) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("trained")
    export(folder, model, SHAPE).folder.rename(folder / "Format-Serving")
    (folder / "weights.npz").write_text("weights")
    return folder


@pytest.fixture
def step(tmp_path: pathlib.Path, trained: pathlib.Path) -> Step:
    return Step(tmp_path, trained)


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
    answer = open_onnx(to_onnx(classifier(network), SHAPE))(pixels)
    np.testing.assert_allclose(answer, network.predict(pixels, verbose=0), atol=1e-5)


def test_hands_on_the_model_with_all_formats(step: Step) -> None:
    found = step.run(*FORMATS)
    assert step.files == ["exports.json", "model.onnx", "model.tflite", "model_int8.tflite"]
    folder = step.folder / "assets.extra/exports"
    assert json.loads((folder / "exports.json").read_text())["class_names"] == [*CLASS_NAMES]
    assert tuple(found) == FORMATS
    for name, row in found.items():
        assert row["bytes"] == (folder / row["file"]).stat().st_size
        assert (row["images"], row["accuracy"], row["saved_model_accuracy"]) == (50, 1.0, 1.0)
        assert row["top_1_agreement"] == 1.0
        assert row["mean_difference"] <= row["largest_difference"]
        assert row["largest_difference"] < (0.03 if name == "tflite_int8" else 1e-6)
    made, trained = (
        {path.relative_to(root) for path in root.rglob("*")}
        for root in (step.root / "made", step.trained)
    )
    assert {path.name for path in made - trained} == {"exports", *step.files}
    assert trained <= made


def test_representative_images_are_of_all_files_and_the_same_each_time(
    tmp_path: pathlib.Path,
) -> None:
    pixels = np.repeat(np.arange(100, dtype=np.uint8), 6 * 8 * 3).reshape(100, *SHAPE.dimensions)
    write_records(tmp_path, pixels, [0] * 100, files=4)
    files = sorted(map(str, tmp_path.iterdir()))
    first, second = (
        [int(image.max()) for image in representative_images(files, SHAPE)] for _ in range(2)
    )
    assert first == second != sorted(first)
    assert {number // 25 for number in first[:20]} == {0, 1, 2, 3}


class TestAnExportThatFails:
    """Fault B4: it killed the run, and the training with it."""

    def test_one_that_predicts_otherwise(self, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
        other = make_model()
        other.layers[-1].set_weights([-8 * np.eye(3, dtype=np.float32), np.zeros(3, np.float32)])
        content = to_tflite(classifier(other), SHAPE)
        monkeypatch.setattr(exporter, "to_tflite", lambda *_: content)
        # By Wilson's formula: of 0 in n, the upper end is z^2 / (n + z^2), 3.8415 / 53.8415.
        assert step.problem("tflite").startswith(
            "It must choose the SavedModel's class for a proportion of 0.999 or more of the "
            "evaluation images. Received: 0.0000 (0.0000 to 0.0713) of 50 images, accuracy 0.0000 "
            "against 1.0000, probabilities up to "
        )

    def test_few_images_are_no_proof_of_a_difference(
        self, step: Step, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """49 of 50 are below 0.999, and an export of which 0.9965 agree does that by chance."""
        genuine = exporter.compare

        def one_disagrees(*arguments: Any) -> dict[str, Any]:
            found = genuine(*arguments)["tflite"]
            # Wilson's interval of 49 in 50.
            interval = (0.8950, 0.9965)
            return {
                "tflite": dataclasses.replace(
                    found, top_1_agreement=0.98, agreement_interval=interval
                )
            }

        monkeypatch.setitem(LEAST_AGREEMENT, "tflite", 0.99)
        monkeypatch.setattr(exporter, "compare", one_disagrees)
        found = step.run("tflite")["tflite"]
        assert (found["file"], found["problem"]) == ("model.tflite", "")

    def test_one_that_cannot_be_converted_leaves_the_others(
        self, step: Step, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> bytes:
            raise RuntimeError("no such operation: Xyz.\nmore")

        monkeypatch.setattr(exporter, "to_tflite", fail)
        assert step.run("tflite", "onnx")["tflite"]["problem"] == (
            "The network must have nothing that tflite lacks. Received: a model whose conversion "
            "failed: no such operation: Xyz. Leave tflite out of the exports, or choose another "
            "trainer."
        )
        assert step.files == ["exports.json", "model.onnx"]
        assert read_problems(str(step.folder), ["onnx", "tflite_int8"]) == {
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
        self,
        step: Step,
        images: Sequence[np.ndarray],
        received: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(exporter, "representative_images", lambda *_: images)
        assert step.problem("tflite_int8") == (
            "Representative images must be one or more of uint8 [6, 8, 3]. "
            f"Received: {received}. Give images of the training split, as training sees them."
        )

    def test_an_empty_evaluation(self, step: Step) -> None:
        step.images["eval"] = 0
        assert "there must be one or more. Received: none." in step.problem("tflite")

    def test_a_prediction_that_is_no_number(
        self, step: Step, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            exporter, "open_tflite", lambda _: lambda pixels: np.full((len(pixels), 3), np.nan)
        )
        assert step.problem("tflite").startswith("The probabilities must be finite numbers")
        assert read_exports(str(step.folder))["tflite"]["largest_difference"] is None


def test_refuses_a_format_that_there_is_not() -> None:
    with pytest.raises(ConfigurationError) as caught:
        ExportConfig("tflite,tflite_in8")
    assert str(caught.value) == (
        "export.formats must be one of tflite, tflite_int8, onnx. Received: "
        "export.formats='tflite_in8'. Did you mean 'tflite_int8'?"
    )
    # In one order, so that another one exports nothing anew.
    assert ExportConfig(" onnx , tflite,onnx").names == ("tflite", "onnx")
    assert ExportConfig().names == ()


def test_a_model_that_was_not_exported_has_no_exports(tmp_path: pathlib.Path) -> None:
    assert read_exports(str(tmp_path)) == {}


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
        "import sys; from components.serving.exports.export_formats import FORMATS; "
        "print(*FORMATS, {'keras', 'tensorflow'} & set(sys.modules))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed == f"{' '.join(FORMATS)} set()\n"
