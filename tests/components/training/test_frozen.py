"""Features of the frozen part: computed once, equal to what every epoch would compute."""

import logging
import pathlib
import shutil
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from components.errors import PipelineError
from components.features import ImageShape
from components.training import architectures
from components.training.data import ArrayExamples, make_augmentation
from components.training.fit import OptimizerConfig, Phase, fit_phase
from components.training.frozen import compute_features, split_base, split_frozen
from components.training.settings import AugmentConfig
from components.training_history import PhaseResult
from tests.components.training.small_examples import COUNT, make_examples, make_pixels, values_of
from tests.components.training.small_networks import make_network

SHAPE = ImageShape(4, 4, 1)
FEATURES = 4
PLENTY = 2**20


def names(model: keras.Model) -> list[str]:
    return [each.name for each in model.layers if not isinstance(each, keras.layers.InputLayer)]


def features_of(network: keras.Model, folder: pathlib.Path, **settings: object) -> ArrayExamples:
    parts = split_frozen(network)
    assert parts is not None
    common = {"batch_size": 4, "classes": 3, "memory_budget": PLENTY, "folder": str(folder)}
    return compute_features(parts[0], make_examples(), **{**common, **settings})  # type: ignore[arg-type]


def views_of(examples: ArrayExamples) -> np.ndarray:
    """[views, examples, features]."""
    return np.stack([values_of(examples, view) for view in range(examples.views)])


@pytest.mark.parametrize(
    ("dropout", "head"), [(0.0, ["probabilities"]), (0.5, ["dropout", "probabilities"])]
)
def test_parts_the_chain_before_the_first_layer_that_learns(
    dropout: float, head: list[str]
) -> None:
    network = make_network(dropout=dropout)
    parts = split_frozen(network)
    assert parts is not None
    assert names(parts[0]) == ["preprocess", "base", "pool"]
    assert [name.partition("_")[0] for name in names(parts[1])] == head
    assert parts[0].output_shape == (None, FEATURES)
    pixels = make_pixels()
    np.testing.assert_array_equal(parts[1](parts[0](pixels)), network(pixels))


def test_the_parts_have_the_weights_of_the_network() -> None:
    network = make_network()
    _, head = split_frozen(network) or (None, None)
    head.get_layer("probabilities").bias.assign([1.0, 2.0, 3.0])
    assert network.get_layer("probabilities").bias.numpy().tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("name", "shape"), [("cnn", ImageShape(18, 18, 1)), ("dense", ImageShape(4, 4, 3))]
)
def test_there_is_nothing_to_compute_once_without_a_pretrained_part(
    name: str, shape: ImageShape
) -> None:
    assert split_frozen(architectures.load(name, {}).build_model(shape, 3)) is None


def test_nor_if_it_learns() -> None:
    assert split_frozen(make_network(is_frozen=False)) is None


def test_features_are_those_of_the_images(tmp_path: pathlib.Path) -> None:
    network = make_network()
    features = features_of(network, tmp_path)
    assert features.label_counts.tolist() == [4, 3, 3]
    expected = keras.Model(network.input, network.get_layer("pool").output)(make_pixels())
    np.testing.assert_allclose(values_of(features), expected, atol=1e-6)
    assert (values_of(features).dtype, views_of(features).shape) == (np.float32, (1, COUNT, 4))
    labels = np.concatenate([labels for _, labels in features.batches(3).as_numpy_iterator()])
    assert labels.tolist() == [number % 3 for number in range(COUNT)]
    assert list(tmp_path.iterdir()) == []


# With views of COUNT * 4 features of 4 bytes each.
@pytest.mark.parametrize(("memory_budget", "on_disk"), [(160, False), (159, True)])
def test_what_exceeds_the_budget_lies_on_disk(
    tmp_path: pathlib.Path, memory_budget: int, on_disk: bool
) -> None:
    folder = tmp_path / "new" / "features"
    features = features_of(make_network(), folder, memory_budget=memory_budget)
    assert folder.is_dir() == on_disk
    assert isinstance(features._values, np.memmap) == on_disk
    in_memory = views_of(features_of(make_network(), tmp_path))
    np.testing.assert_array_equal(views_of(features), in_memory)
    # Nothing that a killed run would leave there.
    assert not on_disk or list(folder.iterdir()) == []


def test_a_folder_of_another_machine_is_not_made(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    features = features_of(make_network(), "gs://bucket/checkpoints", memory_budget=1)
    assert isinstance(features._values, np.memmap)
    assert list(tmp_path.iterdir()) == []


def test_each_view_is_another_change(tmp_path: pathlib.Path) -> None:
    found = [
        views_of(
            features_of(
                make_network(),
                tmp_path,
                augmentation=make_augmentation(AugmentConfig(contrast=0.5), SHAPE, seed),
                views=3,
            )
        )
        for seed in (1, 1, 2)
    ]
    assert found[0].shape == (3, COUNT, FEATURES)
    plain = values_of(features_of(make_network(), tmp_path))
    different = [plain, *found[0], *found[2]]
    assert len(np.unique(np.round(different, 4), axis=0)) == 7
    np.testing.assert_array_equal(found[0], found[1])


def test_says_that_the_disk_is_too_small(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=3 * 2**30))
    frozen_part = SimpleNamespace(output_shape=(None, 7, 7, 1280))
    examples = SimpleNamespace(count=20_000, views=4)
    with pytest.raises(PipelineError) as caught:
        compute_features(frozen_part, examples, 4, 2, memory_budget=2**30, folder=str(tmp_path))
    assert str(caught.value) == (
        "The features of the frozen layers must fit into memory (train.memory_budget) or on the "
        "disk. Received: 18.7 GiB for 20,000 images in 4 views, with 3.0 GiB free in "
        f"{tmp_path}. Make augment.views smaller, or room on the disk."
    )


