"""Random changes to images that are trained on: Keras's layers, in the order of the settings."""

import keras

from components.features import ImageShape
from components.training.settings import BOTH, HORIZONTAL, NONE, VERTICAL, AugmentConfig

RESAMPLED = {"fill_mode": "reflect"}
"""What comes in from outside of an image: its mirror image, which has no edges to learn from."""


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
