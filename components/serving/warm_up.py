"""Requests by which TensorFlow Serving warms a model up, before it is asked by anyone.

The file lies in `assets.extra`: TFRecords of PredictionLog, as TensorFlow Serving's guide
"SavedModel Warmup" describes it.
"""

import os
from collections.abc import Sequence

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from components.features import BYTES_SIGNATURE

WARM_UP_FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
BATCH_SIZES = (1, 64)


def write_warm_up(image: bytes, model_folder: str) -> None:
    """Writes a request for one image and one for a batch.

    Args:
        image: A file that the model decodes.
        model_folder: Folder of the SavedModel.
    """
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
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model_name
    request.model_spec.signature_name = BYTES_SIGNATURE
    tensor = tf.make_tensor_proto(list(images), tf.string, [len(images)])
    request.inputs["image_bytes"].CopyFrom(tensor)
    return request
