"""Loads the newest pushed model and asks it.

Every file goes through the normalization that the training images went through, by the rules that
are kept with the model, in workers that may die of it. TensorFlow sees what they decoded before.
"""

import dataclasses
import functools
import itertools
import os
from collections.abc import Iterator, Sequence

import tensorflow as tf

from components import features, images
from components.errors import PipelineError
from components.features import AS_FOUND
from components.normalization.normalize import Normalized
from components.sandbox import Limits, Sandbox
from components.serving import image_reading
from components.serving.directory.layout import list_versions
from components.serving.image_reading import Task, fail, read_image
from components.serving.model_assets import read_rules

Workers = Sandbox[Task, Normalized | str]


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What the model says of one image, or why it says nothing.

    Attributes:
        file: As it was given.
        class_name: The most probable class; None if the file is not an image.
        probability: Of that class, 0 to 1; None likewise.
        error: Why there is no prediction, as ingestion would say it; None otherwise.
    """

    file: str
    class_name: str | None = None
    probability: float | None = None
    error: str | None = None


class Predictor:
    """A pushed model, loaded once."""

    def __init__(self, model_folder: str):
        """Loads the newest version.

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
        """Predicts each file, in order; a broken one costs the others nothing.

        Args:
            files: Paths.
            batch_size: Images that are sent to the model at once.

        Raises:
            PipelineError: This machine does not let workers start.
        """
        with Workers(
            functools.partial(read_image, self._rules),
            fail,
            preload=image_reading.__name__,
            limits=Limits(self._rules.max_megapixels),
        ) as workers:
            found = zip(files, self._read(files, workers), strict=True)
            while batch := list(itertools.islice(found, batch_size)):
                predictions = self._classify([one for _, one in batch if isinstance(one, bytes)])
                for file, one in batch:
                    if isinstance(one, bytes):
                        yield Prediction(file, *next(predictions))
                    else:
                        yield Prediction(file, error=one)

    def _read(self, files: Sequence[str], workers: Workers) -> Iterator[bytes | str]:
        """What the model is given of each file, or why it is given nothing."""
        results = workers.map(Task(file, is_refused=False) for file in files)
        for file, found in zip(files, results, strict=True):
            if self._is_refused(found):
                [found] = workers.map([Task(file, is_refused=True)])
            yield found if isinstance(found, str) else found.encoded

    def _is_refused(self, found: Normalized | str) -> bool:
        return (
            not isinstance(found, str)
            and found.treatment == AS_FOUND
            and not images.decodes_alike(found.encoded, self._rules.channels)
        )

    def _classify(self, contents: list[bytes]) -> Iterator[tuple[str, float]]:
        """The most probable class of each image, and its probability."""
        if not contents:
            return
        outputs = self._signature(image_bytes=tf.constant(contents))
        probabilities = outputs[features.PROBABILITIES].numpy().max(axis=1)
        names = outputs[features.TOP_CLASS].numpy()
        for name, probability in zip(names, probabilities, strict=True):
            yield name.decode(), float(probability)
