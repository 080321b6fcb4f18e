"""Events through a pipe, whole lines only."""

import os
import threading
from collections.abc import Iterator
from typing import IO

from pipeline.local.events import Event, from_line, to_line


class EventWriter:
    """The worker's end of the pipe; threads may share it."""

    def __init__(self, descriptor: int):
        """Takes over the file descriptor of the pipe.

        Args:
            descriptor: Open for writing.
        """
        # A child of the worker that outlives it would keep the supervisor waiting for its end.
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def write(self, event: Event) -> None:
        """Writes one event.

        Raises:
            BrokenPipeError: The supervisor is gone.
        """
        line = to_line(event).encode()
        with self._lock:
            while line:
                line = line[os.write(self._descriptor, line) :]


def read_events(stream: IO[bytes]) -> Iterator[Event]:
    """The supervisor's end of the pipe: the events until the worker ends.

    Args:
        stream: A worker that is killed leaves half a line, which is no event.
    """
    for line in stream:
        if line.endswith(b"\n"):
            yield from_line(line.decode())
