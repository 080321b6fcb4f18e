"""Loads a SavedModel and answers requests: started as a process of its own, by its path.

It imports nothing of ours, since a server has nothing of ours, and loads the model as TensorFlow
Serving does: into a session, where variables are restored by their names. Python's own loader puts
together what a session finds apart, so that a model may answer in Python and in no server.

Reads one JSON object a line from standard input and writes one a line to the file descriptor that
is its second argument:

    {"images": [base64, ...], "calls": 3} -> {"probabilities": [[...], ...], "class_names": [...],
                                              "top_class": [...], "top_k_classes": [[...], ...],
                                              "top_k_probabilities": [[...], ...],
                                              "milliseconds": [...]}
                                          or {"error": "..."}

The names of the classes are those of the first row. The first line that it writes is
{"load_seconds": ...}.
"""

import base64
import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

import numpy as np

SIGNATURE = "serving_default"
INPUT = "image_bytes"
OUTPUTS = ("probabilities", "class_names", "top_class", "top_k_classes", "top_k_probabilities")


def main() -> None:
    """Answers until standard input ends."""
    with os.fdopen(int(sys.argv[2]), "w", encoding="utf-8") as answers:
        call = _load(sys.argv[1], answers)
        for line in sys.stdin:
            _write(answers, _answer(call, json.loads(line)))


def _load(folder: str, answers: TextIO) -> Callable[[np.ndarray], list[np.ndarray]]:
    # TensorFlow loads Keras where it finds it, for a third of its own time; a server has none.
    sys.modules["keras"] = None  # type: ignore[assignment]
    # Not above: the time that TensorFlow takes to load is not the model's.
    import tensorflow as tf

    started = time.perf_counter()
    session = tf.compat.v1.Session(graph=tf.Graph())
    loaded = tf.compat.v1.saved_model.load(session, ["serve"], folder)
    signature = _find_signature(loaded.signature_def)
    outputs = [signature.outputs[name].name for name in OUTPUTS]
    call = session.make_callable(outputs, [signature.inputs[INPUT].name])
    _write(answers, {"load_seconds": time.perf_counter() - started})
    return call


def _find_signature(signatures: Mapping[str, Any]) -> Any:
    if SIGNATURE not in signatures:
        names = ", ".join(sorted(name for name in signatures if not name.startswith("__")))
        sys.exit(f"The model must have the signature {SIGNATURE}. Received: {names or 'none'}")
    signature = signatures[SIGNATURE]
    missing = [name for name in OUTPUTS if name not in signature.outputs]
    if list(signature.inputs) != [INPUT] or missing:
        sys.exit(
            f"{SIGNATURE} must take {INPUT} and return {', '.join(OUTPUTS)}. Received: "
            f"{', '.join(sorted(signature.inputs))} -> {', '.join(sorted(signature.outputs))}"
        )
    return signature


def _answer(
    call: Callable[[np.ndarray], list[np.ndarray]], request: dict[str, Any]
) -> dict[str, Any]:
    images = np.array([base64.b64decode(image) for image in request["images"]], object)
    milliseconds = []
    try:
        for _ in range(request["calls"]):
            started = time.perf_counter()
            answer = call(images)
            milliseconds.append(1000 * (time.perf_counter() - started))
        values = dict(zip(OUTPUTS, answer, strict=True))
        return {
            "probabilities": _numbers(values["probabilities"]),
            "class_names": [name for row in _texts(values["class_names"][:1]) for name in row],
            "top_class": _texts(values["top_class"]),
            "top_k_classes": _texts(values["top_k_classes"]),
            "top_k_probabilities": _numbers(values["top_k_probabilities"]),
            "milliseconds": milliseconds,
        }
    except Exception as error:
        return {"error": f"{type(error).__name__}: {_what_is_said(error)}"}


def _what_is_said(error: Exception) -> str:
    """The last line of a message, without the places in the graph that TensorFlow puts behind."""
    lines = re.split(r"\n\s*\[\[", str(error))[0].strip().splitlines()
    return lines[-1].strip()[:300].rstrip(".") if lines else "it said nothing"


def _numbers(rows: np.ndarray) -> list[list[str]]:
    # As text, since JSON has no NaN.
    return [[repr(float(value)) for value in row] for row in rows]


def _texts(names: Any) -> Any:
    if isinstance(names, bytes):
        return names.decode(errors="replace")
    return [_texts(name) for name in names]


def _write(answers: TextIO, value: dict[str, Any]) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
