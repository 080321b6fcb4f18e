"""Work on files that may be hostile, in processes that may die of it.

A decoder that never returns, takes all memory or crashes costs one worker process, which is
replaced, and one file, which is rejected.
"""

import collections
import concurrent.futures
import dataclasses
import itertools
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

import pebble

from components.ingestion.workers import (
    address_space,
    end_pool,
    keep_memory,
    result_of,
    worker_context,
)
from components.resources import cores

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclasses.dataclass(frozen=True)
class _Sent(Generic[Item, Result]):
    """Items on their way through the workers of a pool."""

    chunk: Sequence[Item]
    pool: pebble.ProcessPool
    future: "concurrent.futures.Future[tuple[float, list[Result]]]"


CHUNK_SECONDS = 0.05
"""Items travel together that take about so long: the way to a worker and back costs 0.3 ms, as
much as a small photo."""
FIRST_CHUNK = 8
LARGEST_CHUNK = 512
BYTES_A_PIXEL = 12
"""What decoding takes at most: RGB with alpha, the same without, and a copy while converting."""
BYTES_BESIDE = 512 * 1024**2
ATTEMPTS = 3
"""For an item that is alone with its worker when the pool breaks. A pool breaks when a worker dies
before its first message was read, and cannot say then whose fault it was."""

TOO_SLOW = "too slow"
CRASH = "crash of the decoder"
UNEXPECTED = "unexpected error"


class Sandbox(Generic[Item, Result]):
    """Worker processes, one for each core, to map a function over items.

    Use it as a context: the processes end with it.
    """

    def __init__(
        self,
        function: Callable[[Item], Any],
        failure: Callable[[Item, str, str], Result],
        preload: str,
        max_seconds: float,
        max_megapixels: float,
        finish: Callable[[list[Any]], list[Result]] | None = None,
    ):
        """Starts no process: the first use does.

        Args:
            function: From one item to its result; a function of a module, or a partial of one, for
                the workers to find.
            failure: Makes the result of an item that took too long or ended its worker, from the
                item, the reason and the detail.
            preload: Module that is imported once for all workers, and for those that replace them.
            max_seconds: For one item.
            max_megapixels: Of the largest image; sets the memory that a worker may take.
            finish: Makes the results of what the function returned for all items that travel
                together; without it, that is the results already.
        """
        self._function = function
        self._finish = finish
        self._failure = failure
        self._preload = preload
        self._max_seconds = max_seconds
        self._workers = cores()
        self._chunk = FIRST_CHUNK
        self._pool: pebble.ProcessPool | None = None
        self._memory = memory_of_worker(max_megapixels)

    def __enter__(self) -> "Sandbox[Item, Result]":
        return self

    def __exit__(self, *_: object) -> None:
        self._end_pool()

    def map(self, items: Iterable[Item]) -> Iterator[Result]:
        """Yields the result of each item, in their order."""
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
                _map_here, args=(self._function, self._finish, chunk), timeout=self._max_seconds
            )
        except RuntimeError:
            # It broke since we looked, or no process can be started.
            if attempt == ATTEMPTS:
                raise
            return self._send(chunk, attempt + 1)
        return _Sent(chunk, pool, future)

    def _working_pool(self) -> pebble.ProcessPool:
        if self._pool is not None and not self._pool.active:
            self._end_pool()
        if self._pool is None:
            self._pool = pebble.ProcessPool(
                self._workers,
                initializer=_prepare_worker,
                initargs=(self._memory,),
                context=worker_context(self._preload),
            )
        return self._pool

    def _end_pool(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            end_pool(pool)

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
            return TOO_SLOW, f"more than {self._max_seconds:g} seconds"
        if isinstance(error, pebble.ProcessExpired):
            return CRASH, f"ended with status {error.exitcode}"
        if isinstance(error, BrokenProcessPool):
            return CRASH, f"ended its worker {ATTEMPTS} times"
        return UNEXPECTED, f"{type(error).__name__}: {error}"[:200]


def memory_of_worker(max_megapixels: float) -> int:
    """Bytes that a worker may take, beside what it begins with, to decode images of a size."""
    return int(max_megapixels * 1e6 * BYTES_A_PIXEL) + BYTES_BESIDE


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
