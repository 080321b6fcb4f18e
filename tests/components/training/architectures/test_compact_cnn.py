"""The compact network: its layers, its normalization against Keras's, and what it refuses."""

import re
from collections.abc import Iterator

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.features import ImageShape
from components.training import architectures

FASHION_MNIST = ImageShape(28, 28, 1)
CIFAR_10 = ImageShape(32, 32, 3)


@pytest.fixture
def bfloat16() -> Iterator[None]:
    """Mixed precision, as the training sets it on hardware that gains from it."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


def build(shape: ImageShape, classes: int = 10, **options: int) -> keras.Model:
    return architectures.load("compact_cnn", options).build_model(shape, classes)


def random_pixels(images: int, shape: ImageShape) -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (images, *shape.dimensions), dtype=np.uint8)


def normalization_of(model: keras.Model) -> keras.layers.BatchNormalization:
    return model.get_layer("stage_1_normalization")


def test_layers() -> None:
    model = build(CIFAR_10, width=4, depth=1)
    assert model.name == "compact_cnn"
    assert [layer.name for layer in model.layers[:11]] == [
        "pixels",
        "rescale",
        "stage_1",
        "stage_1_pool",
        "stage_1_normalization",
        "stage_1_relu",
        "stage_1_residual_1",
        "stage_1_residual_1_normalization",
        "stage_1_residual_1_relu",
        "stage_1_residual_1_add",
        "stage_2",
    ]
    assert [layer.name for layer in model.layers[-2:]] == ["average", "probabilities"]


@pytest.mark.parametrize(
    ("shape", "options", "parameters"),
    [
        # 9 * (3*64 + 64*64 + 64*128 + 128*128 + 128*256 + 256*256) weights, four numbers for each
        # of 2 * (64 + 128 + 256) normalized filters, and (256 + 1) * 10.
        (CIFAR_10, {}, 1_150_666),
        (CIFAR_10, {"width": 32}, 289_642),
        (FASHION_MNIST, {"width": 32}, 289_066),
        (CIFAR_10, {"width": 32, "depth": 0}, 95_210),
    ],
)
def test_parameters(shape: ImageShape, options: dict[str, int], parameters: int) -> None:
    assert build(shape, **options).count_params() == parameters


def test_each_stage_halves_the_image_and_doubles_the_filters() -> None:
    model = build(ImageShape(96, 40, 3), width=4, depth=2)
    outputs = [model.get_layer(f"stage_{stage}_residual_2_add").output for stage in (1, 2, 3)]
    assert [output.shape[1:] for output in outputs] == [(48, 20, 4), (24, 10, 8), (12, 5, 16)]


@pytest.mark.parametrize("shape", [ImageShape(8, 9, 1), ImageShape(17, 16, 3)])
@pytest.mark.parametrize("depth", [0, 2])
def test_returns_probabilities(shape: ImageShape, depth: int) -> None:
    model = build(shape, classes=4, width=3, depth=depth)
    probabilities = model(random_pixels(5, shape), training=False).numpy()
    assert probabilities.shape == (5, 4)
    assert probabilities.dtype == np.float32
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), np.ones(5), atol=1e-6)


@pytest.mark.usefixtures("bfloat16")
def test_probabilities_are_float32_where_the_rest_is_not() -> None:
    model = build(CIFAR_10, width=4)
    assert normalization_of(model).compute_dtype == "bfloat16"
    assert normalization_of(model).gamma.dtype == "float32"
    for training in (False, True):
        probabilities = model(random_pixels(4, CIFAR_10), training=training).numpy()
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities.sum(axis=1), np.ones(4), atol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_normalizes_as_keras_does(training: bool) -> None:
    features = np.random.default_rng(0).normal(3, 2, (8, 6, 6, 4)).astype(np.float32)
    ours = normalization_of(build(CIFAR_10, width=4))
    theirs = keras.layers.BatchNormalization(momentum=0.9)
    theirs.build(features.shape)
    changed = [np.linspace(0.5, 2, 4).astype(np.float32)] * 4
    ours.set_weights(changed)
    theirs.set_weights(changed)
    expected = theirs(features, training=training)
    np.testing.assert_allclose(ours(features, training=training), expected, atol=1e-5)
    # The variance of a sample, n - 1, in place of n: 288 numbers for each filter.
    for value, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(value, other, rtol=1 / 287)


def test_gradients_are_those_of_keras() -> None:
    features = tf.constant(np.random.default_rng(0).normal(3, 2, (8, 6, 6, 4)), tf.float32)
    gradients = []
    layer = normalization_of(build(CIFAR_10, width=4))
    for each in (layer, keras.layers.BatchNormalization(momentum=0.9)):
        with tf.GradientTape() as tape:
            tape.watch(features)
            loss = tf.reduce_sum(each(features, training=True) ** 3)
        gradients.append(
            tape.gradient(loss, [features, *(v.value for v in each.trainable_variables)])
        )
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_frozen_normalization_keeps_its_averages() -> None:
    layer = normalization_of(build(CIFAR_10, width=4))
    layer.trainable = False
    before = layer.get_weights()
    layer(np.full((2, 6, 6, 4), 7, np.float32), training=True)
    for value, other in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, other)


def test_learns_from_one_batch_and_from_one_image() -> None:
    model = build(ImageShape(8, 8, 1), classes=2, width=4)
    pixels = np.zeros((8, 8, 8, 1), np.uint8)
    pixels[4:] = 255
    labels = np.array([0] * 4 + [1] * 4)
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    for _ in range(30):
        model.train_on_batch(pixels, labels)
    found = model(pixels, training=False).numpy()
    np.testing.assert_array_equal(found.argmax(axis=1), labels)
    # The last stage has one number for each filter then, and no variance.
    model.train_on_batch(pixels[:1], labels[:1])
    assert np.isfinite(model(pixels, training=False)).all()


def test_can_be_saved_and_copied(tmp_path_factory: pytest.TempPathFactory) -> None:
    model = build(CIFAR_10, width=4)
    pixels = random_pixels(3, CIFAR_10)
    expected = model(pixels, training=False)
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    np.testing.assert_array_equal(keras.models.load_model(path)(pixels, training=False), expected)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy(pixels, training=False), expected)


@pytest.mark.parametrize("shape", [ImageShape(7, 28, 1), ImageShape(28, 7, 1)])
def test_refuses_images_that_nothing_would_be_left_of(shape: ImageShape) -> None:
    message = (
        "The trainer 'compact_cnn' needs images of 8x8 pixels or more. Received: "
        f"{shape.height}x{shape.width}. Enlarge image.height and image.width."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        build(shape)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "width must be at least 1. Received: 0."),
        ({"depth": -1}, "depth must be at least 0. Received: -1."),
        ({"width": 32.0}, "The option 'width' must be of type int. Received: 32.0."),
        (
            {"dept": 1},
            "There is no such option of the trainer 'compact_cnn'. Received: 'dept'. "
            "Did you mean 'depth'? Valid: width, depth.",
        ),
    ],
)
def test_refuses_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        architectures.load("compact_cnn", options)
