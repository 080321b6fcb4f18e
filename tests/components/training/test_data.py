"""Reading, shuffling and batching; each image is known by its only pixel."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.errors import PipelineError
from components.training import data
from components.training.data import ArrayExamples, Examples, FollowEpoch, StreamedExamples
from tests.components.training.transformed_records import write_records

COUNT = 11
CLASSES = 4
ONE_PIXEL = (1, 1, 1)
PLENTY = 1_000_000
# Bytes: an image has one.
BUDGETS = [pytest.param(PLENTY, id="in memory"), pytest.param(5, id="streamed")]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> str:
    pixels = np.arange(COUNT, dtype=np.uint8).reshape(COUNT, *ONE_PIXEL)
    labels = [number % 3 for number in range(COUNT)]
    return write_records(tmp_path_factory.mktemp("records"), pixels, labels, files=3)


def read(pattern: str, memory_budget: int = PLENTY) -> Examples:
    return data.read_examples([pattern], ONE_PIXEL, CLASSES, memory_budget)


def images_of(batches: tf.data.Dataset) -> list[int]:
    """The images of one pass in their order."""
    return [int(pixel) for pixels, _ in batches for pixel in pixels.numpy().flatten()]


def orders(examples: Examples, epochs: int, seed: int = 1) -> list[list[int]]:
    """The order of the images in each epoch."""
    batches = examples.training_batches(4, seed)
    found = []
    for epoch in range(epochs):
        examples.epoch.assign(epoch)
        found.append(images_of(batches))
    return found


@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_refuses_images_of_other_classes(tmp_path: pathlib.Path, memory_budget: int) -> None:
    # Transform gives a class that the schema does not have the label -1.
    pixels = np.zeros((7, *ONE_PIXEL), np.uint8)
    pattern = write_records(tmp_path, pixels, [0, -1, 1, 2, -1, 3, 0])
    with pytest.raises(PipelineError) as caught:
        read(pattern, memory_budget)
    assert str(caught.value) == (
        "Every image to train on must be of a class that the schema has. Received: 2 of 7 images "
        "of other classes. Take the new classes over with `python -m pipeline.schema freeze`, or "
        "remove their images."
    )


@pytest.mark.parametrize(
    ("memory_budget", "kind"),
    [
        (PLENTY, ArrayExamples),
        (COUNT, ArrayExamples),
        (COUNT - 1, StreamedExamples),
        (1, StreamedExamples),
        (0, StreamedExamples),
    ],
)
def test_what_fits_the_budget_is_kept(pattern: str, memory_budget: int, kind: type) -> None:
    assert type(read(pattern, memory_budget)) is kind


@pytest.mark.parametrize("memory_budget", [3 * 5 * 3 * 2, 3 * 5 * 3 * 2 - 1])
def test_the_budget_counts_bytes_of_pixels(tmp_path: pathlib.Path, memory_budget: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 3), dtype=np.uint8)
    examples = data.read_examples(
        [write_records(tmp_path, pixels, [0, 1])], (3, 5, 3), 2, memory_budget
    )
    assert isinstance(examples, ArrayExamples) == (memory_budget == 90)
    [(read_pixels, labels)] = examples.batches(9).as_numpy_iterator()
    np.testing.assert_array_equal(read_pixels, pixels)
    assert (read_pixels.dtype, labels.tolist()) == (np.uint8, [0, 1])


@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_counts_the_images_of_each_class(pattern: str, memory_budget: int) -> None:
    examples = read(pattern, memory_budget)
    assert examples.label_counts.tolist() == [4, 4, 3, 0]
    assert (examples.count, examples.views) == (COUNT, 1)
    assert [examples.steps(size) for size in (1, 4, 10, 11, 12)] == [11, 3, 2, 1, 1]


@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_reads_several_patterns(pattern: str, memory_budget: int) -> None:
    examples = data.read_examples([pattern, pattern], ONE_PIXEL, CLASSES, memory_budget)
    assert examples.count == 2 * COUNT
    assert sorted(images_of(examples.batches(4))) == sorted([*range(COUNT), *range(COUNT)])


@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_no_files_are_no_images(tmp_path: pathlib.Path, memory_budget: int) -> None:
    examples = read(str(tmp_path / "*.gz"), memory_budget)
    assert (examples.count, examples.label_counts.tolist()) == (0, [0, 0, 0, 0])


def test_refuses_images_of_another_shape(pattern: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[1,1,1\].*not compatible"):
        data.read_examples([pattern], (2, 2, 1), CLASSES, PLENTY)


@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_batches_hold_pixels_and_their_labels(pattern: str, memory_budget: int) -> None:
    batches = read(pattern, memory_budget).training_batches(4, 1)
    assert batches.element_spec == (
        tf.TensorSpec([None, *ONE_PIXEL], tf.uint8),
        tf.TensorSpec([None], tf.int64),
    )
    found = list(batches.as_numpy_iterator())
    # The last one is smaller: no image is left out.
    assert [len(labels) for _, labels in found] == [4, 4, 3]
    for pixels, labels in found:
        np.testing.assert_array_equal(pixels.flatten() % 3, labels)


@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_fewer_images_than_a_batch_are_one_batch(pattern: str, memory_budget: int) -> None:
    [(pixels, labels)] = read(pattern, memory_budget).training_batches(100, 1)
    assert (len(pixels), len(labels)) == (COUNT, COUNT)


@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_keras_knows_how_many_batches_come(pattern: str, memory_budget: int) -> None:
    examples = read(pattern, memory_budget)
    assert int(examples.training_batches(4, 1).cardinality()) == 3
    assert int(examples.batches(4).cardinality()) == 3


@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_every_epoch_has_every_image_in_an_order_of_its_own(
    pattern: str, memory_budget: int
) -> None:
    found = orders(read(pattern, memory_budget), epochs=5)
    assert [sorted(order) for order in found] == [list(range(COUNT))] * 5
    assert len({tuple(order) for order in [*found, range(COUNT)]}) == 6


@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_the_order_follows_from_the_seed_and_the_epoch(pattern: str, memory_budget: int) -> None:
    expected = orders(read(pattern, memory_budget), epochs=3, seed=7)
    assert orders(read(pattern, memory_budget), epochs=3, seed=7) == expected
    assert orders(read(pattern, memory_budget), epochs=3, seed=8) != expected
    # Also where the training begins with a later epoch, and for a second pass.
    examples = read(pattern, memory_budget)
    batches = examples.training_batches(4, 7)
    examples.epoch.assign(2)
    assert [images_of(batches), images_of(batches)] == [expected[2], expected[2]]


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_takes_every_seed_that_can_be_set(pattern: str, memory_budget: int, seed: int) -> None:
    [order] = orders(read(pattern, memory_budget), epochs=1, seed=seed)
    assert sorted(order) == list(range(COUNT))


@pytest.mark.parametrize("memory_budget", BUDGETS)
def test_in_order_whatever_the_epoch(pattern: str, memory_budget: int) -> None:
    examples = read(pattern, memory_budget)
    examples.epoch.assign(3)
    found = [(pixels.flatten().tolist(), labels.tolist()) for pixels, labels in
             examples.batches(4).as_numpy_iterator()]  # fmt: skip
    assert sorted(pixel for pixels, _ in found for pixel in pixels) == list(range(COUNT))
    assert [[pixel % 3 for pixel in pixels] for pixels, _ in found] == [
        labels for _, labels in found
    ]
    assert found == [(pixels.flatten().tolist(), labels.tolist()) for pixels, labels in
                     read(pattern, memory_budget).batches(4).as_numpy_iterator()]  # fmt: skip


def test_of_a_larger_set_a_window_is_shuffled(tmp_path: pathlib.Path) -> None:
    pixels = np.arange(COUNT, dtype=np.uint8).reshape(COUNT, *ONE_PIXEL)
    one_file = write_records(tmp_path, pixels, [0] * COUNT)
    for window in (1, 4):
        ahead = [
            max(number - place for place, number in enumerate(order))
            for order in orders(read(one_file, window), epochs=6)
        ]
        assert max(ahead) == window - 1


def make_views(views: int) -> ArrayExamples:
    """Three examples, whose versions are told apart by their tens."""
    values = np.array([[10 * view + row for row in range(3)] for view in range(views)], np.float32)
    return ArrayExamples(values[..., np.newaxis], np.array([0, 1, 0]), 2)


def test_the_epochs_take_the_views_in_turn() -> None:
    examples = make_views(3)
    found = orders(examples, epochs=5)
    assert [sorted(order) for order in found] == [
        [0, 1, 2],
        [10, 11, 12],
        [20, 21, 22],
        [0, 1, 2],
        [10, 11, 12],
    ]
    assert (examples.count, examples.views) == (3, 3)
    assert images_of(examples.batches(2)) == [0, 1, 2]
    assert images_of(examples.batches(2, view=2)) == [20, 21, 22]


def test_keras_tells_the_examples_which_epoch_begins(pattern: str) -> None:
    examples = read(pattern)
    follow = FollowEpoch(examples)
    for epoch in (0, 3):
        follow.on_epoch_begin(epoch)
        assert int(examples.epoch) == epoch


class Collect(keras.layers.Layer):
    """Writes down which images it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def call(self, pixels: tf.Tensor) -> tf.Tensor:
        def collect(values: np.ndarray) -> np.ndarray:
            self.seen.extend(int(value) for value in values.flatten())
            return values

        values = tf.numpy_function(collect, [pixels], tf.float32)
        return tf.ensure_shape(values, [None, 1])


@pytest.mark.parametrize("memory_budget", BUDGETS)
@pytest.mark.filterwarnings("error")
def test_keras_sees_the_order_of_each_epoch(pattern: str, memory_budget: int) -> None:
    examples = read(pattern, memory_budget)
    collect = Collect()
    model = keras.Sequential(
        [keras.Input(ONE_PIXEL), keras.layers.Flatten(), collect, keras.layers.Dense(CLASSES)]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", steps_per_execution=3)
    collect.seen.clear()
    batches = examples.training_batches(4, 1)
    model.fit(batches, epochs=3, initial_epoch=1, shuffle=False, verbose=0,
              callbacks=[FollowEpoch(examples)])  # fmt: skip
    expected = orders(read(pattern, memory_budget), epochs=3)
    assert collect.seen == [*expected[1], *expected[2]]
