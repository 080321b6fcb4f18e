"""Transformed records -> tf.data, in an order that the seed decides."""

from collections.abc import Sequence

import tensorflow as tf

from components import features, images

COMPRESSION = "GZIP"


def count_records(patterns: Sequence[str]) -> int:
    """How many records the files hold, found by reading them once."""
    records = _read_records(patterns)
    return int(records.reduce(tf.constant(0, tf.int64), lambda count, _: count + 1).numpy())


def read_images(patterns: Sequence[str], dimensions: tuple[int, int, int]) -> tf.data.Dataset:
    """Reads transformed records.

    Args:
        patterns: Of the TFRecord files that Transform wrote.
        dimensions: (height, width, channels) of the images.

    Returns:
        Pairs of uint8 [height, width, channels] and int64 scalar label, in the order of the files;
        its `cardinality()` is known, at the price of reading the files once.
    """

    def parse(serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        record = tf.io.parse_single_example(
            serialized,
            {
                features.IMAGE_PIXELS: tf.io.FixedLenFeature([], tf.string),
                features.CLASS_LABEL: tf.io.FixedLenFeature([], tf.int64),
            },
        )
        pixels = images.deserialize(record[features.IMAGE_PIXELS], dimensions)
        return pixels, record[features.CLASS_LABEL]

    examples = _read_records(patterns).map(parse, num_parallel_calls=tf.data.AUTOTUNE)
    # Where the end is not known beforehand, Keras warns in each epoch that the data ran out.
    return examples.apply(tf.data.experimental.assert_cardinality(count_records(patterns)))


def training_batches(
    examples: tf.data.Dataset, batch_size: int, seed: int, memory_budget: int
) -> tf.data.Dataset:
    """Shuffles and batches, anew in each epoch.

    Args:
        examples: What `read_images` returned, of known cardinality.
        batch_size: Images a step; the last batch of an epoch may be smaller.
        seed: Decides the order.
        memory_budget: Bytes of pixels that may be kept in memory. A set that fits is read once
            and shuffled whole; of a larger one, a window of this size is shuffled.

    Returns:
        Batches of uint8 [batch, height, width, channels] and int64 [batch].
    """
    size = int(examples.cardinality())
    pixels, _ = examples.element_spec
    room = max(batch_size, memory_budget // pixels.shape.num_elements())
    if size <= room:
        examples = examples.cache()
    shuffled = examples.shuffle(min(size, room), seed=seed, reshuffle_each_iteration=True)
    return shuffled.batch(batch_size).prefetch(tf.data.AUTOTUNE)


def evaluation_batches(examples: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """Batches in the order of the files."""
    return examples.batch(batch_size).prefetch(tf.data.AUTOTUNE)


def _read_records(patterns: Sequence[str]) -> tf.data.Dataset:
    paths = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    return tf.data.TFRecordDataset(paths, COMPRESSION)
