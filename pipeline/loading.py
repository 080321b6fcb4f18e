"""The stack is loaded once and stays: nothing for the garbage collector to look through."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """A context in which modules are imported that the process keeps to its end.

    TFX and TensorFlow are 600,000 objects, among which a full collection takes 0.2 seconds to find
    nothing; a run of the sample has a dozen. What there is at the end of the context is left out of
    them all, also what would be garbage. Source: https://docs.python.org/3/library/gc.html#gc.freeze.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
