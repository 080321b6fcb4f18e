"""Transformed records -> tf.data, in an order that the seed and the epoch decide; augmentation.

A set that fits the memory budget is read once, into one array, and shuffled whole: taking 32 rows
of an array costs a hundredth of what handing 32 elements through tf.data does. A larger set is read
anew in each epoch, its files in another order and a window of its images shuffled.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from components.errors import PipelineError
from components.features import ImageShape
from components.training.settings import BOTH, HORIZONTAL, NONE, VERTICAL, AugmentConfig
from components.training.strategy import shard_by_images
from components.transformed_records import PARALLEL_FILES, find_files, parse, read_files

READ_BATCH = 256
RESAMPLED = {"fill_mode": "reflect"}
"""What comes in from outside of an image: its mirror image, which has no edges to learn from."""


class Examples(abc.ABC):
    """Images with labels, or what a network computed from images.

    Attributes:
        epoch: The epoch that the next pass over `training_batches` is, from 0.
        label_counts: int64 [classes], how many there are of each class.
    """

    def __init__(self, label_counts: np.ndarray):
        self.label_counts = label_counts
        # A variable, for a dataset's graph reads it when a pass begins.
        self.epoch = tf.Variable(0, dtype=tf.int64, trainable=False, name="epoch")

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.label_counts.sum())

    @property
    def views(self) -> int:
        """In how many versions there is each of them."""
        return 1

    @property
    @abc.abstractmethod
    def bytes_in_memory(self) -> int:
        """How much of them is held in memory, at most."""

    def steps(self, batch_size: int) -> int:
        """Batches in one pass; the last one may be smaller."""
        return math.ceil(self.count / batch_size)

    def training_batches(self, batch_size: int, seed: int) -> tf.data.Dataset:
        """Shuffled batches, in an order that follows from the seed and `epoch`.

        Returns:
            Batches of [batch, ...] and int64 [batch], of known cardinality.
        """
        batches = tf.data.Dataset.range(1).flat_map(lambda _: self._shuffled(batch_size, seed))
        return self._finish(batches, batch_size)

    def batches(self, batch_size: int, view: int = 0) -> tf.data.Dataset:
        """Batches of one view in the order of the files: [batch, ...] and int64 [batch]."""
        return self._finish(self._in_order(batch_size, view), batch_size)

    def _finish(self, batches: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
        # Where the end is not known beforehand, Keras warns in each epoch that the data ran out.
        known = tf.data.experimental.assert_cardinality(self.steps(batch_size))
        return shard_by_images(batches.apply(known)).prefetch(tf.data.AUTOTUNE)

    @abc.abstractmethod
    def _shuffled(self, batch_size: int, seed: int) -> tf.data.Dataset:
        """Batches of the epoch that `epoch` says at that moment."""

    @abc.abstractmethod
    def _in_order(self, batch_size: int, view: int) -> tf.data.Dataset:
        """Batches of a view in a fixed order."""

    def _seed(self, seed: int) -> tf.Tensor:
        """int64 [2]: the seed of the epoch."""
        return tf.stack([tf.constant(seed, tf.int64), self.epoch.read_value()])


class ArrayExamples(Examples):
    """Examples in an array, in memory or on disk."""

    def __init__(self, values: np.ndarray, labels: np.ndarray, classes: int):
        """Keeps references to the arrays, which must not change any more.

        Args:
            values: [views, examples, ...]: each example in one or more versions, which the epochs
                take in turn.
            labels: int64 [examples].
            classes: How many there are.
        """
        super().__init__(np.bincount(labels, minlength=classes))
        self._values = values
        self._labels = labels

    @property
    def views(self) -> int:
        """In how many versions there is each of them."""
        return len(self._values)

    @property
    def bytes_in_memory(self) -> int:
        """All, unless they are on disk."""
        return 0 if isinstance(self._values, np.memmap) else self._values.nbytes

    def _shuffled(self, batch_size: int, seed: int) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(
            tf.range(self.count, dtype=tf.int64), self._seed(seed)
        )
        view = self.epoch.read_value() % self.views
        return self._rows(order, batch_size, view)

    def _in_order(self, batch_size: int, view: int) -> tf.data.Dataset:
        order = tf.range(self.count, dtype=tf.int64)
        return self._rows(order, batch_size, tf.constant(view, tf.int64))

    def _rows(self, order: tf.Tensor, batch_size: int, view: tf.Tensor) -> tf.data.Dataset:
        shape = self._values.shape[2:]
        types = [tf.as_dtype(self._values.dtype), tf.int64]

        def take(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # NumPy, since a tensor would be one more copy of everything, and cannot be on disk.
            values, labels = tf.numpy_function(self._take, [view, rows], types)
            return tf.ensure_shape(values, [None, *shape]), tf.ensure_shape(labels, [None])

        indices = tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
        return indices.map(take, num_parallel_calls=2, deterministic=True)

    def _take(self, view: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._values[int(view)][rows], self._labels[rows]


class StreamedExamples(Examples):
    """Images that are read from their files in each pass."""

    def __init__(
        self,
        paths: Sequence[str],
        dimensions: tuple[int, int, int],
        label_counts: np.ndarray,
        window: int,
    ):
        """Reads nothing yet.

        Args:
            paths: Of transformed records.
            dimensions: (height, width, channels).
            label_counts: int64 [classes].
            window: Images that are shuffled with each other.
        """
        super().__init__(label_counts)
        self._paths = list(paths)
        self._dimensions = dimensions
        self._window = window

    @property
    def bytes_in_memory(self) -> int:
        """Those that are shuffled with each other."""
        return self._window * math.prod(self._dimensions)

    def _shuffled(self, batch_size: int, seed: int) -> tf.data.Dataset:
        paths = tf.random.experimental.stateless_shuffle(tf.constant(self._paths), self._seed(seed))
        records = read_files(paths, PARALLEL_FILES)
        shuffled = records.shuffle(self._window, seed=seed + self.epoch.read_value())
        return parse(shuffled, self._dimensions).batch(batch_size)

    def _in_order(self, batch_size: int, view: int) -> tf.data.Dataset:
        del view  # There is only one.
        records = read_files(self._paths)
        return parse(records, self._dimensions).batch(batch_size)


class FollowEpoch(keras.callbacks.Callback):
    """Tells examples which epoch begins; without it each epoch has the order of the first."""

    def __init__(self, examples: Examples):
        super().__init__()
        self._examples = examples

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Called before the first batch is made."""
        del logs
        self._examples.epoch.assign(epoch)


