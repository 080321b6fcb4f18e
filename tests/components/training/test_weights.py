"""Weights beside a SavedModel -> a new network."""

import pathlib

import keras
import numpy as np
import pytest

from components.training.weights import copy_weights, write_base, write_weights

ANOTHER = "not used: the serving model is another network"


def make_network(classes: int = 3, units: int = 4, seed: int = 1) -> keras.Model:
    """With batch normalization, whose statistics are weights that are not trained."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(units, name="hidden"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(classes, activation="softmax", name="probabilities"),
        ]
    )


@pytest.fixture(scope="module")
def blessed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a SavedModel, of which nothing is read."""
    folder = str(tmp_path_factory.mktemp("blessed") / "Format-Serving")
    write_weights(folder, make_network(seed=7))
    return folder


def test_copies_all_weights(blessed: str) -> None:
    network = make_network()
    network.layers[1].moving_mean.assign([9.0] * 4)
    assert copy_weights(blessed, network) == "all weights"
    for copied, expected in zip(
        network.get_weights(), make_network(seed=7).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(copied, expected)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_last_layer_begins_anew_where_the_classes_have_changed(
    blessed: str, classes: int
) -> None:
    network = make_network(classes)
    done = copy_weights(blessed, network)
    assert done == "all weights but those of the last layer, since the classes have changed"
    sources = {"hidden": make_network(seed=7), "probabilities": make_network(classes)}
    for layer, expected in sources.items():
        for copied, value in zip(
            network.get_layer(layer).get_weights(),
            expected.get_layer(layer).get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(copied, value)


def deeper() -> keras.Model:
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(5), *make_network().layers])


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(lambda: make_network(units=5), id="another width"),
        pytest.param(deeper, id="another depth"),
    ],
)
def test_another_network_stays_as_it_is(blessed: str, network) -> None:
    new = network()
    before = new.get_weights()
    assert copy_weights(blessed, new) == ANOTHER
    for value, expected in zip(new.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, expected)


def test_a_model_that_an_earlier_release_made_has_none(tmp_path: pathlib.Path) -> None:
    done = copy_weights(str(tmp_path / "Format-Serving"), make_network())
    assert done == "not used: the weights of the serving model are not there (any more)"


def test_follows_to_the_model_that_serves(blessed: str, tmp_path: pathlib.Path) -> None:
    network, expected = make_network(), make_network(seed=7)
    write_base(str(tmp_path), blessed, "")
    assert copy_weights(str(tmp_path / "Format-Serving"), network) == "all weights"
    for copied, value in zip(network.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(copied, value)


def test_a_refused_model_changes_nothing(blessed: str, tmp_path: pathlib.Path) -> None:
    network = make_network()
    before = network.get_weights()
    write_base(str(tmp_path), blessed, "it has seen 13 test images")
    done = copy_weights(str(tmp_path / "Format-Serving"), network)
    assert done == "not used: it has seen 13 test images"
    for value, expected in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, expected)
