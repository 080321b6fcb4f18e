"""The rules by which a model's images were normalized, kept with the model.

They lie in `assets.extra`, which the format SavedModel keeps for what TensorFlow itself does not
read, and which TensorFlow Serving ignores.
"""

import json
import os

from components.errors import PipelineError
from components.normalization.normalization_rules import ImageRules

RULES_FILE = os.path.join("assets.extra", "image_rules.json")


def write_rules(rules: ImageRules, model_folder: str) -> None:
    """Puts the rules into the folder of a SavedModel."""
    # Not above: whoever only asks for the name of the file need not wait for TensorFlow.
    import tensorflow as tf

    path = os.path.join(model_folder, RULES_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(rules.to_dict(), indent=2, sort_keys=True) + "\n")


def read_rules(model_folder: str) -> ImageRules:
    """Reads what `write_rules` wrote.

    Args:
        model_folder: Folder of a SavedModel, `<serving>/<name>/<version>`.

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
