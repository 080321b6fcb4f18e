"""What is kept with a model, in `assets.extra`: the rules for its images, class names, warm-up.

The format SavedModel keeps that folder for what TensorFlow itself does not read, and TensorFlow
Serving ignores what it does not know there. TensorFlow is imported where it is used: whoever reads
class names need not have it.
"""

from __future__ import annotations

import json
import os
import typing
from collections.abc import Sequence

from components.errors import PipelineError
from components.features import BYTES_SIGNATURE
from components.normalization.normalization_rules import ImageRules

if typing.TYPE_CHECKING:
    from tensorflow_serving.apis import predict_pb2

RULES_FILE = os.path.join("assets.extra", "image_rules.json")
CLASS_NAMES_FILE = os.path.join("assets.extra", "class_names.json")
WARM_UP_FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
BATCH_SIZES = (1, 64)


def write_rules(rules: ImageRules, model_folder: str) -> None:
    """Puts the rules into the folder of a SavedModel."""
    text = json.dumps(rules.to_dict(), indent=2, sort_keys=True)
    _write(os.path.join(model_folder, RULES_FILE), text)


def read_rules(model_folder: str) -> ImageRules:
    """Reads what `write_rules` wrote.

    Raises:
        PipelineError: The file is missing or damaged.
    """
    import tensorflow as tf

    path = os.path.join(model_folder, RULES_FILE)
    try:
        with tf.io.gfile.GFile(path, "r") as file:
            return ImageRules.from_dict(json.loads(file.read()))
    except (tf.errors.OpError, ValueError) as error:
        missing = isinstance(error, tf.errors.NotFoundError)
        reason = "no such file" if missing else str(error).partition("\n")[0].rstrip(".")
        raise PipelineError(
            f"A pushed model must hold the rules that its images were prepared by, {RULES_FILE}. "
            f"Received: {model_folder}: {reason}. Remove this version, or run the pipeline again."
        ) from error


def write_class_names(class_names: Sequence[str], model_folder: str) -> None:
    """Puts the names into the folder of a SavedModel, as a list in JSON."""
    text = json.dumps(list(class_names), ensure_ascii=False, indent=2)
    _write(os.path.join(model_folder, CLASS_NAMES_FILE), text)


def read_class_names(model_folder: str) -> tuple[str, ...]:
    """Reads what `write_class_names` wrote.

    Raises:
        PipelineError: The file is missing or damaged.
    """
    path = os.path.join(model_folder, CLASS_NAMES_FILE)
    try:
        with open(path, encoding="utf-8") as file:
            names = json.load(file)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("it is no list of names")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PipelineError(
            f"A model must hold the names of its classes, {CLASS_NAMES_FILE}. "
            f"Received: {path}: {reason}. Remove this model, or run the pipeline again."
        ) from error
    return tuple(names)


def write_warm_up(image: bytes, model_folder: str) -> None:
    """Writes requests by which TensorFlow Serving warms a model up, for one image and a batch.

    TFRecords of PredictionLog, as TensorFlow Serving's guide "SavedModel Warmup" describes it.

    Args:
        image: A file that the model decodes.
        model_folder: Folder of the SavedModel.
    """
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    path = os.path.join(model_folder, WARM_UP_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.TFRecordWriter(path) as writer:
        for size in BATCH_SIZES:
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=make_request([image] * size))
            )
            writer.write(log.SerializeToString())


def make_request(images: Sequence[bytes], model_name: str = "") -> predict_pb2.PredictRequest:
    """A request as a client of the gRPC API makes it.

    Args:
        images: Files.
        model_name: Of the server's; empty in a warm-up, which is for the model that it lies in.
    """
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model_name
    request.model_spec.signature_name = BYTES_SIGNATURE
    tensor = tf.make_tensor_proto(list(images), tf.string, [len(images)])
    request.inputs["image_bytes"].CopyFrom(tensor)
    return request


def _write(path: str, text: str) -> None:
    import tensorflow as tf

    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(text + "\n")
