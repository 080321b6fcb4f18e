"""The tutorials' own programs in plain Keras, as peers for the pipeline's rows of `reproduce.py`.

Each is what a user would write: `image_dataset_from_directory`, `fit`, `evaluate`; batches of 32.
Run by `reproduce.py --peer`, each in a fresh process, or alone:

    python benchmarks/plain_keras.py cats_dogs_160 data/full/cats_dogs --weights FILE
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any

import keras

BATCH = 32
layers = keras.layers


def main() -> None:
    """Trains one program, evaluates it, and prints accuracy and seconds as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("data", help="the folder with train/ and test/")
    parser.add_argument("--weights", default="imagenet", help="of MobileNetV2 without its top")
    arguments = parser.parse_args()
    start = time.perf_counter()
    keras.utils.set_random_seed(42)
    model, test = PROGRAMS[arguments.program](arguments.data, arguments.weights)
    _, accuracy = model.evaluate(test, verbose=0)
    print(json.dumps({"accuracy": accuracy, "seconds": time.perf_counter() - start}))


def read_folder(data: str, split: str, size: int, mode: str) -> Any:
    """Batches of a split, shuffled if it is trained on."""
    return keras.utils.image_dataset_from_directory(
        os.path.join(data, split),
        image_size=(size, size),
        color_mode=mode,
        batch_size=BATCH,
        shuffle=split == "train",
        seed=42,
        verbose=False,
    )


def small(build: Callable[[], list[Any]], size: int, mode: str, epochs: int) -> Any:
    """A program for small pictures: Adam, from nothing."""

    def run(data: str, weights: str) -> tuple[keras.Model, Any]:
        del weights
        train, test = (read_folder(data, split, size, mode) for split in ("train", "test"))
        channels = 1 if mode == "grayscale" else 3
        model = keras.Sequential(
            [keras.Input((size, size, channels)), layers.Rescaling(1 / 255), *build()]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(train, epochs=epochs, verbose=0)
        return model, test

    return run


def quickstart() -> list[Any]:
    """TensorFlow's "Quickstart for beginners"."""
    return [
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]


def basic() -> list[Any]:
    """TensorFlow's "Basic classification", with hidden layers of 64 and 64 units."""
    hidden = [layers.Dense(64, activation="relu") for _ in range(2)]
    return [layers.Flatten(), *hidden, layers.Dense(10, activation="softmax")]


def convolutional() -> list[Any]:
    """TensorFlow's "Convolutional Neural Network (CNN)"."""
    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]


def transfer_224(data: str, weights: str) -> tuple[keras.Model, Any]:
    """A frozen MobileNetV2 and a hidden layer of 1,024 units, 10 epochs."""
    train, test = (read_folder(data, split, 224, "rgb") for split in ("train", "test"))
    model, _ = _on_mobilenet(224, weights, [], [layers.Dense(1024, activation="relu")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, epochs=10, verbose=0)
    return model, test


def transfer_160(data: str, weights: str) -> tuple[keras.Model, Any]:
    """TensorFlow's "Transfer learning and fine-tuning", 10 epochs and 10 more."""
    train, test = (read_folder(data, split, 160, "rgb") for split in ("train", "test"))
    augment = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.2)]
    model, base = _on_mobilenet(160, weights, augment, [layers.Dropout(0.2)])
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(1e-4), loss, metrics=["accuracy"])
    model.fit(train, epochs=10, verbose=0)
    base.trainable = True
    for layer in base.layers[:100]:
        layer.trainable = False
    model.compile(keras.optimizers.RMSprop(1e-5), loss, metrics=["accuracy"])
    model.fit(train, epochs=20, initial_epoch=10, verbose=0)
    return model, test


def _on_mobilenet(
    size: int, weights: str, augment: list[Any], head: list[Any]
) -> tuple[keras.Model, keras.Model]:
    base = keras.applications.MobileNetV2(
        include_top=False, weights=weights, input_shape=(size, size, 3)
    )
    base.trainable = False
    pixels = values = keras.Input((size, size, 3))
    for layer in [*augment, layers.Rescaling(1 / 127.5, offset=-1)]:
        values = layer(values)
    values = layers.GlobalAveragePooling2D()(base(values, training=False))
    for layer in [*head, layers.Dense(2, activation="softmax")]:
        values = layer(values)
    return keras.Model(pixels, values), base


PROGRAMS: dict[str, Callable[[str, str], tuple[keras.Model, Any]]] = {
    "mnist_dense": small(quickstart, 28, "grayscale", 5),
    "fashion_mnist_dense": small(basic, 28, "grayscale", 5),
    "mnist_cnn": small(convolutional, 28, "grayscale", 5),
    "cifar10_cnn": small(convolutional, 32, "rgb", 14),
    "cats_dogs_224": transfer_224,
    "cats_dogs_160": transfer_160,
}

if __name__ == "__main__":
    main()
