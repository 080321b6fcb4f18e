"""The step that asks the new model and the serving one about each test image.

TFX's BulkInferrer asks one model, and copies every image into its output. The gate, the report and
the Evaluator want the answers alone, of two models side by side. It is the one look at the test
images: what comes after it goes by its answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.utils import path_utils

from components import features
from components.artifact_types import TestPredictions
from components.evaluation.answered_examples import write_answered_examples
from components.predictions import Answers, Predictions, write_predictions
from components.progress import Progress
from components.split_records import BATCH_SIZE, read_records

_IDENTIFYING = (features.IMAGE_FILENAME, features.IMAGE_SHA256, features.CLASS_TEXT)


class TestSetInferrerSpec(types.ComponentSpec):
    """Names and types of what goes in and out."""

    PARAMETERS = {"code_fingerprint": component_spec.ExecutionParameter(type=str)}
    INPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "baseline_model": component_spec.ChannelParameter(
            type=standard_artifacts.Model, optional=True
        ),
    }
    OUTPUTS = {
        "predictions": component_spec.ChannelParameter(type=TestPredictions),
        "output_examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }


class TestSetInferrerExecutor(base_executor.BaseExecutor):
    """Reads the test split once, and asks each model about each image once."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the predictions, for the gate and the report, and as TFMA takes them."""
        self._log_startup(input_dict, output_dict, exec_properties)
        folders = artifact_utils.get_split_uris(input_dict["examples"], features.TEST_SPLIT)
        baseline = input_dict.get("baseline_model") or []
        predictions = infer(
            folders,
            _model_folder(artifact_utils.get_single_instance(input_dict["model"])),
            _model_folder(baseline[0]) if baseline else "",
        )
        folder = artifact_utils.get_single_uri(output_dict["predictions"])
        write_predictions(predictions, folder)
        answered = artifact_utils.get_single_instance(output_dict["output_examples"])
        write_answered_examples(predictions, answered)


class TestSetInferrer(base_component.BaseComponent):
    """Says of each test image what the new model makes of it, and the serving one."""

    SPEC_CLASS = TestSetInferrerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(TestSetInferrerExecutor)

    def __init__(
        self,
        examples: types.BaseChannel,
        model: types.BaseChannel,
        baseline_model: types.BaseChannel,
        code_fingerprint: str,
    ):
        """Declares the step.

        Args:
            examples: With the test split, of one span or several.
            model: The new one.
            baseline_model: The one that is serving; there may be none.
            code_fingerprint: Changes when the code of the step does, and with it the cache key.
        """
        super().__init__(
            spec=TestSetInferrerSpec(
                examples=examples,
                model=model,
                baseline_model=baseline_model,
                code_fingerprint=code_fingerprint,
                predictions=types.Channel(type=TestPredictions),
                output_examples=types.Channel(type=standard_artifacts.Examples),
            )
        )


def infer(folders: Sequence[str], model_folder: str, baseline_folder: str) -> Predictions:
    """Asks one model or two about all images of a split.

    All answers are held in memory: 4 bytes an image and class.

    Args:
        folders: Of the split, one of each span.
        model_folder: The new model's SavedModel.
        baseline_folder: The serving model's; empty if there is none.
    """
    models = [tf.saved_model.load(path) for path in (model_folder, baseline_folder) if path]
    signatures = [model.signatures[features.EXAMPLES_SIGNATURE] for model in models]
    asked = [_Collected() for _ in signatures]
    identities: list[np.ndarray] = []
    progress = Progress("test images", 0)
    for serialized, identity in _read(folders):
        identities.append(identity)
        for signature, collected in zip(signatures, asked, strict=True):
            collected.add(signature(examples=serialized))
        progress.advance(units=len(identity))
    return _sorted(identities, [collected.answers() for collected in asked])


class _Collected:
    """What one model said so far."""

    def __init__(self) -> None:
        self._class_names: tuple[str, ...] = ()
        self._probabilities: list[np.ndarray] = []

    def add(self, answer: Mapping[str, tf.Tensor]) -> None:
        """Keeps the answer to one batch."""
        names = answer[features.CLASS_NAMES][0].numpy()
        self._class_names = tuple(name.decode() for name in names)
        self._probabilities.append(answer[features.PROBABILITIES].numpy())

    def answers(self) -> Answers:
        """All of them in a row."""
        empty = np.zeros((0, len(self._class_names)), np.float32)
        return Answers(self._class_names, np.concatenate([empty, *self._probabilities]))


def _read(folders: Sequence[str]) -> Iterator[tuple[tf.Tensor, np.ndarray]]:
    """Yields batches: serialized records, and str [batch, 3]: file name, digest and class."""
    spec = {key: tf.io.FixedLenFeature([], tf.string) for key in _IDENTIFYING}
    for serialized in read_records(folders).batch(BATCH_SIZE):
        parsed = tf.io.parse_example(serialized, spec)
        columns = [parsed[key].numpy() for key in _IDENTIFYING]
        yield serialized, np.array([[value.decode() for value in c] for c in columns], object).T


def _sorted(identities: Sequence[np.ndarray], answers: Sequence[Answers]) -> Predictions:
    empty = np.zeros((0, len(_IDENTIFYING)), object)
    rows = np.concatenate([empty, *identities])
    # By digest where spans have files of one name.
    order = np.lexsort((rows[:, 1].astype(str), rows[:, 0].astype(str)))
    model, *others = (Answers(each.class_names, each.probabilities[order]) for each in answers)
    filenames, sha256s, class_texts = rows[order].T
    return Predictions(filenames, sha256s, class_texts, model, others[0] if others else None)


def _model_folder(model: types.Artifact) -> str:
    return str(path_utils.serving_model_path(model.uri))
