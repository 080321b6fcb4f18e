"""How fast training is: images a second, against the machine's own rate, and against no input.

    python benchmarks/training.py [cnn compact_cnn ...] [--precision float32]

Each network is trained on random images in transformed records, as Transform writes them, by the
code that the Trainer runs; and once more on one batch that is repeated, which costs no input.
The machine's rate is that of multiplying two large matrices, in float32 and in bfloat16.
"""

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from components import features, images
from components.features import ImageShape
from components.training import architectures
from components.training.data import FollowEpoch, read_examples
from components.training.fit import OptimizerConfig, compile_model
from components.training.precision import choose_policy, hardware_facts, network_kind
from components.transformed_records import COMPRESSION

CLASSES = 10
SIDE = 2048
"""Of the matrices that are multiplied."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, and the images that it is trained on."""

    shape: ImageShape
    count: int
    options: tuple[tuple[str, object], ...] = ()


CASES = {
    "dense": Case(ImageShape(28, 28, 1), 20_000),
    "cnn": Case(ImageShape(28, 28, 1), 6_400),
    "compact_cnn": Case(ImageShape(32, 32, 3), 1_920),
    "mobilenet_v2": Case(ImageShape(160, 160, 3), 160, (("weights", "none"),)),
}


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", help=f"of {', '.join(CASES)}; all without")
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()
    rates = {dtype: matrix_rate(dtype) for dtype in ("float32", "bfloat16")}
    table = Table(
        "network", "precision", "images/s", "without input", "GFLOP/s", "of the machine's"
    )
    for name in arguments.networks or CASES:
        policy, ours, without_input, work = measure(name, arguments.precision)
        rate = rates["bfloat16" if "bfloat16" in policy else "float32"]
        share = ours * work / rate
        cells = [f"{ours:,.0f}", f"{without_input:,.0f} ({ours / without_input:.2f})"]
        table.add_row(name, policy, *cells, f"{ours * work / 1e9:,.0f}", f"{share:.2f}")
    console = Console()
    console.print(*(f"{name}: {rate / 1e9:,.0f} GFLOP/s" for name, rate in rates.items()), sep=", ")
    console.print(table)


def matrix_rate(dtype: str) -> float:
    """Floating-point operations a second when multiplying matrices."""
    left, right = (tf.cast(tf.random.normal([SIDE, SIDE]), dtype) for _ in range(2))
    multiply = tf.function(lambda: tf.reduce_sum(tf.cast(tf.matmul(left, right), tf.float32)))
    multiply()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        multiply().numpy()
        times.append(time.perf_counter() - start)
    return float(2 * SIDE**3 / min(times))


def measure(name: str, precision: str) -> tuple[str, float, float, float]:
    """Trains a network on records, and on one batch again and again.

    Returns:
        The precision, images a second of both, and the operations for one image.
    """
    case = CASES[name]
    trainer = architectures.load(name, dict(case.options))
    plain = trainer.build_model(case.shape, CLASSES)
    policy = choose_policy(precision, hardware_facts(), network_kind(plain))
    keras.config.set_dtype_policy(policy)
    network = trainer.build_model(case.shape, CLASSES)
    keras.config.set_dtype_policy("float32")
    with tempfile.TemporaryDirectory() as folder:
        write_records(Path(folder), case)
        examples = read_examples([f"{folder}/*"], case.shape.dimensions, CLASSES, 2**31)
    steps = examples.steps(32)
    compile_model(network, OptimizerConfig("adam", 1e-3, "constant", steps), steps)
    batches = examples.training_batches(32, seed=0)
    one = batches.take(1).cache().repeat(steps).prefetch(4)
    ours = _images_per_second(network, batches, case.count, FollowEpoch(examples))
    without_input = _images_per_second(network, one, case.count)
    return policy, ours, without_input, 3 * _operations(plain, case.shape)


def write_records(folder: Path, case: Case) -> None:
    """Writes random images as Transform does."""
    random = np.random.default_rng(0)
    with tf.io.TFRecordWriter(str(folder / "records.gz"), COMPRESSION) as writer:
        for number in range(case.count):
            # Few gray levels, which compress about as real pictures do.
            pixels = random.integers(0, 8, case.shape.dimensions, dtype=np.uint8) * 32
            feature = {
                features.IMAGE_PIXELS: tf.train.Feature(
                    bytes_list=tf.train.BytesList(value=[images.serialize(pixels).numpy()])
                ),
                features.CLASS_LABEL: tf.train.Feature(
                    int64_list=tf.train.Int64List(value=[number % CLASSES])
                ),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())


def _images_per_second(
    network: keras.Model,
    batches: tf.data.Dataset,
    count: int,
    *callbacks: keras.callbacks.Callback,
) -> float:
    """Of the second epoch: the first one compiles."""
    network.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=list(callbacks))
    start = time.perf_counter()
    network.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=list(callbacks))
    return count / (time.perf_counter() - start)


def _operations(network: keras.Model, shape: ImageShape) -> float:
    """Floating-point operations of one image forward; training takes about three times as many."""
    specification = tf.TensorSpec([1, *shape.dimensions], tf.float32)
    graph = tf.function(lambda pixels: network(pixels)).get_concrete_function(specification).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    found = tf.compat.v1.profiler.profile(graph, options=options)
    return float(found.total_float_ops)


if __name__ == "__main__":
    main()
