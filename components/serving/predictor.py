"""Loads the newest pushed model and asks it."""

import dataclasses
import os
from collections.abc import Iterator, Sequence

import tensorflow as tf

from components import features, images
from components.errors import PipelineError
from components.serving.versions import list_versions


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What the model says of one image, or why it says nothing.

    Attributes:
        file: As it was given.
        class_name: The most probable class; None if the file is not an image.
        probability: Of that class, 0 to 1; None likewise.
        error: Why there is no answer; None otherwise.
    """

    file: str
    class_name: str | None = None
    probability: float | None = None
    error: str | None = None


class Predictor:
    """A pushed model, loaded once."""

    def __init__(self, model_folder: str):
        """Loads the newest version.

        Args:
            model_folder: `<serving>/<name>`.

        Raises:
            PipelineError: No model was pushed there.
        """
        versions = list_versions(model_folder)
        if not versions:
            raise PipelineError(
                f"A model must have been pushed. Received: {model_folder} without versions. "
                "Run the pipeline first, or point to another model."
            )
        self.version = versions[-1]
        self._model = tf.saved_model.load(os.path.join(model_folder, str(self.version)))
        self._signature = self._model.signatures[features.BYTES_SIGNATURE]

    def predict(self, files: Sequence[str], batch_size: int = 32) -> Iterator[Prediction]:
        """Answers for each file, in order; a broken one costs the others nothing.

        Args:
            files: Paths.
            batch_size: Images that are sent to the model at once.
        """
        for start in range(0, len(files), batch_size):
            batch = files[start : start + batch_size]
            try:
                yield from self._predict_together(batch)
            except (OSError, tf.errors.OpError):
                # One of them is broken, and an error says nothing of the others.
                for file in batch:
                    yield self._predict_alone(file)

    def _predict_alone(self, file: str) -> Prediction:
        try:
            return self._predict_together([file])[0]
        except OSError as error:
            return Prediction(file, error=str(error.strerror))
        except tf.errors.OpError as error:
            return Prediction(file, error=images.first_line(error))

    def _predict_together(self, files: Sequence[str]) -> list[Prediction]:
        contents = []
        for file in files:
            with open(file, "rb") as opened:
                contents.append(opened.read())
        answer = self._signature(image_bytes=tf.constant(contents))
        probabilities = answer[features.PROBABILITIES].numpy().max(axis=1)
        names = answer[features.TOP_CLASS].numpy()
        return [
            Prediction(file, name.decode(), float(probability))
            for file, name, probability in zip(files, names, probabilities, strict=True)
        ]
