"""Loads a SavedModel and answers requests: started as a process of its own, by its path.

It imports nothing of ours, since a server has nothing of ours. Reads one JSON object a line from
standard input and writes one a line to the file descriptor that is its second argument:

    {"images": [base64, ...], "calls": 3} -> {"probabilities": [[...], ...], "top_class": [...],
                                              "milliseconds": [...]}
                                          or {"error": "..."}

The first line that it writes is {"load_seconds": ...}.
"""

import base64
import json
import os
import sys
import time
from typing import Any, TextIO

SIGNATURE = "serving_default"


def main() -> None:
    """Answers until standard input ends."""
    with os.fdopen(int(sys.argv[2]), "w", encoding="utf-8") as answers:
        signature = _load(sys.argv[1], answers)
        for line in sys.stdin:
            _write(answers, _answer(signature, json.loads(line)))


def _load(folder: str, answers: TextIO) -> Any:
    # Not above: the time that TensorFlow takes to load is not the model's.
    import tensorflow as tf

    started = time.perf_counter()
    model = tf.saved_model.load(folder)
    signature = model.signatures[SIGNATURE]
    _write(answers, {"load_seconds": time.perf_counter() - started})
    # What belongs to the model is gone with it.
    return signature, model


def _answer(loaded: Any, request: dict[str, Any]) -> dict[str, Any]:
    import tensorflow as tf

    signature, _ = loaded
    encoded = [base64.b64decode(image) for image in request["images"]]
    images = tf.constant(encoded, tf.string, [len(encoded)])
    milliseconds = []
    try:
        for _ in range(request["calls"]):
            started = time.perf_counter()
            answer = signature(image_bytes=images)
            probabilities = answer["probabilities"].numpy()
            milliseconds.append(1000 * (time.perf_counter() - started))
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error)[-2000:]}"}
    return {
        # As text, since JSON has no NaN.
        "probabilities": [[repr(float(value)) for value in row] for row in probabilities],
        "top_class": [name.decode() for name in answer["top_class"].numpy()],
        "milliseconds": milliseconds,
    }


def _write(answers: TextIO, value: dict[str, Any]) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
