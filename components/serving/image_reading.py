"""A file of a user -> what a model is given of it: what a worker does, without TensorFlow."""

from typing import NamedTuple

from components.features import AS_FOUND
from components.normalization.normalization_rules import ImageRules
from components.normalization.normalize import Normalized, normalize
from components.normalization.opening import (
    TOO_LARGE,
    UnusableImageError,
    decode_upright,
    open_image,
)


class Task(NamedTuple):
    """What a worker has to know.

    Attributes:
        path: Of the file.
        is_refused: Whether TensorFlow does not decode it as it is.
    """

    path: str
    is_refused: bool


def read_image(rules: ImageRules, task: Task) -> Normalized | str:
    """Reads and normalizes one file, by the rules of the model; else says why it cannot be used."""
    try:
        with open(task.path, "rb") as opened:
            encoded = opened.read(rules.max_bytes + 1)
        if len(encoded) > rules.max_bytes:
            raise UnusableImageError(TOO_LARGE, f"more than {rules.max_bytes:,} bytes")
        found = normalize(encoded, rules, lambda _: not task.is_refused)
        if found.treatment == AS_FOUND:
            # TensorFlow will, in a process that has no limits.
            decode_upright(open_image(encoded, rules), rules)
        return found
    except OSError as error:
        return str(error.strerror)
    except UnusableImageError as error:
        return str(error)


def fail(_: Task, reason: str, detail: str) -> str:
    """Why a file has no prediction that ended its worker."""
    return f"{reason}: {detail}"
