"""Keeps TensorFlow's greetings off the terminal.

It tells which CPU and GPU it found before any log level counts, on the file descriptor itself.
"""

import contextlib
import faulthandler
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator

from components.errors import PipelineError

STANDARD_ERROR = 2


@contextlib.contextmanager
def quiet_standard_error() -> Iterator[None]:
    """Holds back what is written to standard error; after a defect it is shown after all.

    Should the process be ended by a signal, such as for a CPU that TensorFlow cannot use, Python's
    stack still gets to the terminal.
    """
    sys.stderr.flush()
    shown = os.dup(STANDARD_ERROR)
    with (
        os.fdopen(shown, "wb") as terminal,
        _stack_of_a_crash(shown),
        tempfile.TemporaryFile() as held,
    ):
        os.dup2(held.fileno(), STANDARD_ERROR)
        try:
            yield
        except PipelineError:
            # Says all there is to say.
            raise
        except BaseException:
            held.seek(0)
            shutil.copyfileobj(held, terminal)
            raise
        finally:
            sys.stderr.flush()
            os.dup2(shown, STANDARD_ERROR)


@contextlib.contextmanager
def _stack_of_a_crash(descriptor: int) -> Iterator[None]:
    if faulthandler.is_enabled():
        yield
        return
    faulthandler.enable(descriptor)
    try:
        yield
    finally:
        faulthandler.disable()
