"""Trained model and Transform's graph -> a SavedModel with the signatures of `features`."""

from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

from components import features, images
from components.normalization.normalization_rules import ImageRules
from components.serving.broken_files import prepare_files
from components.serving.model_assets import write_class_names, write_rules, write_warm_up


class ServedModel(tf.Module):
    """The model behind the graph that Transform traced, so that it takes raw files."""

    def __init__(
        self,
        model: keras.Model,
        transform: tft.TFTransformOutput,
        shape: features.ImageShape,
        rules: ImageRules,
    ):
        super().__init__(name="image_classifier")
        # The weights and a function, not the model: with it the state of its optimizer would be
        # saved, which is twice their size.
        # TensorFlow's variables, not Keras's: those are saved twice, and the copies that a server
        # reads are never restored.
        self.model_weights = [weight.value for weight in model.weights]
        self._dimensions = shape.dimensions
        self._rules = rules
        # Traced once, and not in each signature; and for what has pixels at hand: exports to other
        # formats are made of it. From float32, for in 8 bits nothing may be in between.
        self.classify_pixels = tf.function(
            lambda pixels: model(pixels, training=False),
            [tf.TensorSpec([None, *shape.dimensions], tf.float32, "pixels")],
            autograph=False,
        )
        # An attribute, so that its variables and assets are saved with the module.
        self._transform_layer = transform.transform_features_layer()
        self._raw_spec = transform.raw_feature_spec()
        # Traced once, and not in each place where files are prepared.
        self._prepare = tf.function(
            self._prepare_files, [tf.TensorSpec([None], tf.string, "encoded")], autograph=False
        )
        self._prepare_originals = tf.function(
            self._read_and_prepare, [tf.TensorSpec([None], tf.string, "encoded")], autograph=False
        )
        names = transform.vocabulary_by_name(features.CLASS_NAMES_VOCABULARY)
        self._class_names = tf.constant(names)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")], autograph=False)
    def serve_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Files -> probabilities.

        What training saw of a file was made by `components.normalization`; here the graph does the
        same, as far as it can, and names what it cannot do.

        A broken file fails its batch, with an error that says which files are broken, by their
        places. Predictions for the others would need one for the broken file too: numbers that mean
        nothing, where a client looks for a class and may not look for a mark beside it. The client
        knows from the error which files to leave out, and asks once more. The price: a server that
        collects the requests of several clients into one batch fails all of them, so it should not
        do that for clients who do not trust each other. `pipeline.predict` shows how a client
        finds broken files before it asks.
        """
        return self._classify(prepare_files(image_bytes, self._prepare_originals))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")], autograph=False)
    def serve_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Serialized tf.train.Examples with raw features, as ingestion makes them -> the same."""
        raw = self._parse(examples, [features.IMAGE_ENCODED])
        return self._classify(self._prepare(tf.squeeze(raw[features.IMAGE_ENCODED], 1)))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")], autograph=False)
    def transform_features(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Serialized tf.train.Examples with raw features -> the label."""
        transformed = self._transform_layer(self._parse(examples, [features.CLASS_TEXT]))
        return {features.CLASS_LABEL: transformed[features.CLASS_LABEL]}

    def _parse(self, examples: tf.Tensor, keys: list[str]) -> dict[str, Any]:
        return tf.io.parse_example(examples, {key: self._raw_spec[key] for key in keys})

    def _prepare_files(self, encoded: tf.Tensor) -> tf.Tensor:
        """String [batch] of files -> string [batch] of serialized pixels."""
        raw = {features.IMAGE_ENCODED: encoded[:, tf.newaxis]}
        return tf.ensure_shape(self._transform_layer(raw)[features.IMAGE_PIXELS], [None])

    def _read_and_prepare(self, encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """String [batch] of files as they are -> serialized pixels, and what is wrong with them."""
        text = tf.TensorSpec([], tf.string)
        originals = tf.map_fn(
            lambda one: images.read_original(one, self._rules),
            encoded,
            fn_output_signature=images.Original(text, text),
        )
        return self._prepare(originals.encoded), originals.problem

    def _classify(self, serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.map_fn(
            lambda one: images.deserialize(one, self._dimensions),
            serialized,
            fn_output_signature=tf.TensorSpec(self._dimensions, tf.uint8),
        )
        probabilities = self._classify_any(pixels)
        batch = tf.shape(probabilities)[0]
        top = tf.math.top_k(probabilities, min(features.TOP_K, len(self._class_names)))
        return {
            features.PROBABILITIES: probabilities,
            features.TOP_K_PROBABILITIES: top.values,
            features.TOP_K_CLASSES: tf.gather(self._class_names, top.indices),
            features.CLASS_NAMES: tf.tile(self._class_names[tf.newaxis], [batch, 1]),
            features.TOP_CLASS: tf.gather(self._class_names, tf.argmax(probabilities, axis=-1)),
        }

    def _classify_any(self, pixels: tf.Tensor) -> tf.Tensor:
        """As `classify_pixels`, but also for no images.

        oneDNN's convolutions return an empty batch in its old shape on some processors, such as
        those with AMX, and the next layer fails: so the model is asked about a black image, whose
        prediction is left out. To pad by nothing costs TensorFlow nothing.
        """
        count = tf.shape(pixels)[0]
        sides = [[0, tf.maximum(1 - count, 0)], *[[0, 0]] * len(self._dimensions)]
        return self.classify_pixels(tf.cast(tf.pad(pixels, sides), tf.float32))[:count]


def export_model(
    model: keras.Model,
    transform: tft.TFTransformOutput,
    shape: features.ImageShape,
    destination: str,
    rules: ImageRules,
) -> None:
    """Saves a trained model with its signatures, and what who asks it must know.

    Args:
        model: Pixels to probabilities.
        transform: What Transform wrote: the graph, and the class names.
        shape: The size of the images that the model takes.
        destination: Folder of the SavedModel.
        rules: Those that the training images were normalized by.
    """
    served = ServedModel(model, transform, shape, rules)
    tf.saved_model.save(
        served,
        destination,
        signatures={
            features.BYTES_SIGNATURE: served.serve_bytes,
            features.EXAMPLES_SIGNATURE: served.serve_examples,
            features.TRANSFORM_SIGNATURE: served.transform_features,
        },
    )
    write_rules(rules, destination)
    names = transform.vocabulary_by_name(features.CLASS_NAMES_VOCABULARY)
    write_class_names([name.decode() for name in names], destination)
    write_warm_up(tf.io.encode_png(tf.zeros(shape.dimensions, tf.uint8)).numpy(), destination)
