"""How much faster a pretrained network answers with its batch normalizations folded.

    python benchmarks/folding.py [NETWORK...] [--size 224] [--batch 64]

A network of keras.applications with random weights, as Keras calls it and folded, in turns in one
process: images a second of a batch, milliseconds of one image alone, and the largest difference of
a probability.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from components.features import ImageShape
from components.training.folding import fold_normalization
from components.training.pretrained import BASE, build_classifier

NETWORKS = ("MobileNetV2", "EfficientNetB0", "ResNet50")
CALLS = 7
CLASSES = 2

Call = Callable[[tf.Tensor], tf.Tensor]


def main() -> None:
    """Measures the networks, one after the other."""
    arguments = _parse_arguments()
    table = Table("network", "images/s", "folded", "gain", "one image, ms", "folded", "difference")
    for name in arguments.networks or NETWORKS:
        shape = ImageShape(arguments.size, arguments.size, 3)
        table.add_row(
            name, *_measure(build_classifier(name, shape, CLASSES, "none", []), arguments)
        )
    Console().print(table)


def _measure(network: keras.Model, arguments: argparse.Namespace) -> list[str]:
    _use(network)
    calls = [_compile(network), _compile(fold_normalization(network))]
    shape = (arguments.batch, *network.input_shape[1:])
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    batch, one = tf.constant(images), tf.constant(images[:1])
    slow, fast = (arguments.batch / seconds for seconds in _time_in_turns(calls, batch))
    alone = [1000 * seconds for seconds in _time_in_turns(calls, one)]
    expected, found = (call(batch).numpy() for call in calls)
    return [
        f"{slow:.0f}",
        f"{fast:.0f}",
        f"{fast / slow:.2f}",
        *(f"{milliseconds:.1f}" for milliseconds in alone),
        f"{np.abs(found - expected).max():.1e}",
    ]


def _use(network: keras.Model) -> None:
    """Gives all normalizations statistics, so that they do something."""
    random = np.random.default_rng(0)
    for layer in network.get_layer(BASE).layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])


def _compile(network: keras.Model) -> Call:
    call: Call = tf.function(lambda images: network(images, training=False), autograph=False)
    return call


def _time_in_turns(calls: list[Call], images: tf.Tensor) -> list[float]:
    """Median seconds of a call of each."""
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(CALLS + 1):
        for call, own in zip(calls, seconds, strict=True):
            start = time.perf_counter()
            call(images)
            own.append(time.perf_counter() - start)
    # The first one traces the graph.
    return [statistics.median(own[1:]) for own in seconds]


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help="of keras.applications")
    parser.add_argument("--size", type=int, default=224, help="pixels a side")
    parser.add_argument("--batch", type=int, default=64, help="images")
    return parser.parse_args()


if __name__ == "__main__":
    main()
