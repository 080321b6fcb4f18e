"""Each change to an image alone, on a picture that shows what was done to it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.features import ImageShape
from components.training.data import make_augmentation
from components.training.settings import AugmentConfig

SHAPE = ImageShape(8, 12, 3)
STRENGTHS = {
    "rotation": 0.25,
    "shift": 0.4,
    "shear": 0.4,
    "zoom": 0.5,
    "contrast": 0.8,
    "flip": "both",
}


def make_batch(count: int = 6) -> np.ndarray:
    """Ramps along both sides and in color; uint8 [count, 8, 12, 3]."""
    rows, columns, channels = np.indices(SHAPE.dimensions)
    picture = (rows * 20 + columns * 5 + channels * 30).astype(np.uint8)
    return np.stack([picture] * count)


def change(seed: int = 1, training: bool = True, **strengths: object) -> np.ndarray:
    augmentation = make_augmentation(AugmentConfig(**strengths), SHAPE, seed)  # type: ignore[arg-type]
    assert augmentation is not None
    return augmentation(make_batch(), training=training).numpy()


def test_nothing_to_change_is_no_layer() -> None:
    assert make_augmentation(AugmentConfig(), SHAPE, 1) is None
    assert make_augmentation(AugmentConfig(views=9), SHAPE, 1) is None


@pytest.mark.parametrize(
    ("flip", "possible"),
    [
        ("horizontal", [(1, 1), (1, -1)]),
        ("vertical", [(1, 1), (-1, 1)]),
        ("both", [(1, 1), (1, -1), (-1, 1), (-1, -1)]),
    ],
)
def test_a_flip_is_exact(flip: str, possible: list[tuple[int, int]]) -> None:
    pictures = [change(seed, flip=flip) for seed in range(4)]
    [picture, *_] = make_batch(1)
    seen = set()
    for changed in np.concatenate(pictures):
        [direction] = [
            steps
            for steps in possible
            if np.array_equal(changed, picture[:: steps[0], :: steps[1]])
        ]
        seen.add(direction)
    assert seen == set(possible)


@pytest.mark.parametrize("name", STRENGTHS)
def test_changes_the_picture_and_keeps_its_form(name: str) -> None:
    batch = make_batch()
    changed = change(**{name: STRENGTHS[name]})
    assert (changed.shape, changed.dtype) == (batch.shape, np.float32)
    assert 0 <= changed.min() < changed.max() <= 255
    assert not np.array_equal(changed, batch)
    # Not all in the same way.
    assert len(np.unique(changed.round(3), axis=0)) > 1


@pytest.mark.parametrize("name", STRENGTHS)
def test_changes_nothing_outside_of_the_training(name: str) -> None:
    changed = change(training=False, **{name: STRENGTHS[name]})
    np.testing.assert_array_equal(changed, make_batch().astype(np.float32))


@pytest.mark.parametrize("name", STRENGTHS)
def test_a_seed_repeats_the_changes(name: str) -> None:
    strengths = {name: STRENGTHS[name]}
    first = change(seed=1, **strengths)
    np.testing.assert_array_equal(change(seed=1, **strengths), first)
    assert any(not np.array_equal(change(seed=seed, **strengths), first) for seed in (2, 3))


@pytest.mark.parametrize("name", ["rotation", "shift", "shear", "zoom"])
def test_an_even_picture_stays_even(name: str) -> None:
    # What comes in from outside is the picture's mirror image, not black.
    augmentation = make_augmentation(AugmentConfig(**{name: STRENGTHS[name]}), SHAPE, 1)
    even = np.full((4, *SHAPE.dimensions), 200, np.uint8)
    np.testing.assert_allclose(augmentation(even, training=True), even, atol=1e-3)


def test_a_shift_moves_no_further_than_its_share() -> None:
    # A column per step: rows 0 to 7 hold 0 to 7, moved by at most a quarter of 8.
    rows = np.indices(SHAPE.dimensions)[0].astype(np.uint8)
    augmentation = make_augmentation(AugmentConfig(shift=0.25), SHAPE, 3)
    changed = augmentation(np.stack([rows] * 20), training=True).numpy()
    moved = np.abs(changed[:, 3:5] - rows[3:5]).max(axis=(1, 2, 3))
    assert 1 < moved.max() <= 2.001


def test_all_changes_come_in_one_order() -> None:
    everything = AugmentConfig(**STRENGTHS)  # type: ignore[arg-type]
    augmentation = make_augmentation(everything, SHAPE, 1)
    assert [type(layer).__name__ for layer in augmentation.layers] == [
        "RandomFlip",
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomShear",
        "RandomZoom",
        "RandomContrast",
    ]
    changed = augmentation(make_batch(), training=True)
    assert (changed.shape, changed.dtype) == ((6, *SHAPE.dimensions), tf.float32)


def test_computes_in_float32_whatever_the_precision() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        changed = change(rotation=0.1)
    finally:
        keras.config.set_dtype_policy("float32")
    assert changed.dtype == np.float32
    np.testing.assert_array_equal(changed, change(rotation=0.1))


def test_gray_pictures_of_any_size_are_changed() -> None:
    augmentation = make_augmentation(AugmentConfig(**STRENGTHS), ImageShape(1, 1, 1), 1)  # type: ignore[arg-type]
    assert augmentation(np.zeros((2, 1, 1, 1), np.uint8), training=True).shape == (2, 1, 1, 1)
