"""Work on files that may be hostile, in processes that may die of it.

A decoder that never returns, takes all memory or crashes costs one worker process, which is
replaced, and one file. Each worker may take what decoding the largest image takes, and there are
only so many workers that all of them together fit into the memory that is free.
"""

import collections
import concurrent.futures
import ctypes
import dataclasses
import itertools
import math
import multiprocessing.context
import multiprocessing.forkserver
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

import pebble

from components.errors import PipelineError
from components.resources import available_memory, cores

Item = TypeVar("Item")
Result = TypeVar("Result")

DEFAULT_SECONDS = 20.0
CHUNK_SECONDS = 0.05
"""Items travel together that take about so long: the way to a worker and back costs 0.3 ms, as
much as a small photo."""
FIRST_CHUNK = 8
LARGEST_CHUNK = 512
BYTES_A_PIXEL = 12
"""What decoding takes at most: RGB with alpha, the same without, and a copy while converting."""
BYTES_BESIDE = 512 * 1024**2
USED_MEMORY = 0.8
"""Share of the free memory that the workers may take; the process that started them needs some."""
ATTEMPTS = 3
"""For an item that is alone with its worker when the pool breaks. A pool breaks when a worker dies
before its first message was read, and cannot say then whose fault it was."""
LOST_SECONDS = 1.0
"""Between two looks at whether a pool broke without telling those who wait."""
MOST_BYTES_OF_FOLDER = 107 - len("/run-12345678/pymp-12345678/listener-12345678")
"""Of the path for temporary files: Linux allows a socket 107; a run and Python add the rest."""
_STANDARD_ERROR = 2
_KEPT_BYTES = 128 * 1024**2
# M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h.
_TRIM_THRESHOLD, _MAPPING_THRESHOLD = -1, -3

