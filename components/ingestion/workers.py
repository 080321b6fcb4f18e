"""Worker processes of ingestion, started in a way that is safe here."""

import concurrent.futures
import ctypes
import math
import multiprocessing.context
import multiprocessing.forkserver
import os
import resource
import tempfile
import threading
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import pebble

from components.errors import PipelineError

Result = TypeVar("Result")

LOST_SECONDS = 1.0
"""Between two looks at whether a pool broke without telling those who wait."""
MOST_BYTES_OF_FOLDER = 107 - len("/run-12345678/pymp-12345678/listener-12345678")
"""Of the path for temporary files: Linux allows a socket 107; a run and Python add the rest."""
_KEPT_BYTES = 128 * 1024**2
# M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h.
_TRIM_THRESHOLD, _MAPPING_THRESHOLD = -1, -3


def check_machine(memory: int) -> None:
    """Holds that worker processes can be started here, before anything hangs or crashes.

    Args:
        memory: Bytes of address space that a worker needs beside what this process has.

    Raises:
        PipelineError: They cannot; it says why, and what helps.
    """
    _check_temporary_folder(tempfile.gettempdir())
    _check_semaphores()
    _check_address_space(resource.getrlimit(resource.RLIMIT_AS)[0], memory)


def _check_temporary_folder(folder: str) -> None:
    """Workers are reached by a socket below it, whose path Linux limits: man 7 unix."""
    size = len(os.fsencode(folder))
    if size > MOST_BYTES_OF_FOLDER:
        raise PipelineError(
            f"The folder for temporary files must have a path of at most {MOST_BYTES_OF_FOLDER} "
            f"bytes. Received: {size} bytes, {folder}. Set TMPDIR to a shorter one, such as /tmp."
        )


def _check_semaphores() -> None:
    try:
        multiprocessing.get_context("forkserver").Lock()
    except (OSError, ImportError) as error:
        raise PipelineError(
            "Processes must be able to share semaphores, which Linux keeps in /dev/shm. Received: "
            f"{error}. Mount a tmpfs of some megabytes at /dev/shm and let this user write to it."
        ) from error


def _check_address_space(limit: int, memory: int) -> None:
    present = address_space()
    if limit != resource.RLIM_INFINITY and limit < present + memory:
        raise PipelineError(
            "A process must be allowed the address space that decoding the largest image takes "
            f"(ulimit -v), {math.ceil((present + memory) / 1024)} KiB. Received: {limit // 1024}. "
            "Set ulimit -v unlimited, or lower image.max_megapixels."
        )


def address_space() -> int:
    """Bytes that this process has reserved; 0 where the system does not say it as Linux does."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def warm_up(preload: str) -> None:
    """Starts the process that all workers are copies of, and does not wait for it.

    Args:
        preload: Module that it imports for all of them, as of the first pool that will be used.
    """
    worker_context(preload)
    multiprocessing.forkserver.ensure_running()


def worker_context(preload: str) -> multiprocessing.context.ForkServerContext:
    """How workers start: as copies of a process that has imported a module and done nothing else.

    Args:
        preload: That module; of no effect once the process runs.
    """
    # Not fork: the threads of TensorFlow and Beam would be copied in the middle of their work.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    return context


def keep_memory() -> None:
    """Lets this process keep what it frees for its next image; of effect with glibc only.

    Without, the C library returns each image's memory to the system and asks for it anew, page by
    page: a sixteenth of the time that a photo takes. The process gets no larger than it was.
    Source: https://man7.org/linux/man-pages/man3/mallopt.3.html.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        library.mallopt(_MAPPING_THRESHOLD, _KEPT_BYTES)


def result_of(future: "concurrent.futures.Future[Result]", pool: pebble.ProcessPool) -> Result:
    """Waits for what comes back of a task.

    Raises:
        BrokenProcessPool: The pool broke before it took the task.
        Exception: Whatever the task raised; `pebble.ProcessExpired` if its worker ended.
    """
    while not future.done():
        concurrent.futures.wait([future], timeout=LOST_SECONDS)
        if not pool.active and not future.done():
            raise BrokenProcessPool("The pool broke before it took the task.")
    return future.result()


def end_pool(pool: pebble.ProcessPool) -> None:
    """Ends the workers of a pool, and what they are at."""
    pool.stop()
    # Nobody needs to wait the 0.3 seconds in which the pool finds out.
    threading.Thread(target=pool.join).start()
