"""Ends the worker when the supervisor ends without a word, as it does when it is killed."""

import logging
import os
import signal
import threading
import time
from typing import IO

SECONDS_TO_STOP = 20.0
GAVE_UP = 1


def end_with_the_supervisor(lifeline: IO[str], seconds: float = SECONDS_TO_STOP) -> None:
    """Starts to watch; returns at once.

    Args:
        lifeline: A pipe whose other end the supervisor holds and writes nothing to.
        seconds: What a step gets to tidy up before the process ends in any case.
    """
    threading.Thread(target=_watch, args=(lifeline, seconds), daemon=True).start()


def _watch(lifeline: IO[str], seconds: float) -> None:
    lifeline.read()
    logging.getLogger(__name__).error("The supervisor ended, so the worker is interrupted.")
    # Linux gives it to the main thread, and wakes it if it waits.
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(seconds)
    os._exit(GAVE_UP)