TOO_SLOW = "too slow"
CRASH = "crash of the decoder"
UNEXPECTED = "unexpected error"


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one item may cost.

    Attributes:
        max_megapixels: Of the largest image; sets the memory that a worker may take.
        max_seconds: For one item.
    """

    max_megapixels: float
    max_seconds: float = DEFAULT_SECONDS

    @property
    def memory(self) -> int:
        """Bytes that a worker may take, beside what it begins with."""
        return int(self.max_megapixels * 1e6 * BYTES_A_PIXEL) + BYTES_BESIDE

    @property
    def workers(self) -> int:
        """How many workers there may be: one for each core, as far as memory goes."""
        free = available_memory()
        fitting = cores() if free is None else int(USED_MEMORY * free) // self.memory
        return max(1, min(cores(), fitting))


@dataclasses.dataclass(frozen=True)
class _Sent(Generic[Item, Result]):
    """Items on their way through the workers of a pool."""

    chunk: Sequence[Item]
    pool: pebble.ProcessPool
    future: "concurrent.futures.Future[tuple[float, list[Result]]]"


class Sandbox(Generic[Item, Result]):
    """Worker processes to map a function over items.

    Use it as a context: the processes end with it.
    """

    def __init__(
        self,
        function: Callable[[Item], Any],
        failure: Callable[[Item, str, str], Result],
        preload: str,
        limits: Limits,
        finish: Callable[[list[Any]], list[Result]] | None = None,
    ):
        """Starts no process: the first use does.

        Args:
            function: From one item to its result; a function of a module, or a partial of one, for
                the workers to find.
            failure: Makes the result of an item that took too long or ended its worker, from the
                item, the reason and the detail.
            preload: Module that is imported once for all workers, and for those that replace them.
            limits: Of an item.
            finish: Makes the results of what the function returned for all items that travel
                together; without it, that is the results already.
        """
        self._function = function
        self._finish = finish
        self._failure = failure
        self._preload = preload
        self._limits = limits
        self._workers = 1
        self._chunk = FIRST_CHUNK
        self._pool: pebble.ProcessPool | None = None

    def __enter__(self) -> "Sandbox[Item, Result]":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the workers, whose memory others need; the next use starts new ones."""
        pool, self._pool = self._pool, None
        if pool is not None:
            end_pool(pool)

    def map(self, items: Iterable[Item]) -> Iterator[Result]:
        """Yields the result of each item, in their order.

        Raises:
            PipelineError: This machine does not let workers start.
        """
        waiting: collections.deque[_Sent[Item, Result]] = collections.deque()
        iterator = iter(items)
        while chunk := tuple(itertools.islice(iterator, self._chunk)):
            waiting.append(self._send(chunk))
            # Enough that no worker waits, and few enough that memory stays bounded.
            if len(waiting) > 3 * self._workers:
                yield from self._results(waiting.popleft())
        while waiting:
            yield from self._results(waiting.popleft())

    def _send(self, chunk: Sequence[Item], attempt: int = 1) -> _Sent[Item, Result]:
        pool = self._working_pool()
        try:
            future = pool.schedule(
                _map_here,
                args=(self._function, self._finish, chunk),
                timeout=self._limits.max_seconds,
            )
        except RuntimeError:
            # It broke since we looked, or no process can be started.
            if attempt == ATTEMPTS:
                raise
            return self._send(chunk, attempt + 1)
        return _Sent(chunk, pool, future)

    def _working_pool(self) -> pebble.ProcessPool:
        if self._pool is not None and not self._pool.active:
            self.close()
        if self._pool is None:
            check_machine(self._limits.memory)
            self._workers = self._limits.workers
            self._pool = pebble.ProcessPool(
                self._workers,
                initializer=_prepare_worker,
                initargs=(self._limits.memory,),
                context=worker_context(self._preload),
            )
        return self._pool

    def _results(self, sent: _Sent[Item, Result], attempt: int = 1) -> list[Result]:
        chunk = sent.chunk
        try:
            seconds, results = result_of(sent.future, sent.pool)
        except Exception as error:
            # Whatever it is, it must not be the end of the run.
            if len(chunk) == 1:
                if isinstance(error, BrokenProcessPool) and attempt < ATTEMPTS:
                    return self._results(self._send(chunk), attempt + 1)
                return [self._failure(chunk[0], *self._explain(error))]
        else:
            self._adapt(len(chunk), seconds)
            return results
        # One of them is to blame, and each has a right to its own time.
        return [self._results(self._send((item,)))[0] for item in chunk]

    def _adapt(self, items: int, seconds: float) -> None:
        """Chooses the size of the next chunks by the time that one took."""
        fitting = int(items * CHUNK_SECONDS / max(seconds, 1e-6))
        # By steps, so that one large photo, or one small file, does not decide alone.
        self._chunk = min(max(fitting, self._chunk // 2, 1), 2 * self._chunk, LARGEST_CHUNK)

    def _explain(self, error: Exception) -> tuple[str, str]:
        if isinstance(error, concurrent.futures.TimeoutError):
            return TOO_SLOW, f"more than {self._limits.max_seconds:g} seconds"
        if isinstance(error, pebble.ProcessExpired):
            return CRASH, f"ended with status {error.exitcode}"
        if isinstance(error, BrokenProcessPool):
            return CRASH, f"ended its worker {ATTEMPTS} times"
        return UNEXPECTED, f"{type(error).__name__}: {error}"[:200]


def _map_here(
    function: Callable[[Item], Any],
    finish: Callable[[list[Any]], list[Result]] | None,
    chunk: Sequence[Item],
) -> tuple[float, list[Result]]:
    """The seconds that it took, and the results."""
    start = time.perf_counter()
    results = [function(item) for item in chunk]
    if finish:
        results = finish(results)
    return time.perf_counter() - start, results


def _prepare_worker(memory: int) -> None:
    # Decoders write their complaints there; what matters of them is in the rejection.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    keep_memory()
    _limit_memory(memory)


def _limit_memory(size: int) -> None:
    """Makes an allocation beyond the size fail in this process, as MemoryError; Linux only."""
    if not sys.platform.startswith("linux"):
        return
    limit = address_space() + size
    # Only the administrator may raise what was set for all processes of the user.
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        limit = min(limit, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


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


def worker_context(preload: str) -> multiprocessing.context.ForkServerContext:
    """How workers start: as copies of a process that has imported a module and done nothing else.

    Args:
        preload: That module; of no effect once the process runs.
    """
    # Not fork: the threads of TensorFlow and Beam would be copied in the middle of their work.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    _start_server()
    return context


def _start_server() -> None:
    """Starts the process that is copied, whose copies have nothing to say on standard error.

    One that is just starting when its pool ends would print there that the pool's locks are gone.
    """
    try:
        kept = os.dup(_STANDARD_ERROR)
    except OSError:
        # It is closed.
        multiprocessing.forkserver.ensure_running()
        return
    silent = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silent, _STANDARD_ERROR)
        multiprocessing.forkserver.ensure_running()
    finally:
        os.dup2(kept, _STANDARD_ERROR)
        os.close(kept)
        os.close(silent)


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
