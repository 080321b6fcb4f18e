"""The stack is loaded once, and stays: what to set once it is there."""

import contextlib
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.errors import PipelineError
from components.resources import limit_threads
from components.text import escape_unprintable

KERAS_ACCEPTS: Mapping[str, Callable[[Any], bool]] = {
    "floatx": lambda value: value in ("float16", "float32", "float64"),
    "epsilon": lambda value: isinstance(value, float),
    "image_data_format": lambda value: value in ("channels_last", "channels_first"),
}
"""What Keras, 2 and 3, must find in keras.json to load at all, whatever is set afterwards."""
SAMPLING_PERIOD_MS = 10
"""Of Beam's own look at what a step is at."""


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """A context in which TFX, or Beam alone, is imported for the rest of the process.

    Keras is made to be as this project was tested, whatever the user's keras.json and environment
    say of other programs. Two more things are set then, which together save two of the 29 seconds
    of the sample's run.

    The garbage collector leaves out what there is, also what would be garbage: TFX and TensorFlow
    are 600,000 objects, among which a full collection takes 0.2 seconds to find nothing, and a run
    of the sample has a dozen. Source: https://docs.python.org/3/library/gc.html#gc.freeze.

    Beam looks every 200 ms at what a step is at, in a thread that the step waits for at its end:
    0.1 seconds for each that takes longer. There is no setting for it but a default of its own.

    Raises:
        PipelineError: With the user's keras.json, Keras would not even load.
    """
    limit_threads()
    _check_keras_file()
    _choose_keras()
    gc.disable()
    try:
        yield
        _reset_keras()
        _sample_often()
    finally:
        gc.freeze()
        gc.enable()


def _check_keras_file() -> None:
    folder = os.environ.get("KERAS_HOME", os.path.join("~", ".keras"))
    path = os.path.expanduser(os.path.join(folder, "keras.json"))
    if not os.path.exists(path):
        return
    try:
        with open(path, encoding="utf-8") as file:
            settings = json.load(file)
    except OSError as error:
        raise _unusable(path, str(error.strerror)) from error
    except ValueError:
        # Keras passes over what is not JSON.
        return
    if not isinstance(settings, dict):
        raise _unusable(path, f"{settings!r:.80} instead of a mapping")
    for name, is_accepted in KERAS_ACCEPTS.items():
        if name in settings and not is_accepted(settings[name]):
            raise _unusable(path, f"{name} {settings[name]!r:.80}")


def _unusable(path: str, received: str) -> PipelineError:
    return PipelineError(
        "The settings of Keras, which other programs use too, must be such that Keras loads. "
        f"Received: {escape_unprintable(path)}: {escape_unprintable(received)}. Correct the file, "
        "or delete it: Keras then writes a new one."
    )


def _choose_keras() -> None:
    """What counts when Keras loads, and is stronger than keras.json."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["KERAS_NNX_ENABLED"] = "false"
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        # They end every training early, without a word.
        os.environ.pop(name, None)


def _reset_keras() -> None:
    """What keras.json says, and nothing in the environment overrules; of Keras 2, too."""
    # If they are there: to load them takes seconds, and not every command needs them.
    for loaded in (sys.modules.get("keras"), sys.modules.get("tf_keras")):
        if loaded is not None:
            loaded.backend.set_floatx("float32")
            loaded.backend.set_epsilon(1e-7)
            loaded.backend.set_image_data_format("channels_last")


def _sample_often() -> None:
    # Not above: it would load Beam where nothing has to be loaded.
    from apache_beam.runners.worker.statesampler import StateSampler

    StateSampler.__init__.__defaults__ = (SAMPLING_PERIOD_MS,)
