"""What models predict for each test image, as a Parquet file.

One row an image, sorted by file name:

    filename                string   path below the data folder, as `image/filename`
    sha256                  string   as `image/sha256`
    class_text              string   as `image/class/text`
    probabilities           list<float32>[classes]  of the new model
    baseline_probabilities  list<float32>[classes]  of the serving model; only if there is one

The class names in the order of the probabilities are in the schema's metadata, as JSON.
"""

import dataclasses
import functools
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PREDICTIONS_FILE = "predictions.parquet"
_CLASS_NAMES = b"class_names"
_BASELINE_CLASS_NAMES = b"baseline_class_names"


@dataclasses.dataclass(frozen=True)
class ModelPredictions:
    """What one model predicts for the test images.

    Attributes:
        class_names: In the order of the columns of `probabilities`.
        probabilities: float32 [images, classes], 0 to 1.
    """

    class_names: tuple[str, ...]
    probabilities: np.ndarray

    @functools.cached_property
    def top_classes(self) -> np.ndarray:
        """The most probable class of each image: int64 [images], a position in `class_names`."""
        return self.probabilities.argmax(axis=1)

    @functools.cached_property
    def confidences(self) -> np.ndarray:
        """The probability of the most probable class: float32 [images]."""
        return self.probabilities.max(axis=1)

    def predicted_class(self, row: int) -> str:
        """Name of the most probable class of an image."""
        return self.class_names[int(self.top_classes[row])]

    def positions_of(self, class_texts: np.ndarray) -> np.ndarray:
        """int64 [images]: where each class name stands; -1 for one that the model does not know."""
        positions = {name: position for position, name in enumerate(self.class_names)}
        return np.array([positions.get(name, -1) for name in class_texts], np.int64)

    def is_correct(self, class_texts: np.ndarray) -> np.ndarray:
        """Bool [images]: whether the most probable class is the image's own."""
        return self.top_classes == self.positions_of(class_texts)


@dataclasses.dataclass(frozen=True)
class Predictions:
    """The test images, and what models predict for them.

    Attributes:
        filenames: str [images], paths below the data folder, sorted.
        sha256s: str [images], hexadecimal digests of the files.
        class_texts: str [images], the names of their classes.
        model: What the new model predicts.
        baseline: What the serving model predicts; None without one.
    """

    filenames: np.ndarray
    sha256s: np.ndarray
    class_texts: np.ndarray
    model: ModelPredictions
    baseline: ModelPredictions | None = None

    def __len__(self) -> int:
        return len(self.filenames)


def write_predictions(predictions: Predictions, folder: str) -> None:
    """Writes the file.

    Args:
        predictions: Of the test split.
        folder: The artifact's.
    """
    columns: dict[str, pa.Array] = {
        "filename": pa.array(predictions.filenames, pa.string()),
        "sha256": pa.array(predictions.sha256s, pa.string()),
        "class_text": pa.array(predictions.class_texts, pa.string()),
        "probabilities": _to_lists(predictions.model.probabilities),
    }
    metadata = {_CLASS_NAMES: json.dumps(predictions.model.class_names)}
    if predictions.baseline is not None:
        columns["baseline_probabilities"] = _to_lists(predictions.baseline.probabilities)
        metadata[_BASELINE_CLASS_NAMES] = json.dumps(predictions.baseline.class_names)
    table = pa.table(columns).replace_schema_metadata(metadata)
    pq.write_table(table, os.path.join(folder, PREDICTIONS_FILE), compression="zstd")


def read_predictions(folder: str) -> Predictions:
    """Reads what `write_predictions` wrote."""
    table = pq.read_table(os.path.join(folder, PREDICTIONS_FILE))
    metadata = table.schema.metadata
    baseline = None
    if _BASELINE_CLASS_NAMES in metadata:
        baseline = ModelPredictions(
            tuple(json.loads(metadata[_BASELINE_CLASS_NAMES])),
            _from_lists(table["baseline_probabilities"]),
        )
    filenames, sha256s, class_texts = (
        np.array(table[name].to_pylist(), object) for name in ("filename", "sha256", "class_text")
    )
    model = ModelPredictions(
        tuple(json.loads(metadata[_CLASS_NAMES])), _from_lists(table["probabilities"])
    )
    return Predictions(filenames, sha256s, class_texts, model, baseline)


def _to_lists(probabilities: np.ndarray) -> pa.Array:
    flat = pa.array(probabilities.astype(np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, probabilities.shape[1])


def _from_lists(column: pa.ChunkedArray) -> np.ndarray:
    lists = column.combine_chunks()
    return lists.flatten().to_numpy(zero_copy_only=False).reshape(len(lists), lists.type.list_size)
