"""Work on many files, in threads where that helps and without where it does not.

Threads that mostly run Python wait for one another: with six of them on two cores, reading and
hashing small files takes four times as long as without. They help where a file takes long, because
it is far away or because a library decodes it.
"""

import collections
import concurrent.futures
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

SLOW_SECONDS = 0.001
"""For one item; to hand it to a thread and back costs a tenth of that."""
PARTS_AHEAD = 4
"""Memory has to hold the results of these."""


def map_parts(
    function: Callable[[Sequence[Item]], Iterable[Result]],
    items: Iterable[Item],
    size: int,
    threads: concurrent.futures.Executor,
) -> Iterator[Result]:
    """Yields the results of all items, in their order.

    Args:
        function: Makes the results of a few items, in their order.
        items: Taken a few ahead of the results.
        size: Items that are worked on in a row.
        threads: Used if the first few items take long.
    """
    iterator = iter(items)
    parts = iter(lambda: tuple(itertools.islice(iterator, size)), ())
    first = next(parts, ())
    start = time.perf_counter()
    yield from list(function(first))
    if time.perf_counter() - start < SLOW_SECONDS * len(first):
        yield from itertools.chain.from_iterable(map(function, parts))
    else:
        yield from _map_in_threads(function, parts, threads)


def _map_in_threads(
    function: Callable[[Sequence[Item]], Iterable[Result]],
    parts: Iterable[Sequence[Item]],
    threads: concurrent.futures.Executor,
) -> Iterator[Result]:
    waiting: collections.deque[concurrent.futures.Future[Iterable[Result]]] = collections.deque()
    for part in parts:
        waiting.append(threads.submit(function, part))
        if len(waiting) > PARTS_AHEAD:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()
