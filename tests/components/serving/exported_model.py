"""A small model, exported as training exports it."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components import images
from components.features import BYTES_SIGNATURE, ImageShape
from components.normalization.normalization_rules import ImageRules
from components.serving.signatures import export_model
from components.training import architectures
from tests.components.transform_graph import write_transform_graph

Ask = Callable[[Sequence[bytes]], dict[str, np.ndarray]]
CLASS_NAMES = ("Ankle boot", "größe", "寿司")


@dataclasses.dataclass(frozen=True)
class ExportedModel:
    """Where the SavedModel lies, and the Keras model that it was made of."""

    folder: pathlib.Path
    model: keras.Model
    shape: ImageShape

    def probabilities(self, encoded: bytes) -> np.ndarray:
        """What the Keras model says of one file, float32 [classes]."""
        pixels = images.decode(tf.constant(encoded), self.shape.channels)
        pixels = images.resize(pixels, self.shape.height, self.shape.width, "bilinear")
        return self.model(pixels[tf.newaxis], training=False).numpy()[0]


@contextlib.contextmanager
def open_in_session(folder: pathlib.Path) -> Iterator[Ask]:
    """Loads a SavedModel as TensorFlow Serving does: into a session.

    Yields:
        Files -> what `serving_default` returns for them, asked by the names of tensors.
    """
    # Not as a context of its own: that would be the default graph of all tests meanwhile.
    session = tf.compat.v1.Session(graph=tf.Graph())
    loaded: Any = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))
    signature = loaded.signature_def[BYTES_SIGNATURE]
    fetched = {name: output.name for name, output in signature.outputs.items()}
    fed = signature.inputs["image_bytes"].name
    yield lambda files: session.run(fetched, {fed: np.array(files, object)})
    session.close()


def ask_in_session(folder: pathlib.Path, files: Sequence[bytes]) -> dict[str, np.ndarray]:
    """Asks a SavedModel once, as `open_in_session` does."""
    with open_in_session(folder) as ask:
        return ask(files)


def make_exported_model(root: pathlib.Path, channels: int) -> ExportedModel:
    """Exports an untrained model of 6x8 pixels.

    Args:
        root: An empty folder, in which nothing but the model is left.
        channels: 1 or 3.
    """
    shape = ImageShape(6, 8, channels)
    keras.utils.set_random_seed(3)
    model = architectures.load("dense", {"hidden_units": [4]}).build_model(shape, len(CLASS_NAMES))
    return export(root, model, shape)


def export(root: pathlib.Path, model: keras.Model, shape: ImageShape) -> ExportedModel:
    """Exports a model; `root` is an empty folder, in which nothing but the result is left."""
    transform = write_transform_graph(root / "graph", shape, CLASS_NAMES)
    export_model(model, transform, shape, str(root / "exported"), ImageRules(shape.channels))
    # A pushed model is used in another place, with Transform's artifacts gone.
    tf.io.gfile.rmtree(str(root / "graph"))
    folder = (root / "exported").rename(root / "model")
    return ExportedModel(folder, model, shape)
