"""Reading, shuffling and batching; each image is known by its only pixel."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from components.training import dataset
from tests.components.training.transformed_records import write_records

COUNT = 11
ONE_PIXEL = (1, 1, 1)
PLENTY = 1_000_000


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> str:
    pixels = np.arange(COUNT, dtype=np.uint8).reshape(COUNT, *ONE_PIXEL)
    labels = [number % 3 for number in range(COUNT)]
    return write_records(tmp_path_factory.mktemp("records"), pixels, labels, files=3)


class CountedReading:
    """A set of images that counts how often it is read."""

    def __init__(self) -> None:
        self.readings = 0
        self.examples = tf.data.Dataset.from_generator(
            self._read,
            output_signature=(tf.TensorSpec(ONE_PIXEL, tf.uint8), tf.TensorSpec([], tf.int64)),
        ).apply(tf.data.experimental.assert_cardinality(COUNT))

    def _read(self):
        self.readings += 1
        for number in range(COUNT):
            yield np.full(ONE_PIXEL, number, np.uint8), number


def epoch(batches: tf.data.Dataset) -> list[int]:
    """The images of one epoch in their order."""
    return [int(pixel) for pixels, _ in batches for pixel in pixels.numpy().flatten()]


def shuffled(pattern: str, seed: int = 1, memory_budget: int = PLENTY) -> tf.data.Dataset:
    examples = dataset.read_images([pattern], ONE_PIXEL)
    return dataset.training_batches(examples, 4, seed, memory_budget)


def test_counts_records(pattern: str) -> None:
    assert dataset.count_records([pattern]) == COUNT
    assert dataset.count_records([pattern, pattern]) == 2 * COUNT


def test_reads_in_the_order_of_the_files(pattern: str) -> None:
    examples = dataset.read_images([pattern], ONE_PIXEL)
    assert examples.element_spec == (
        tf.TensorSpec(ONE_PIXEL, tf.uint8),
        tf.TensorSpec([], tf.int64),
    )
    read = [(int(pixels[0, 0, 0]), int(label)) for pixels, label in examples]
    assert read == [(number, number % 3) for number in range(COUNT)]


def test_keras_knows_how_many_batches_come(pattern: str) -> None:
    examples = dataset.read_images([pattern], ONE_PIXEL)
    assert int(examples.cardinality()) == COUNT
    assert int(shuffled(pattern).cardinality()) == 3
    assert int(dataset.evaluation_batches(examples, 4).cardinality()) == 3


def test_reads_every_pixel_in_its_place(tmp_path: pathlib.Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 3), dtype=np.uint8)
    pattern = write_records(tmp_path, pixels, [0, 1])
    read = [image.numpy() for image, _ in dataset.read_images([pattern], (3, 5, 3))]
    np.testing.assert_array_equal(read, pixels)


def test_refuses_images_of_another_shape(pattern: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[1,1,1\].*not compatible"):
        list(dataset.read_images([pattern], (2, 2, 1)))


def test_batches_hold_pixels_and_their_labels(pattern: str) -> None:
    batches = list(shuffled(pattern))
    assert [pixels.shape for pixels, _ in batches] == [(4, 1, 1, 1), (4, 1, 1, 1), (3, 1, 1, 1)]
    assert [labels.shape for _, labels in batches] == [(4,), (4,), (3,)]
    for pixels, labels in batches:
        np.testing.assert_array_equal(pixels.numpy().flatten() % 3, labels.numpy())


def test_every_epoch_has_every_image_in_an_order_of_its_own(pattern: str) -> None:
    batches = shuffled(pattern)
    first, second = epoch(batches), epoch(batches)
    assert sorted(first) == sorted(second) == list(range(COUNT))
    assert first != list(range(COUNT))
    assert first != second


@pytest.mark.parametrize("memory_budget", [PLENTY, 5])
def test_the_seed_repeats_the_order_of_every_epoch(pattern: str, memory_budget: int) -> None:
    one, same = (shuffled(pattern, 7, memory_budget) for _ in range(2))
    other = shuffled(pattern, 8, memory_budget)
    epochs = [epoch(one), epoch(one)]
    assert [epoch(same), epoch(same)] == epochs
    assert [epoch(other), epoch(other)] != epochs


@pytest.mark.parametrize(
    ("memory_budget", "readings"), [(PLENTY, 1), (COUNT, 1), (COUNT - 1, 2), (0, 2)]
)
def test_a_set_that_fits_into_memory_is_read_once(memory_budget: int, readings: int) -> None:
    counted = CountedReading()
    batches = dataset.training_batches(counted.examples, 4, 1, memory_budget)
    for _ in range(2):
        assert sorted(epoch(batches)) == list(range(COUNT))
    assert counted.readings == readings


def furthest_ahead(order: list[int]) -> int:
    """How many places too early an image comes, at most."""
    return max(number - place for place, number in enumerate(order))


@pytest.mark.parametrize("memory_budget", [0, 4, 6])
def test_of_a_larger_set_a_window_is_shuffled(pattern: str, memory_budget: int) -> None:
    batches = shuffled(pattern, memory_budget=memory_budget)
    window = max(4, memory_budget)
    assert max(furthest_ahead(epoch(batches)) for _ in range(20)) == window - 1


def test_evaluation_keeps_the_order(pattern: str) -> None:
    examples = dataset.read_images([pattern], ONE_PIXEL)
    batches = list(dataset.evaluation_batches(examples, 4))
    assert [pixels.numpy().flatten().tolist() for pixels, _ in batches] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10],
    ]
    assert [labels.numpy().tolist() for _, labels in batches] == [
        [0, 1, 2, 0],
        [1, 2, 0, 1],
        [2, 0, 1],
    ]