def read_examples(
    patterns: Sequence[str],
    dimensions: tuple[int, int, int],
    classes: int,
    memory_budget: int,
    window_budget: int | None = None,
) -> Examples:
    """Reads transformed records once.

    Args:
        patterns: Of the TFRecord files that Transform wrote.
        dimensions: (height, width, channels) of the images.
        classes: How many there are.
        memory_budget: Bytes of pixels that may be kept in memory.
        window_budget: Bytes of those that are shuffled with each other, where not all can be kept;
            as many as of the others unless it is given.

    Returns:
        Pairs of uint8 [height, width, channels] and int64 scalar label.

    Raises:
        PipelineError: There are images of classes that the schema does not have.
    """
    paths = find_files(patterns)
    room = max(1, memory_budget // math.prod(dimensions))
    pixels: _GrowingArray | None = _GrowingArray(dimensions, room)
    labels: list[np.ndarray] = []
    records = read_files(paths, PARALLEL_FILES)
    parsed = parse(records, dimensions).batch(READ_BATCH).prefetch(2)
    for some, their_labels in parsed.as_numpy_iterator():
        labels.append(their_labels)
        if pixels and not pixels.append(some):
            # Only counted from here on.
            pixels = None
    all_labels = np.concatenate(labels) if labels else np.zeros(0, np.int64)
    _check_labels(all_labels)
    if pixels is None:
        counts = np.bincount(all_labels, minlength=classes)
        window = memory_budget if window_budget is None else window_budget
        return StreamedExamples(paths, dimensions, counts, max(1, window // math.prod(dimensions)))
    return ArrayExamples(pixels.finish()[np.newaxis], all_labels, classes)


def _check_labels(labels: np.ndarray) -> None:
    unknown = int((labels < 0).sum())
    if unknown:
        raise PipelineError(
            "Every image to train on must be of a class that the schema has. Received: "
            f"{unknown:,} of {len(labels):,} images of other classes. Take the new classes over "
            "with `python -m pipeline.schema freeze`, or remove their images."
        )


@dataclasses.dataclass
class _GrowingArray:
    """uint8 rows of a shape, added until there is no more room for them."""

    shape: tuple[int, ...]
    most: int

    def __post_init__(self) -> None:
        self._rows = np.empty((0, *self.shape), np.uint8)
        self._used = 0

    def append(self, rows: np.ndarray) -> bool:
        """Adds rows, unless there is no room for them."""
        needed = self._used + len(rows)
        if needed > self.most:
            return False
        if needed > len(self._rows):
            self._resize(min(self.most, max(needed, 2 * len(self._rows))))
        self._rows[self._used : needed] = rows
        self._used = needed
        return True

    def finish(self) -> np.ndarray:
        """All rows; nothing can be added afterwards."""
        self._resize(self._used)
        return self._rows

    def _resize(self, rows: int) -> None:
        # Moves pages instead of copying them, so that there are never two of everything.
        self._rows.resize((rows, *self.shape), refcheck=False)


def make_augmentation(
    config: AugmentConfig, shape: ImageShape, seed: int
) -> keras.Sequential | None:
    """Makes the layers that change images at random.

    They compute in float32 whatever the precision of the training: in bfloat16, pixels that are
    moved by a fraction would be rounded to 8 bits once for each layer.

    Args:
        config: Which changes, and how strong.
        shape: Of the images.
        seed: Start of the random numbers.

    Returns:
        A model from pixels, 0 to 255, uint8 or float [batch, height, width, channels], to float32
        of the same shape; it changes nothing when called with `training=False`. None if nothing
        is to be changed.
    """
    if not config.changes_anything:
        return None
    layers = [
        layer_class(*strengths, seed=seed + number, dtype="float32", **options)
        for number, (layer_class, strengths, options) in enumerate(_changes(config))
        if strengths[0] not in (0, NONE)
    ]
    return keras.Sequential([keras.Input(shape.dimensions), *layers], name="augmentation")


def _changes(config: AugmentConfig) -> list[tuple[type[keras.Layer], tuple, dict]]:  # type: ignore[type-arg]
    """Every change that there is: its layer, how strong, and what else the layer takes."""
    layers = keras.layers
    # Two layers, for one that flips both ways flips an image either both ways or not at all.
    horizontal, vertical = (
        each if config.flip in (each, BOTH) else NONE for each in (HORIZONTAL, VERTICAL)
    )
    return [
        (layers.RandomFlip, (horizontal,), {}),
        (layers.RandomFlip, (vertical,), {}),
        (layers.RandomRotation, (config.rotation,), RESAMPLED),
        (layers.RandomTranslation, (config.shift, config.shift), RESAMPLED),
        (layers.RandomShear, (config.shear, config.shear), RESAMPLED),
        (layers.RandomZoom, (config.zoom, config.zoom), RESAMPLED),
        (layers.RandomContrast, (config.contrast,), {"value_range": (0, 255)}),
    ]
