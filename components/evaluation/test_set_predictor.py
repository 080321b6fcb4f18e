"""The step: predictions of the new model and the serving one for each test image.

TFX's BulkInferrer asks one model, and copies every image into its output. The gate, the report and
the Evaluator want the predictions alone, of two models side by side. It is the one look at the test
images: what comes after it goes by its predictions.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components import features
from components.artifact_types import TestPredictions
from components.declared_step import DeclaredStep, declare
from components.evaluation.predicted_examples import write_predicted_examples
from components.predictions import ModelPredictions, Predictions, write_predictions
from components.progress import Progress
from components.split_records import BATCH_SIZE, read_records

_IDENTIFYING = (features.IMAGE_FILENAME, features.IMAGE_SHA256, features.CLASS_TEXT)


class TestSetPredictorExecutor(base_executor.BaseExecutor):
    """Reads the test split once, and asks each model about each image once."""

    # It is not a test, whatever its name makes pytest believe.
    __test__ = False

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the predictions, for the gate and the report, and as TFMA takes them."""
        self._log_startup(input_dict, output_dict, exec_properties)
        folders = artifact_utils.get_split_uris(input_dict["examples"], features.TEST_SPLIT)
        models = [*input_dict["model"], *input_dict.get("baseline_model", [])]
        predictions = predict(folders, [path_utils.serving_model_path(each.uri) for each in models])
        write_predictions(predictions, artifact_utils.get_single_uri(output_dict["predictions"]))
        examples = artifact_utils.get_single_instance(output_dict["output_examples"])
        write_predicted_examples(predictions, examples)


class TestSetPredictor(DeclaredStep):
    """Predicts the class of each test image with the new model and the serving one.

    Examples of one span or several have the test split; there may be no baseline model.
    """

    SPEC_CLASS = declare(
        inputs={
            "examples": standard_artifacts.Examples,
            "model": standard_artifacts.Model,
            "baseline_model": standard_artifacts.Model,
        },
        outputs={"predictions": TestPredictions, "output_examples": standard_artifacts.Examples},
        parameters={},
        optional={"baseline_model"},
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(TestSetPredictorExecutor)


def predict(folders: Sequence[str], models: Sequence[str]) -> Predictions:
    """Asks one model or two about all images of a split.

    All predictions are held in memory: 4 bytes an image and class.

    Args:
        folders: Of the split, one of each span.
        models: The folder of the new model's SavedModel, and of the serving one's if there is one.
    """
    loaded = [tf.saved_model.load(path) for path in models]
    class_names: list[tuple[str, ...]] = [()] * len(models)
    identities = [np.zeros((0, len(_IDENTIFYING)), object)]
    batches: list[list[np.ndarray]] = [[] for _ in models]
    progress = Progress("test images", 0)
    for serialized, identity in _read(folders):
        identities.append(identity)
        for at, model in enumerate(loaded):
            predicted = model.signatures[features.EXAMPLES_SIGNATURE](examples=serialized)
            names = predicted[features.CLASS_NAMES][0].numpy()
            class_names[at] = tuple(name.decode() for name in names)
            batches[at].append(predicted[features.PROBABILITIES].numpy())
        progress.advance(units=len(identity))
    rows = np.concatenate(identities)
    # By digest where spans have files of one name.
    order = np.lexsort((rows[:, 1].astype(str), rows[:, 0].astype(str)))
    new, *serving = (
        ModelPredictions(names, _concatenate(found, len(names))[order])
        for names, found in zip(class_names, batches, strict=True)
    )
    filenames, sha256s, class_texts = rows[order].T
    return Predictions(filenames, sha256s, class_texts, new, serving[0] if serving else None)


def _read(folders: Sequence[str]) -> Iterator[tuple[tf.Tensor, np.ndarray]]:
    """Yields batches: serialized records, and str [batch, 3]: file name, digest and class."""
    spec = {key: tf.io.FixedLenFeature([], tf.string) for key in _IDENTIFYING}
    for serialized in read_records(folders).batch(BATCH_SIZE):
        parsed = tf.io.parse_example(serialized, spec)
        columns = [parsed[key].numpy() for key in _IDENTIFYING]
        yield serialized, np.array([[value.decode() for value in c] for c in columns], object).T


def _concatenate(batches: Sequence[np.ndarray], classes: int) -> np.ndarray:
    return np.concatenate([np.zeros((0, classes), np.float32), *batches])
