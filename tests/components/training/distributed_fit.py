"""A small training, in a process of its own; prints its losses as JSON.

Usage: python distributed_fit.py one | devices | machines
    one       on one device
    devices   on two logical CPUs, of which TensorFlow makes devices
    machines  as TF_CONFIG says
"""

import json
import sys

import keras
import numpy as np
import tensorflow as tf

from components.training.strategy import make_strategy, read_cluster, shard_by_images


def split_cpu() -> list[str]:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    return ["CPU:0", "CPU:1"]


def make_batches(count: int) -> tf.data.Dataset:
    """Images in batches of 16, shuffled once.

    Not anew for each epoch: Keras looks at a batch beforehand where there are several devices,
    so that its first epoch would have another order there.
    """
    pixels = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 1), dtype=np.uint8)
    labels = np.arange(count) % 3
    examples = tf.data.Dataset.from_tensor_slices((pixels, labels)).shuffle(
        count, seed=3, reshuffle_each_iteration=False
    )
    return shard_by_images(examples.batch(16))


def fit(strategy: tf.distribute.Strategy) -> dict[str, list[float]]:
    keras.utils.set_random_seed(1)
    with strategy.scope():
        layers = [
            keras.Input((4, 4, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
        model = keras.Sequential(layers)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    training, evaluation = make_batches(60), make_batches(50)
    fitted = model.fit(training, validation_data=evaluation, epochs=3, verbose=0, shuffle=False)
    loss, _ = model.evaluate(evaluation, verbose=0)
    rows = len(model.predict(evaluation, verbose=0))
    return {**fitted.history, "evaluated": [loss], "predicted": [rows]}


def main() -> None:
    strategy = make_strategy(devices=split_cpu() if sys.argv[1] == "devices" else None)
    found = {
        "strategy": type(strategy).__name__,
        "replicas": strategy.num_replicas_in_sync,
        "is_chief": read_cluster().is_chief,
        "history": fit(strategy),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
