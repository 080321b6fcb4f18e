"""The weights of a model that was trained before -> a new model of the same kind.

They lie beside the SavedModel, which has others: `folding` makes them for who only asks.
"""

import io
import json
import os

import keras
import numpy as np
import tensorflow as tf

WEIGHTS_FILE = "weights.npz"
BASE_FILE = "base_model.json"


def write_weights(saved_model: str, network: keras.Model) -> None:
    """Writes all weights of a network in their order, as NumPy's `savez` does.

    Args:
        saved_model: The SavedModel's folder, beside which the file is to lie.
        network: Trained.
    """
    content = io.BytesIO()
    np.savez(content, *network.get_weights())
    path = _beside(saved_model, WEIGHTS_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content.getvalue())


def write_base(folder: str, saved_model: str, refusal: str) -> None:
    """Writes what a training begins with.

    Args:
        folder: Of the artifact that the Trainer gets as its base model.
        saved_model: Folder of the SavedModel beside which the weights lie.
        refusal: Why it may not begin with them; empty if it may.
    """
    with tf.io.gfile.GFile(os.path.join(folder, BASE_FILE), "w") as file:
        file.write(json.dumps({"saved_model": saved_model, "refusal": refusal}))


def copy_weights(saved_model: str, network: keras.Model) -> str:
    """Gives a network the weights that were written beside a SavedModel, where they fit.

    Args:
        saved_model: Its folder, or one beside which `write_base` says which it is.
        network: A new network; changed, unless its layers are others than those of the SavedModel.

    Returns:
        What was done, in a few words. Where the number of classes has changed, the last layer
        begins anew; where the network has, everything does.
    """
    saved_model, refusal = _follow(saved_model)
    if refusal:
        return f"not used: {refusal}"
    path = _beside(saved_model, WEIGHTS_FILE)
    if not tf.io.gfile.exists(path):
        return "not used: the weights of the serving model are not there (any more)"
    weights = _read_weights(path)
    if len(weights) != len(network.weights):
        return "not used: the serving model is another network"
    pairs = list(zip(network.weights, weights, strict=True))
    # The last layer's kernel and bias, which have one column for each class.
    *body, kernel, bias = [tuple(new.shape) == old.shape for new, old in pairs]
    if not all(body):
        return "not used: the serving model is another network"
    for new, old in pairs[:-2]:
        new.assign(old)
    if not (kernel and bias):
        return "all weights but those of the last layer, since the classes have changed"
    for new, old in pairs[-2:]:
        new.assign(old)
    return "all weights"


def _follow(saved_model: str) -> tuple[str, str]:
    path = _beside(saved_model, BASE_FILE)
    if not tf.io.gfile.exists(path):
        return saved_model, ""
    with tf.io.gfile.GFile(path) as file:
        base = json.load(file)
    return base["saved_model"], base["refusal"]


def _beside(saved_model: str, name: str) -> str:
    return os.path.join(os.path.dirname(saved_model.rstrip("/")), name)


def _read_weights(path: str) -> list[np.ndarray]:
    with tf.io.gfile.GFile(path, "rb") as file, np.load(io.BytesIO(file.read())) as arrays:
        return list(arrays.values())
