"""Loads the newest pushed model and asks it.

Every file goes through the normalisation that the training images went through, by the rules that
are kept with the model.
"""

import dataclasses
import os
from collections.abc import Iterator, Sequence

import tensorflow as tf

from components import features, images
from components.errors import PipelineError
from components.normalisation.normalise import normalise
from components.normalisation.opening import TOO_LARGE, UnusableImageError
from components.serving.directory.layout import list_versions
from components.serving.image_rules import read_rules


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What the model says of one image, or why it says nothing.

    Attributes:
        file: As it was given.
        class_name: The most probable class; None if the file is not an image.
        probability: Of that class, 0 to 1; None likewise.
        error: Why there is no answer, as ingestion would say it; None otherwise.
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
            PipelineError: No model was pushed there, or it lacks the rules for its images.
        """
        versions = list_versions(model_folder)
        if not versions:
            raise PipelineError(
                f"A model must have been pushed. Received: {model_folder} without versions. "
                "Run the pipeline first, or point to another model."
            )
        self.version = versions[-1]
        version_folder = os.path.join(model_folder, str(self.version))
        self._model = tf.saved_model.load(version_folder)
        self._rules = read_rules(version_folder)
        self._signature = self._model.signatures[features.BYTES_SIGNATURE]

    def predict(self, files: Sequence[str], batch_size: int = 32) -> Iterator[Prediction]:
        """Answers for each file, in order; a broken one costs the others nothing.

        Args:
            files: Paths.
            batch_size: Images that are sent to the model at once.
        """
        for start in range(0, len(files), batch_size):
            read = [self._read(file) for file in files[start : start + batch_size]]
            answers = self._classify([one for one in read if isinstance(one, bytes)])
            for file, one in zip(files[start : start + batch_size], read, strict=True):
                if isinstance(one, bytes):
                    name, probability = next(answers)
                    yield Prediction(file, name, probability)
                else:
                    yield Prediction(file, error=str(one))

    def _read(self, file: str) -> bytes | Exception:
        """What the model is given of a file, or why it is given nothing."""
        try:
            with open(file, "rb") as opened:
                encoded = opened.read(self._rules.max_bytes + 1)
            if len(encoded) > self._rules.max_bytes:
                raise UnusableImageError(TOO_LARGE, f"more than {self._rules.max_bytes:,} bytes")
            return normalise(encoded, self._rules, self._decodes).encoded
        except OSError as error:
            return OSError(error.strerror)
        except UnusableImageError as error:
            return error

    def _decodes(self, encoded: bytes) -> bool:
        return images.decodes_alike(encoded, self._rules.channels)

    def _classify(self, contents: list[bytes]) -> Iterator[tuple[str, float]]:
        """The most probable class of each image, and its probability."""
        if not contents:
            return
        answer = self._signature(image_bytes=tf.constant(contents))
        probabilities = answer[features.PROBABILITIES].numpy().max(axis=1)
        names = answer[features.TOP_CLASS].numpy()
        for name, probability in zip(names, probabilities, strict=True):
            yield name.decode(), float(probability)
