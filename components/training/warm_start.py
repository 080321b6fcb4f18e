"""The weights of a model that was trained before -> a new model of the same kind."""

import keras
import tensorflow as tf


def copy_weights(saved_model: str, network: keras.Model) -> str:
    """Gives a network the weights of a SavedModel that this pipeline made, where they fit.

    Args:
        saved_model: Its folder.
        network: A new network; changed, unless its layers are others than those of the SavedModel.

    Returns:
        What was done, in a few words. Where the number of classes has changed, the last layer
        begins anew; where the network has, everything does.
    """
    # Models of the first release have none.
    weights = getattr(tf.saved_model.load(saved_model), "trained_weights", ())
    if len(weights) != len(network.weights):
        return "not used: the last blessed model is another network"
    pairs = list(zip(network.weights, weights, strict=True))
    # The last layer's kernel and bias, which have one column for each class.
    *body, kernel, bias = [tuple(new.shape) == tuple(old.shape) for new, old in pairs]
    if not all(body):
        return "not used: the last blessed model is another network"
    for new, old in pairs[:-2]:
        new.assign(old)
    if not (kernel and bias):
        return "all weights but those of the last layer, since the classes have changed"
    for new, old in pairs[-2:]:
        new.assign(old)
    return "all weights"
