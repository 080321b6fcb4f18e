"""What the workers of a sandbox do in tests: functions of a module, for the workers to import."""

import os
import random
import signal
import time
from collections.abc import Iterator

from components.ingestion.shard import Shard, write_records


def behave(item: str) -> str:
    """Does what the item says; returns it in capitals."""
    if item == "hang":
        time.sleep(600)
    if item == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if item == "leave":
        os._exit(3)
    if item == "grow":
        bytearray(2**42)
    if item == "raise":
        raise LookupError("no such thing")
    return item.upper()


def memory_limit(_: str) -> str:
    """The worker's limit of address space, above what it began with."""
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        present = int(file.read().split()[0]) * resource.getpagesize()
    return str(resource.getrlimit(resource.RLIMIT_AS)[0] - present)


def process_id(_: str) -> str:
    """The worker's own."""
    return str(os.getpid())


def slow_process_id(_: str) -> str:
    """The worker's own, so late that every worker has something to do."""
    time.sleep(0.02)
    return str(os.getpid())


def underline(results: list[str]) -> list[str]:
    """Makes results of what `behave` returns."""
    return [f"_{result}_" for result in results]


def take_a_moment(item: str) -> str:
    """As long as a large photo."""
    time.sleep(0.04)
    return item


def be_killed(*_: object) -> None:
    """Ends as a process does that takes too much of the machine's memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def write_half(shard: Shard) -> None:
    """Is killed when a half of a shard is written."""
    write_records(shard.path, _records_and_death())


def _records_and_death() -> Iterator[tuple[bytes, str]]:
    for seed in range(100):
        yield random.Random(seed).randbytes(10_000), "as found"
    be_killed(None)