def test_reports_every_view(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        features_of(
            make_network(),
            tmp_path,
            augmentation=make_augmentation(AugmentConfig(flip="both"), SHAPE, 1),
            views=2,
        )
    assert caplog.messages[-1] == "20/20 images through the frozen layers"


@pytest.mark.parametrize(
    ("from_layer", "learns"),
    [
        (2, ["statistics_1", "second", "statistics_2"]),
        (4, ["second", "statistics_2"]),
        (5, ["statistics_2"]),
    ],
)
def test_parts_the_base_before_the_layers_that_will_learn(
    from_layer: int, learns: list[str]
) -> None:
    network = make_network()
    lower, upper = split_base(network, from_layer) or (None, None)
    pixels = make_pixels()
    np.testing.assert_allclose(upper(lower(pixels)), network(pixels), atol=1e-6)
    base = network.get_layer("base")
    base.trainable = True
    expected = [base.get_layer(name).name for name in learns]
    trained = {id(weight) for weight in upper.trainable_weights}
    found = [
        layer.name
        for layer in base.layers
        if trained.intersection(id(weight) for weight in layer.trainable_weights)
    ]
    assert found == expected
    assert network.get_layer("probabilities").kernel.path in [
        weight.path for weight in upper.trainable_weights
    ]


@pytest.mark.parametrize("from_layer", [0, 1])
def test_nothing_is_in_front_of_the_first_layer(from_layer: int) -> None:
    assert split_base(make_network(), from_layer) is None


def test_a_base_is_parted_where_only_one_tensor_goes_on() -> None:
    layers = keras.layers
    pictures = keras.Input((4, 4, 1))
    first = layers.Conv2D(2, 3, padding="same", name="first")(pictures)
    second = layers.Conv2D(2, 3, padding="same", name="second")(first)
    both = layers.Add(name="both")([first, second])
    base = keras.Model(pictures, layers.Conv2D(2, 1, name="last")(both), name="base")
    pixels = keras.Input((4, 4, 1))
    network = keras.Model(pixels, layers.Flatten()(base(pixels)))
    # Within the block, what goes around the second convolution would be missing.
    for from_layer, shape in ((2, "first"), (3, "first"), (4, "both")):
        lower, _ = split_base(network, from_layer) or (None, None)
        expected = keras.Model(pictures, base.get_layer(shape).output)(make_pixels())
        np.testing.assert_allclose(lower(make_pixels()), expected, atol=1e-6)


@pytest.mark.parametrize("part", [split_frozen, lambda network: split_base(network, 3)])
def test_a_network_with_branches_is_left_whole(part) -> None:
    """Fault B2: of another's trainer, too, no layer is called with one of its several inputs."""
    layers = keras.layers
    pixels = keras.Input((4, 4, 1))
    first = layers.Conv2D(2, 3, padding="same", trainable=False)(pixels)
    joined = layers.Add()([first, layers.Conv2D(2, 1, trainable=False)(pixels)])
    pictures = keras.Input((4, 4, 2))
    values = pictures
    for _ in range(3):
        values = layers.Conv2D(2, 3, padding="same")(values)
    base = keras.Model(pictures, values, name="base")
    network = keras.Model(pixels, layers.Dense(3)(layers.Flatten()(base(joined))))
    assert part(network) is None


def test_features_of_features_keep_their_views(tmp_path: pathlib.Path) -> None:
    values = np.random.default_rng(0).random((2, COUNT, 5), np.float32)
    examples = ArrayExamples(values, np.arange(COUNT) % 3, 3)
    network = keras.Sequential([keras.Input((5,)), keras.layers.Rescaling(2.0)])
    features = compute_features(
        network, examples, 4, 3, views=7, memory_budget=PLENTY, folder=str(tmp_path)
    )
    np.testing.assert_allclose(views_of(features), 2 * values)


def train(model: keras.Model, training: ArrayExamples, epochs: int = 4) -> PhaseResult:
    phase = Phase("training", epochs, 4, 3, OptimizerConfig("adam", 0.05, "cosine", 3 * epochs))
    return fit_phase(model, training, training, phase)


@pytest.mark.parametrize("memory_budget", [PLENTY, 0])
def test_a_training_on_features_equals_the_plain_one(
    tmp_path: pathlib.Path, memory_budget: int
) -> None:
    plain, network = make_network(), make_network()
    expected = train(plain, make_examples()).history
    _, head = split_frozen(network) or (None, None)
    history = train(head, features_of(network, tmp_path, memory_budget=memory_budget)).history
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(history[name], expected[name], atol=1e-5)
    for value, other in zip(network.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(value, other, atol=1e-5)
    np.testing.assert_allclose(network(make_pixels()), plain(make_pixels()), atol=1e-5)
