"""Networks of keras.applications: their preprocessing, their weights, and what can go wrong."""

import importlib
import pathlib
import re
import urllib.error

import keras
import numpy as np
import pytest

from components.errors import PipelineError
from components.features import ImageShape
from components.training import pretrained
from components.training.pretrained import build_classifier, check_weights, find_application

SHAPE = ImageShape(32, 32, 3)
TINY = "MobileNetV2"


def build(weights: str = "none", shape: ImageShape = SHAPE, application: str = TINY, **options):
    if application == TINY:
        options.setdefault("alpha", 0.35)
    return build_classifier(application, shape, 3, weights, [], **options)


def make_pixels(channels: int = 3) -> np.ndarray:
    random = np.random.default_rng(0)
    return random.integers(0, 256, (2, 32, 32, channels), dtype=np.uint8)


@pytest.fixture(scope="module")
def base() -> keras.Model:
    """With weights that no new network has by chance."""
    keras.utils.set_random_seed(5)
    return keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.35
    )


@pytest.fixture(scope="module")
def weights_file(base: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.weights.h5"
    base.save_weights(path)
    return path


# One for each way: to -1..1, by the mean of each color, by mean and deviation, and not at all.
@pytest.mark.parametrize(
    ("application", "module"),
    [
        ("MobileNetV2", "mobilenet_v2"),
        ("ResNet50", "resnet"),
        ("VGG16", "vgg16"),
        ("DenseNet121", "densenet"),
        ("EfficientNetB0", "efficientnet"),
        ("EfficientNetV2B0", "efficientnet_v2"),
        ("Xception", "xception"),
        ("ConvNeXtTiny", "convnext"),
    ],
)
def test_preprocessing_is_that_of_keras(application: str, module: str) -> None:
    preprocess = importlib.import_module(f"keras.applications.{module}").preprocess_input
    pixels = make_pixels().astype(np.float32)
    found = pretrained._preprocessing(application)(pixels)
    np.testing.assert_allclose(found, preprocess(pixels.copy()), atol=1e-5)


def test_is_a_chain_of_layers() -> None:
    model = build()
    names = [layer.name for layer in model.layers]
    assert names == ["pixels", "preprocess", "base", "pool", "probabilities"]
    assert model.name == "mobilenetv2"
    assert model.get_layer("probabilities").dtype_policy.name == "float32"
    probabilities = model(make_pixels()).numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), [1, 1], atol=1e-6)


def test_gray_images_are_shown_as_rgb() -> None:
    model = build(shape=ImageShape(32, 32, 1))
    colored = build()
    colored.set_weights(model.get_weights())
    gray = make_pixels(channels=1)
    assert [layer.name for layer in model.layers][1] == "gray_to_rgb"
    np.testing.assert_allclose(model(gray), colored(np.repeat(gray, 3, axis=-1)), atol=1e-6)


def test_loads_a_file_and_freezes_it(base: keras.Model, weights_file: pathlib.Path) -> None:
    model = build(str(weights_file))
    layer = model.get_layer("base")
    for value, expected in zip(layer.get_weights(), base.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected)
    assert (layer.trainable, len(model.trainable_weights)) == (False, 2)
    pixels = make_pixels()
    np.testing.assert_array_equal(model(pixels, training=True), model(pixels, training=False))


def test_without_weights_everything_learns() -> None:
    model = build()
    assert model.get_layer("base").trainable is True
    pixels = make_pixels()
    assert not np.array_equal(model(pixels, training=True), model(pixels, training=False))


def test_weights_of_another_shape(weights_file: pathlib.Path) -> None:
    message = (
        "train.options.weights must be weights of this very network (include_top=False, the same "
        f"options). Received: {weights_file}, which has others: "
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}."):
        build(str(weights_file), alpha=0.5)


