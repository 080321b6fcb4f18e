"""All exports of a model, beside its SavedModel.

They lie in `assets.extra`, which TensorFlow Serving ignores and the Pusher copies with the rest:

    assets.extra/exports/model.tflite       see `tflite`
    assets.extra/exports/model_int8.tflite  see `tflite`
    assets.extra/exports/model.onnx         see `onnx_file`
    assets.extra/exports/exports.json       the class names, in the order of the probabilities, and
                                            for each format how large the file is and how its
                                            predictions differ from the SavedModel's, or why there
                                            is no file

An export that fails is no reason to lose a training: it is left out and told of. The release gate
refuses a model for want of it where `export.required` names it.
"""

import dataclasses
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.errors import PipelineError, first_line
from components.features import ImageShape
from components.serving.exports.comparing import Classifier, Comparison, compare
from components.serving.exports.formats import (
    FILES,
    LEAST_AGREEMENT,
    ONNX,
    TFLITE,
    check_formats,
)
from components.serving.exports.tflite import open_tflite, to_tflite, to_tflite_int8

FOLDER = os.path.join("assets.extra", "exports")
REPORT_FILE = "exports.json"

_UNFINISHED = os.path.join("assets.extra", ".unfinished-exports")


@dataclasses.dataclass(frozen=True)
class Export:
    """One format.

    Attributes:
        file: Its name; empty if there is none.
        bytes: Its size.
        comparison: How its predictions differ from the SavedModel's; None if nobody knows.
        problem: Why there is no file; empty if there is one.
    """

    file: str = ""
    bytes: int = 0
    comparison: Comparison | None = None
    problem: str = ""


def write_exports(
    saved_model: str,
    model: keras.Model,
    shape: ImageShape,
    formats: Sequence[str],
    representative: Iterable[np.ndarray],
    evaluation: tf.data.Dataset,
    class_names: Sequence[str] = (),
) -> dict[str, Export]:
    """Converts a model, compares each export with the SavedModel, and writes those that are alike.

    Args:
        saved_model: Its folder; loaded, it must have a function `classify_pixels` from uint8
            [batch, height, width, channels] to probabilities, float [batch, classes].
        model: The Keras model that was saved there, computing in float32.
        shape: The size of the images.
        formats: Names of `formats.FORMATS`; none writes nothing.
        representative: uint8 [height, width, channels] each, as training sees them; read only
            for "tflite_int8".
        evaluation: Batches of uint8 [batch, height, width, channels] and int64 label [batch].
        class_names: In the order of the probabilities; for the clients, which read them in the
            report.

    Returns:
        What became of each format.

    Raises:
        PipelineError: There is no such format.
    """
    check_formats(formats)
    if not formats:
        return {}
    _require_float32(model)
    contents: dict[str, bytes] = {}
    classifiers: dict[str, Classifier] = {}
    exports: dict[str, Export] = {}
    for name in dict.fromkeys(formats):
        try:
            contents[name], classifiers[name] = _convert(name, model, shape, representative)
        except PipelineError as error:
            exports[name] = Export(problem=str(error))
    loaded = tf.saved_model.load(saved_model)
    comparisons = compare(
        lambda pixels: np.asarray(loaded.classify_pixels(tf.constant(pixels))),
        classifiers,
        evaluation,
    )
    for name, content in contents.items():
        exports[name] = _judge(name, content, comparisons.get(name))
    kept = {name: content for name, content in contents.items() if exports[name].file}
    _write(saved_model, kept, exports, class_names)
    return exports


def read_problems(saved_model: str, formats: Iterable[str]) -> dict[str, str]:
    """Reads why there is no export of some formats.

    Args:
        saved_model: Folder of a SavedModel that `write_exports` was given.
        formats: That are asked for.

    Returns:
        For each of them the reason; empty if it is there.
    """
    path = os.path.join(saved_model, FOLDER, REPORT_FILE)
    found: Mapping[str, Any] = {}
    if tf.io.gfile.exists(path):
        with tf.io.gfile.GFile(path) as file:
            found = json.load(file)["formats"]
    missing = {"problem": "It was not made: export.formats did not name it."}
    return {name: found.get(name, missing)["problem"] for name in formats}


