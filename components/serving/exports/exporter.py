"""The step that makes exports of a trained model, and hands both on as one model.

A step of its own, so that another list of formats trains nothing. What it hands on is a copy of the
model, with the exports in `assets.extra`, which TensorFlow Serving ignores and the Pusher copies:

    assets.extra/exports/model.tflite, model_int8.tflite, model.onnx   see `converters`
    assets.extra/exports/exports.json   the class names, in the order of the probabilities, and for
                                        each format how large the file is and how its predictions
                                        differ from the SavedModel's, or why there is no file

An export that fails is no reason to lose a training: it is left out and told of. The release gate
refuses a model for want of it where `export.required` names it.
"""

import dataclasses
import functools
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import io_utils, path_utils

from components import transformed_records
from components.declared_step import DeclaredStep, declare
from components.errors import PipelineError, first_line
from components.features import EVAL_SPLIT, TRAIN_SPLIT, ImageShape
from components.serving.exports.agreement import Agreement, compare, find_problem
from components.serving.exports.converters import (
    Classifier,
    Classify,
    open_onnx,
    open_tflite,
    to_onnx,
    to_tflite,
    to_tflite_int8,
)
from components.serving.exports.export_formats import FILES, FOLDER, ONNX, REPORT_FILE, TFLITE
from components.serving.model_assets import read_class_names

BATCH_SIZE = 64
SHUFFLED_RECORDS = 1_000
"""Among so many, those of one file after another, representative images are chosen at random."""


@dataclasses.dataclass(frozen=True)
class Export:
    """One format.

    Attributes:
        file: Its name; empty if there is none.
        bytes: Its size.
        agreement: How its predictions differ from the SavedModel's; None if nobody knows.
        problem: Why there is no file; empty if there is one.
    """

    file: str = ""
    bytes: int = 0
    agreement: Agreement | None = None
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """What is in the report, where null stands for what is not finite, as JSON has it."""
        measured = dataclasses.asdict(self.agreement) if self.agreement else {}
        finite = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in measured.items()
        }
        return {"file": self.file, "bytes": self.bytes, "problem": self.problem, **finite}


class ExporterExecutor(base_executor.BaseExecutor):
    """Copies the model, and puts the exports into the copy."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Makes all formats that can be made."""
        self._log_startup(input_dict, output_dict, exec_properties)
        examples = input_dict["examples"]
        folder = artifact_utils.get_single_uri(output_dict["model"])
        io_utils.copy_dir(artifact_utils.get_single_uri(input_dict["trained_model"]), folder)
        write_exports(
            path_utils.serving_model_path(folder),
            json.loads(exec_properties["formats"]),
            _records(examples, TRAIN_SPLIT),
            _records(examples, EVAL_SPLIT),
        )


class Exporter(DeclaredStep):
    """Makes files for phones, browsers and other runtimes, each checked; TFX has no such step."""

    SPEC_CLASS = declare(
        inputs={
            "trained_model": standard_artifacts.Model,
            # As Transform made them for the Trainer.
            "examples": standard_artifacts.Examples,
        },
        outputs={"model": standard_artifacts.Model},
        # Names of `export_formats.FORMATS`, as JSON.
        parameters={"formats": str},
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(ExporterExecutor)


def write_exports(
    saved_model: str, formats: Sequence[str], train_files: Sequence[str], eval_files: Sequence[str]
) -> dict[str, Export]:
    """Converts a model, compares each export with the SavedModel, and writes those that are alike.

    Args:
        saved_model: Folder that `signatures.export_model` wrote; the exports are added to it.
        formats: Names of `export_formats.FORMATS`.
        train_files: Transformed records; they show the range of every layer.
        eval_files: Transformed records; exports are compared on them.

    Returns:
        What became of each format.
    """
    # Held, since a function keeps no variables alive.
    loaded = tf.saved_model.load(saved_model)
    classify = loaded.classify_pixels
    # height, width, channels of the only argument.
    shape = ImageShape(*classify.input_signature[0].shape[1:])
    representative = functools.partial(representative_images, train_files, shape)
    contents: dict[str, bytes] = {}
    classifiers: dict[str, Classifier] = {}
    exports: dict[str, Export] = {}
    for name in formats:
        try:
            contents[name], classifiers[name] = _convert(name, classify, shape, representative)
        except PipelineError as error:
            exports[name] = Export(problem=str(error))
    evaluation = transformed_records.parse(
        transformed_records.read_files(eval_files), shape.dimensions
    )
    agreements = compare(
        lambda pixels: np.asarray(classify(tf.cast(pixels, tf.float32))),
        classifiers,
        evaluation.batch(BATCH_SIZE),
    )
    for name, content in contents.items():
        exports[name] = _judge(name, content, agreements.get(name))
    _write(saved_model, contents, exports)
    return exports


def representative_images(files: Sequence[str], shape: ImageShape) -> Iterator[np.ndarray]:
    """Images in an order of no meaning, the same each time: uint8 [height, width, channels]."""
    records = tf.data.Dataset.from_tensor_slices(list(files)).interleave(
        transformed_records.read_files, cycle_length=max(1, len(files))
    )
    shuffled = records.shuffle(SHUFFLED_RECORDS, seed=0)
    for pixels, _ in transformed_records.parse(shuffled, shape.dimensions).as_numpy_iterator():
        yield pixels


def _records(examples: list[types.Artifact], split: str) -> list[str]:
    folders = artifact_utils.get_split_uris(examples, split)
    return transformed_records.find_files(os.path.join(folder, "*") for folder in folders)


def _convert(
    name: str,
    classify: Classify,
    shape: ImageShape,
    representative: Callable[[], Iterable[np.ndarray]],
) -> tuple[bytes, Classifier]:
    """The content of the file, and what asks it."""
    try:
        if name == ONNX:
            content = to_onnx(classify, shape)
            return content, open_onnx(content)
        if name == TFLITE:
            content = to_tflite(classify, shape)
        else:
            content = to_tflite_int8(classify, shape, representative())
        return content, open_tflite(content)
    except PipelineError:
        raise
    # The converters raise whatever comes; the user can only do without.
    except Exception as error:
        raise PipelineError(
            f"The network must have nothing that {name} lacks. Received: a model whose conversion "
            f"failed: {first_line(error)}. Leave {name} out of the exports, or choose another "
            "trainer."
        ) from error


def _judge(name: str, content: bytes, agreement: Agreement | None) -> Export:
    problem = find_problem(name, agreement)
    if problem:
        return Export(agreement=agreement, problem=problem)
    return Export(FILES[name], len(content), agreement)


def _write(saved_model: str, contents: Mapping[str, bytes], exports: Mapping[str, Export]) -> None:
    folder = os.path.join(saved_model, FOLDER)
    report = {
        "class_names": list(read_class_names(saved_model)),
        "formats": {name: export.to_dict() for name, export in exports.items()},
    }
    tf.io.gfile.makedirs(folder)
    for name, content in contents.items():
        if exports[name].file:
            with tf.io.gfile.GFile(os.path.join(folder, FILES[name]), "wb") as file:
                file.write(content)
    with tf.io.gfile.GFile(os.path.join(folder, REPORT_FILE), "w") as file:
        file.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