def broken(path: pathlib.Path, content: bytes) -> pathlib.Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["a.weights.h5", "a.h5"])
@pytest.mark.parametrize("kind", ["empty", "text", "half"])
def test_a_broken_file(
    tmp_path: pathlib.Path, weights_file: pathlib.Path, kind: str, name: str
) -> None:
    whole = weights_file.read_bytes()
    contents = {"empty": b"", "text": b"not HDF5", "half": whole[: len(whole) // 2]}
    path = broken(tmp_path / name, contents[kind])
    message = (
        f"A file of weights must be whole HDF5 (.weights.h5, .h5). Received: {path}, which cannot "
        "be read: "
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}.*Get it again; "):
        build(str(path))


@pytest.mark.parametrize("name", ["weights.bin", "weights"])
def test_a_file_of_another_format(tmp_path: pathlib.Path, name: str) -> None:
    path = broken(tmp_path / name, b"PK")
    with pytest.raises(PipelineError, match=re.escape(f"Received: {path}")):
        build(str(path))


class Home:
    """Keras's configuration, with a home without downloads."""

    def __init__(self, folder: pathlib.Path):
        self._folder = str(folder)

    def keras_home(self) -> str:
        return self._folder


@pytest.mark.parametrize(
    "error", [urllib.error.URLError("no network"), ConnectionResetError("lost"), TimeoutError()]
)
def test_says_where_to_put_weights_that_cannot_be_downloaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, error: Exception
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(keras.src.utils.file_utils, "urlretrieve", fail)
    monkeypatch.setattr(keras.src.utils.file_utils, "config", Home(tmp_path))
    with pytest.raises(PipelineError) as caught:
        build("imagenet", ImageShape(96, 96, 3))
    message = str(caught.value)
    assert message.startswith("The ImageNet weights of MobileNetV2 could not be downloaded: ")
    if isinstance(error, urllib.error.URLError):
        assert "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5" in message
    for hint in ("~/.keras/models", "--train.options.weights FILE", "--train.options.weights none"):
        assert hint in message


# By their own names, Keras looks up EfficientNetV2's blocks and the name of ConvNeXt's file.
@pytest.mark.parametrize(
    ("application", "file"),
    [
        ("EfficientNetV2B0", "efficientnetv2-b0_notop.h5"),
        ("ConvNeXtTiny", "convnext_tiny_notop.h5"),
        ("EfficientNetB0", "efficientnetb0_notop.h5"),
        ("MobileNetV3Small", "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"),
    ],
)
def test_asks_for_the_weights_of_the_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, application: str, file: str
) -> None:
    asked = []

    def fail(url: str, *_: object) -> None:
        asked.append(url.rpartition("/")[2])
        raise ConnectionResetError("lost")

    monkeypatch.setattr(keras.src.utils.file_utils, "urlretrieve", fail)
    monkeypatch.setattr(keras.src.utils.file_utils, "config", Home(tmp_path))
    with pytest.raises(PipelineError, match="could not be downloaded"):
        build("imagenet", application=application)
    assert asked == [file]


def test_says_that_a_download_was_cut_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5"
    (tmp_path / "models").mkdir()
    broken(tmp_path / "models" / name, b"the first half")
    monkeypatch.setattr(keras.src.utils.file_utils, "config", Home(tmp_path))
    with pytest.raises(PipelineError, match=r"which cannot be read: .* cut off has to be deleted"):
        build("imagenet", ImageShape(96, 96, 3))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("ResNet5", " Did you mean 'ResNet50'?"), ("resnet50", ""), ("resnet", ""), ("", "")],
)
def test_an_unknown_network(name: str, meant: str) -> None:
    message = f"There is no such network in keras.applications. Received: {name!r}.{meant}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}") as caught:
        find_application(name)
    assert "Valid: ConvNeXtBase, " in str(caught.value)


def test_every_network_is_found() -> None:
    assert find_application("EfficientNetV2B0") is keras.applications.EfficientNetV2B0


@pytest.mark.parametrize("weights", ["imagenet", "none", "gs://bucket/a.weights.h5"])
def test_weights_that_may_be_there(weights: str) -> None:
    check_weights(weights)


def test_weights_of_a_file(weights_file: pathlib.Path) -> None:
    check_weights(str(weights_file))


@pytest.mark.parametrize("weights", ["", "imagnet", "missing/a.weights.h5", "."])
def test_weights_that_are_no_file(weights: str) -> None:
    message = (
        "weights must be imagenet (Keras downloads them at first use), none, or a file of weights "
        f"(.weights.h5 or .h5). Received: {weights!r}, which is not a file."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_weights(weights)
