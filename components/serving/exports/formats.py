"""Which formats a model can be exported to; known without waiting for TensorFlow."""

from collections.abc import Sequence

from components.errors import PipelineError
from components.text import did_you_mean

TFLITE = "tflite"
TFLITE_INT8 = "tflite_int8"
ONNX = "onnx"

FILES = {TFLITE: "model.tflite", TFLITE_INT8: "model_int8.tflite", ONNX: "model.onnx"}
"""The file of each format."""

FORMATS = tuple(FILES)

LEAST_AGREEMENT = {TFLITE: 0.999, TFLITE_INT8: 0.95, ONNX: 0.999}
"""The share of images for which an export must choose the SavedModel's class.

Float exports compute the same sums in another order: they differ in the sixth decimal, so only an
image on the very border between two classes may change sides. With 8 bits, each layer rounds to
256 values. Networks quantised after training lose up to about 3 points of accuracy (Krishnamoorthi,
"Quantizing deep convolutional networks for efficient inference: A whitepaper", 2018, table 4);
where more than 1 answer in 20 changes, the representative images did not show the layers' ranges,
or the network does not stand it.
"""


def check_formats(formats: Sequence[str]) -> None:
    """Checks the names of formats.

    Raises:
        PipelineError: There is no such format.
    """
    for name in formats:
        if name not in FORMATS:
            raise PipelineError(
                f"A model can be exported to: {', '.join(FORMATS)}. Received: {name!r}."
                f"{did_you_mean(str(name), FORMATS)} Correct or remove the name."
            )
