"""What a piece of work costs: seconds, processor time and memory of this process and its children.

Other work on the machine lengthens the seconds, but hardly the processor time.
"""

import collections
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Iterator

SECONDS_BETWEEN_LOOKS = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Cost:
    """What was measured.

    Attributes:
        seconds: From beginning to end.
        main_processor: Processor seconds of this process, all its threads.
        children_processor: Those of all processes below it, less what a process spends after it
            was looked at for the last time, at most 0.1 seconds.
        main_memory: Bytes of this process at their most since it began; libraries included.
        child_memory: The same of the largest process below it.
    """

    seconds: float
    main_processor: float
    children_processor: float
    main_memory: int
    child_memory: int

    @property
    def processor(self) -> float:
        """Processor seconds of all processes."""
        return self.main_processor + self.children_processor


def measure(work: Callable[[], object]) -> Cost:
    """Runs a piece of work; Linux only."""
    with Meter() as meter:
        work()
    return meter.cost


class Meter:
    """Measures what happens within its context; Linux only.

    Attributes:
        cost: The result, once the context has been left.
    """

    cost: Cost

    def __enter__(self) -> "Meter":
        self._is_over = threading.Event()
        self._used: dict[int, float] = {}
        self._memory: dict[int, int] = {}
        self._look()
        self._before = dict(self._used)
        self._memory.clear()
        self._start = time.monotonic()
        self._main_start = time.process_time()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        seconds = time.monotonic() - self._start
        main_processor = time.process_time() - self._main_start
        self._look()
        self._is_over.set()
        self._thread.join()
        main = os.getpid()
        self.cost = Cost(
            seconds=seconds,
            main_processor=main_processor,
            children_processor=sum(
                used - self._before.get(process, 0.0)
                for process, used in self._used.items()
                if process != main
            ),
            main_memory=self._memory.pop(main),
            child_memory=max(self._memory.values(), default=0),
        )

    def _look_on(self) -> None:
        while not self._is_over.wait(SECONDS_BETWEEN_LOOKS):
            self._look()

    def _look(self) -> None:
        for process, used, memory in _tree():
            self._used[process] = used
            self._memory[process] = max(memory, self._memory.get(process, 0))


def _tree() -> Iterator[tuple[int, float, int]]:
    """Of this process and all below it: number, processor seconds, bytes of memory at most."""
    children = collections.defaultdict(list)
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                stat = file.read()
        except OSError:
            # It has ended meanwhile.
            continue
        # Counted from behind the name, which may hold anything: 1 is the parent, 11 and 12 are the
        # time; see proc_pid_stat(5).
        fields = stat.rpartition(")")[2].split()
        process = int(name)
        children[int(fields[1])].append(process)
        used = (int(fields[11]) + int(fields[12])) / _TICKS
        found[process] = used
    waiting = [os.getpid()]
    while waiting:
        process = waiting.pop()
        yield process, found[process], _most_memory(process)
        waiting += children[process]


def _most_memory(process: int) -> int:
    """What proc_pid_status(5) calls VmHWM; 0 of a process that has ended."""
    try:
        with open(f"/proc/{process}/status", encoding="utf-8", errors="replace") as file:
            lines = [line for line in file if line.startswith("VmHWM:")]
    except OSError:
        return 0
    return int(lines[0].split()[1]) * 1024 if lines else 0
