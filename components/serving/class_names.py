"""The names of a model's classes, in the order of its probabilities, kept with the model.

They lie in `assets.extra`, where who has no TensorFlow can read them.
"""

import json
import os
from collections.abc import Sequence

from components.errors import PipelineError

CLASS_NAMES_FILE = os.path.join("assets.extra", "class_names.json")


def write_class_names(class_names: Sequence[str], model_folder: str) -> None:
    """Puts the names into the folder of a SavedModel, as a list in JSON."""
    # Not above: whoever reads them need not wait for TensorFlow.
    import tensorflow as tf

    path = os.path.join(model_folder, CLASS_NAMES_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(list(class_names), ensure_ascii=False, indent=2) + "\n")


def read_class_names(model_folder: str) -> tuple[str, ...]:
    """Reads what `write_class_names` wrote.

    Args:
        model_folder: Folder of a SavedModel.

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
