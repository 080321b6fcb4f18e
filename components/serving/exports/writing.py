"""All exports of a model, beside its SavedModel.

They lie in `assets.extra`, which TensorFlow Serving ignores and the Pusher copies with the rest:

    assets.extra/exports/model.tflite       see `tflite`
    assets.extra/exports/model_int8.tflite  see `tflite`
    assets.extra/exports/model.onnx         see `onnx_file`
    assets.extra/exports/exports.json       the class names, in the order of the probabilities, and
                                            for each format how large the file is and how its
                                            answers differ from the SavedModel's
"""

import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

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
    """One exported file.

    Attributes:
        file: Its name.
        bytes: Its size.
        comparison: How its answers differ from the SavedModel's.
    """

    file: str
    bytes: int
    comparison: Comparison


def write_exports(
    saved_model: str,
    model: keras.Model,
    shape: ImageShape,
    formats: Sequence[str],
    representative: Iterable[np.ndarray],
    evaluation: tf.data.Dataset,
    class_names: Sequence[str] = (),
) -> dict[str, Export]:
    """Converts a model, compares each export with the SavedModel, and writes all of them or none.

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
        What was written, by format.

    Raises:
        PipelineError: There is no such format; the network cannot be converted to it; or its
            answers differ too much. Nothing is written then.
    """
    check_formats(formats)
    if not formats:
        return {}
    _require_float32(model)
    contents, classifiers = {}, {}
    for name in dict.fromkeys(formats):
        contents[name], classifiers[name] = _convert(name, model, shape, representative)
    loaded = tf.saved_model.load(saved_model)
    comparisons = compare(
        lambda pixels: np.asarray(loaded.classify_pixels(tf.constant(pixels))),
        classifiers,
        evaluation,
    )
    exports = {
        name: Export(FILES[name], len(contents[name]), comparison)
        for name, comparison in comparisons.items()
    }
    for name, export in exports.items():
        _require_agreement(name, export.comparison)
    _write(saved_model, contents, exports, class_names)
    return exports


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


def _require_agreement(name: str, comparison: Comparison) -> None:
    least, agreement = LEAST_AGREEMENT[name], comparison.top_1_agreement
    if agreement < least:
        raise PipelineError(
            f"The export {name} must choose the SavedModel's class for a share of {least} or more "
            f"of the evaluation images. Received: {agreement:.4f} of {comparison.images} images, "
            f"accuracy {comparison.accuracy:.4f} against {comparison.saved_model_accuracy:.4f}, "
            f"probabilities up to {comparison.largest_difference:.4f} apart. Leave {name} out of "
            "the exports, train longer, which makes answers more decided, or choose another "
            "trainer."
        )


def _write(
    saved_model: str,
    contents: Mapping[str, bytes],
    exports: Mapping[str, Export],
    class_names: Sequence[str],
) -> None:
    """Writes a folder that appears when it is complete, in the place of an earlier one."""
    unfinished, final = os.path.join(saved_model, _UNFINISHED), os.path.join(saved_model, FOLDER)
    report = {"class_names": list(class_names), "formats": _describe(exports)}
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


def _describe(exports: Mapping[str, Export]) -> dict[str, dict[str, str | int | float]]:
    return {
        name: {
            "file": export.file,
            "bytes": export.bytes,
            **dataclasses.asdict(export.comparison),
        }
        for name, export in exports.items()
    }
