"""What clients of TensorFlow Serving send and get, byte for byte, with a real model behind it.

There is no TensorFlow Serving here: `rest` does what its REST API does with a body, by its
documentation, and `grpc` what its gRPC API does with a PredictRequest; the model runs in a session,
as in a server.
"""

import base64
import json
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_log_pb2

from components.serving.model_assets import WARM_UP_FILE, make_request, read_class_names
from tests.components.serving.exported_model import CLASS_NAMES, ExportedModel, ask_in_session
from tests.image_files import encode_image

IMAGES = [encode_image((20, 10), seed=1), encode_image((7, 9), seed=2, format="JPEG")]


def rest(exported: ExportedModel, body: str) -> dict[str, Any]:
    """POST /v1/models/<name>:predict, in its row and its column form."""
    request = json.loads(body)
    values = request["instances"] if "instances" in request else request["inputs"]
    if isinstance(values, dict):
        values = values["image_bytes"]
    # With one input, a row may also be an object that names it.
    values = [value.get("image_bytes", value) for value in values]
    try:
        files = [base64.b64decode(value["b64"]) for value in values]
        answer = ask_in_session(exported.folder, files)
    except tf.errors.OpError as error:
        return {"error": error.message}
    columns = {name: [_plain(item) for item in values.tolist()] for name, values in answer.items()}
    if "inputs" in request:
        return {"outputs": columns}
    rows = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def grpc(exported: ExportedModel, request: predict_pb2.PredictRequest) -> dict[str, np.ndarray]:
    """PredictionService.Predict."""
    assert request.model_spec.signature_name == "serving_default"
    assert list(request.inputs) == ["image_bytes"]
    files = tf.make_ndarray(request.inputs["image_bytes"]).tolist()
    response = predict_pb2.PredictResponse()
    for name, values in ask_in_session(exported.folder, files).items():
        response.outputs[name].CopyFrom(tf.make_tensor_proto(values))
    wire = predict_pb2.PredictResponse.FromString(response.SerializeToString())
    return {name: tf.make_ndarray(tensor) for name, tensor in wire.outputs.items()}


def encoded(images: list[bytes]) -> list[dict[str, str]]:
    return [{"b64": base64.b64encode(image).decode()} for image in images]


@pytest.mark.parametrize("named", [False, True])
def test_rest_rows(color_model: ExportedModel, named: bool) -> None:
    rows = [{"image_bytes": row} if named else row for row in encoded(IMAGES)]
    answer = rest(color_model, json.dumps({"instances": rows}))
    json.dumps(answer, allow_nan=False)
    first, second = answer["predictions"]
    for image, row in zip(IMAGES, (first, second), strict=True):
        expected = color_model.probabilities(image)
        assert row["probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)
        assert row["class_names"] == list(CLASS_NAMES)
        assert row["top_class"] == CLASS_NAMES[int(expected.argmax())]
        assert row["top_k_classes"][0] == row["top_class"]
        assert row["top_k_probabilities"] == sorted(row["probabilities"], reverse=True)


def test_rest_columns(color_model: ExportedModel) -> None:
    answer = rest(color_model, json.dumps({"inputs": {"image_bytes": encoded(IMAGES)}}))
    assert np.shape(answer["outputs"]["probabilities"]) == (2, 3)
    assert len(answer["outputs"]["top_class"]) == 2


@pytest.mark.parametrize("count", [1, 2, 64])
def test_grpc(color_model: ExportedModel, count: int) -> None:
    images = (IMAGES * 32)[:count]
    answer = grpc(color_model, make_request(images, "photos"))
    expected = np.stack([color_model.probabilities(image) for image in images])
    np.testing.assert_allclose(answer["probabilities"], expected, rtol=0, atol=1e-5)
    assert answer["top_k_classes"].shape == (count, 3)


def test_no_image_is_no_error(color_model: ExportedModel) -> None:
    assert grpc(color_model, make_request([]))["probabilities"].shape == (0, 3)


def test_a_broken_image_fails_its_batch_and_rest_says_which(color_model: ExportedModel) -> None:
    body = json.dumps({"instances": encoded([IMAGES[0], IMAGES[1], b"no image"])})
    assert (
        "Received: 2: something other than JPEG, PNG, GIF, BMP, WebP (places"
        in rest(color_model, body)["error"]
    )
    body = json.dumps({"instances": encoded([IMAGES[0], IMAGES[1][:100], IMAGES[1]])})
    assert (
        "images [1] of the batch, counted from 0, which cannot" in rest(color_model, body)["error"]
    )


def test_metadata(color_model: ExportedModel) -> None:
    """What GetModelMetadata, and GET /v1/models/<name>/metadata, say of the model."""
    saved = saved_model_pb2.SavedModel.FromString(
        (color_model.folder / "saved_model.pb").read_bytes()
    )
    [graph] = saved.meta_graphs
    assert list(graph.meta_info_def.tags) == ["serve"]
    metadata = get_model_metadata_pb2.SignatureDefMap(signature_def=graph.signature_def)
    signature = metadata.signature_def["serving_default"]
    assert signature.method_name == "tensorflow/serving/predict"
    assert {name: _describe(tensor) for name, tensor in signature.inputs.items()} == {
        "image_bytes": ("string", [-1])
    }
    assert {name: _describe(tensor) for name, tensor in signature.outputs.items()} == {
        "probabilities": ("float32", [-1, 3]),
        "class_names": ("string", [-1, 3]),
        "top_class": ("string", [-1]),
        "top_k_classes": ("string", [-1, 3]),
        "top_k_probabilities": ("float32", [-1, 3]),
    }
    # TensorFlow Serving would encode those in base64.
    assert not [name for name in signature.outputs if name.endswith("_bytes")]


def _describe(tensor: Any) -> tuple[str, list[int]]:
    return tf.dtypes.as_dtype(tensor.dtype).name, [each.size for each in tensor.tensor_shape.dim]


def test_warm_up_requests_are_answered(color_model: ExportedModel) -> None:
    records = tf.data.TFRecordDataset(str(color_model.folder / WARM_UP_FILE))
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record)
        for record in records.as_numpy_iterator()
    ]
    # TensorFlow Serving reads no more than a thousand.
    assert len(logs) == 2
    shapes = [grpc(color_model, log.predict_log.request)["probabilities"].shape for log in logs]
    assert shapes == [(1, 3), (64, 3)]


def test_the_names_lie_beside_the_model(color_model: ExportedModel) -> None:
    assert read_class_names(str(color_model.folder)) == CLASS_NAMES
