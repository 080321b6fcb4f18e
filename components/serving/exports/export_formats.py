"""Which formats a model can be exported to; known without waiting for TensorFlow."""

import dataclasses
import json
import os
from collections.abc import Iterable
from typing import Any

from components.config_checks import ConfigurationError, check_choice, check_types

TFLITE = "tflite"
TFLITE_INT8 = "tflite_int8"
ONNX = "onnx"

FILES = {TFLITE: "model.tflite", TFLITE_INT8: "model_int8.tflite", ONNX: "model.onnx"}
"""The file of each format."""

FORMATS = tuple(FILES)

LEAST_AGREEMENT = {TFLITE: 0.999, TFLITE_INT8: 0.95, ONNX: 0.999}
"""The proportion of images for which an export must choose the SavedModel's class.

Float exports compute the same sums in another order: they differ in the sixth decimal, so only an
image on the very border between two classes may change sides. With 8 bits, each layer rounds to
256 values. Networks quantized after training lose up to about 3 points of accuracy (Krishnamoorthi,
"Quantizing deep convolutional networks for efficient inference: A whitepaper", 2018, table 4);
where more than 1 prediction in 20 changes, the representative images did not show the layers'
ranges, or the network does not stand it.
"""

FOLDER = os.path.join("assets.extra", "exports")
REPORT_FILE = "exports.json"


@dataclasses.dataclass(frozen=True)
class ExportConfig:
    """Other forms of the model, beside the SavedModel and checked against it.

    Attributes:
        formats: tflite, tflite_int8 (weights and sums of 8 bits) and onnx, separated by commas;
            empty for none. One that fails is left out and told of.
        required: Those of the formats without which the model is not released, separated by commas.
    """

    formats: str = ""
    required: str = ""

    def __post_init__(self) -> None:
        check_types(self, "export.")
        for name in _split(self.formats):
            check_choice("export.formats", name, FORMATS)
        for name in self.required_names:
            if name not in self.names:
                raise ConfigurationError(
                    "export.required must name formats that are made: "
                    f"export.formats={self.formats!r}. Received: export.required="
                    f"{self.required!r}. Add {name!r} to export.formats, or leave it out here."
                )

    @property
    def names(self) -> tuple[str, ...]:
        """The formats, one by one, in the order of `FORMATS`."""
        return tuple(name for name in FORMATS if name in _split(self.formats))

    @property
    def required_names(self) -> tuple[str, ...]:
        """The formats that a release needs."""
        return _split(self.required)


def read_exports(saved_model: str) -> dict[str, dict[str, Any]]:
    """Reads what became of each format that a model was exported to.

    Returns:
        For each format `file`, `bytes`, `problem`, and how its predictions differ from the
        SavedModel's, if that is known; nothing for a model that was not exported.
    """
    # Not above: who checks settings need not wait for TensorFlow.
    import tensorflow as tf

    path = os.path.join(saved_model, FOLDER, REPORT_FILE)
    if not tf.io.gfile.exists(path):
        return {}
    with tf.io.gfile.GFile(path) as file:
        formats: dict[str, dict[str, Any]] = json.load(file)["formats"]
    return formats


def read_problems(saved_model: str, formats: Iterable[str]) -> dict[str, str]:
    """Reads why there is no export of some formats.

    Args:
        saved_model: Its folder.
        formats: That are asked for.

    Returns:
        For each of them the reason; empty if it is there.
    """
    found = read_exports(saved_model)
    missing = {"problem": "It was not made: export.formats did not name it."}
    return {name: found.get(name, missing)["problem"] for name in formats}


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())
