"""The versions of a model in the serving directory: `<serving>/<name>/<version>/`."""

import os
import re

MODEL_FILE = "saved_model.pb"


def is_version(name: str) -> bool:
    """Whether a folder of this name is a version: a plain whole number, without leading zeros."""
    return re.fullmatch("0|[1-9][0-9]*", name) is not None


def list_versions(model_folder: str) -> list[int]:
    """Versions that are complete, in increasing order; TensorFlow Serving takes the last.

    Args:
        model_folder: `<serving>/<name>`, which need not exist.
    """
    # Not above: whoever only asks for the name of a version need not wait for TensorFlow.
    import tensorflow as tf

    if not tf.io.gfile.isdir(model_folder):
        return []
    names = (name.rstrip("/") for name in tf.io.gfile.listdir(model_folder))
    return sorted(
        int(name)
        for name in names
        if is_version(name) and tf.io.gfile.exists(os.path.join(model_folder, name, MODEL_FILE))
    )


def next_version(model_folder: str, now: float) -> int:
    """A version above all others: the time in seconds, as TFX's Pusher has it, or one more."""
    return max([int(now), *(version + 1 for version in list_versions(model_folder))])