def _require_float32(model: keras.Model) -> None:
    if model.compute_dtype != "float32":
        raise ValueError(
            f"A model that is exported must compute in float32. Received: {model.compute_dtype}. "
            "Build it anew under the policy 'float32', and set its weights."
        )


def _convert(
    name: str, model: keras.Model, shape: ImageShape, representative: Iterable[np.ndarray]
) -> tuple[bytes, Classifier]:
    """The content of the file, and what asks it."""
    opened: Callable[[bytes], Classifier] = open_tflite
    try:
        if name == ONNX:
            # Not above: whoever exports no ONNX need not have it, nor wait for it.
            from components.serving.exports.onnx_file import open_onnx, to_onnx

            content, opened = to_onnx(model, shape), open_onnx
        elif name == TFLITE:
            content = to_tflite(model, shape)
        else:
            content = to_tflite_int8(model, shape, representative)
        return content, opened(content)
    except PipelineError:
        raise
    # The converters raise whatever comes; the user can only do without.
    except Exception as error:
        raise PipelineError(
            f"The network must have nothing that {name} lacks. Received: the model "
            f"{model.name!r}, whose conversion failed: {first_line(error)}. "
            f"Leave {name} out of the exports, or choose another trainer."
        ) from error


def _judge(name: str, content: bytes, comparison: Comparison | None) -> Export:
    """Whether a file may be handed out.

    Few images show little: an export is left out where it is shown to be unlike, which is where the
    whole interval of its agreement is below the bound.
    """
    if comparison is None:
        return Export(
            problem="Exports are checked on the evaluation images, of which there must be one or "
            "more. Received: none. Give the evaluation split a share of the images."
        )
    if not math.isfinite(comparison.largest_difference):
        return Export(
            comparison=comparison,
            problem="The probabilities must be finite numbers, as the SavedModel's are. Received: "
            "a value that is not, for an evaluation image. Train with a smaller learning rate, "
            "which keeps the weights small.",
        )
    least, (low, high) = LEAST_AGREEMENT[name], comparison.agreement_interval
    if high < least:
        return Export(
            comparison=comparison,
            problem=f"It must choose the SavedModel's class for a proportion of {least} or more of "
            f"the evaluation images. Received: {comparison.top_1_agreement:.4f} ({low:.4f} to "
            f"{high:.4f}) of {comparison.images:,} images, accuracy {comparison.accuracy:.4f} "
            f"against {comparison.saved_model_accuracy:.4f}, probabilities up to "
            f"{comparison.largest_difference:.4f} apart. Train longer, which makes predictions "
            "more decided, or choose another trainer.",
        )
    return Export(FILES[name], len(content), comparison)


def _write(
    saved_model: str,
    contents: Mapping[str, bytes],
    exports: Mapping[str, Export],
    class_names: Sequence[str],
) -> None:
    """Writes a folder that appears when it is complete, in the place of an earlier one."""
    unfinished, final = os.path.join(saved_model, _UNFINISHED), os.path.join(saved_model, FOLDER)
    report = {"class_names": list(class_names), "formats": describe(exports)}
    try:
        tf.io.gfile.makedirs(unfinished)
        for name, content in contents.items():
            with tf.io.gfile.GFile(os.path.join(unfinished, FILES[name]), "wb") as file:
                file.write(content)
        with tf.io.gfile.GFile(os.path.join(unfinished, REPORT_FILE), "w") as file:
            file.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
        if tf.io.gfile.exists(final):
            tf.io.gfile.rmtree(final)
        tf.io.gfile.rename(unfinished, final)
    except BaseException:
        if tf.io.gfile.exists(unfinished):
            tf.io.gfile.rmtree(unfinished)
        raise


def describe(exports: Mapping[str, Export]) -> dict[str, dict[str, Any]]:
    """What became of each format, in the types that JSON has."""
    return {
        name: {
            "file": export.file,
            "bytes": export.bytes,
            "problem": export.problem,
            **(_finite(dataclasses.asdict(export.comparison)) if export.comparison else {}),
        }
        for name, export in exports.items()
    }


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinity: null stands for them."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }
