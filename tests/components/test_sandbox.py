"""Holds that no item takes down more than itself, and all workers no more than there is."""

import concurrent.futures
import ctypes
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace
from typing import Any

import pytest
from pebble.pool.process import PoolManager

from components import sandbox as sandbox_module
from components.sandbox import (
    ATTEMPTS,
    BYTES_BESIDE,
    FIRST_CHUNK,
    Limits,
    Sandbox,
    keep_memory,
    result_of,
)
from tests import sandboxed


def make_sandbox(function: Callable[[str], str], max_seconds: float = 1.0) -> Sandbox[str, str]:
    return Sandbox(
        function,
        lambda item, reason, detail: f"{item}: {reason}, {detail}",
        preload=sandboxed.__name__,
        limits=Limits(max_megapixels=1.0, max_seconds=max_seconds),
    )


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox[str, str]]:
    with make_sandbox(sandboxed.behave) as started:
        yield started


def test_keeps_the_order_of_many_items(sandbox: Sandbox[str, str]) -> None:
    items = [f"item {number}" for number in range(1_000)]
    assert list(sandbox.map(items)) == [item.upper() for item in items]


def test_of_no_items_nothing_comes(sandbox: Sandbox[str, str]) -> None:
    assert list(sandbox.map([])) == []


@pytest.mark.parametrize(
    ("hostile", "outcome"),
    [
        ("hang", "hang: too slow, more than 1 seconds"),
        ("crash", f"crash: crash of the decoder, ended with status {-11}"),
        ("leave", "leave: crash of the decoder, ended with status 3"),
        ("grow", "grow: unexpected error, MemoryError: "),
        ("raise", "raise: unexpected error, LookupError: no such thing"),
    ],
)
def test_one_hostile_item_costs_itself_alone(
    hostile: str, outcome: str, sandbox: Sandbox[str, str]
) -> None:
    items = ["a", "b", hostile, "c", "d"]
    assert list(sandbox.map(items)) == ["A", "B", outcome, "C", "D"]


def test_goes_on_after_all_workers_died(sandbox: Sandbox[str, str]) -> None:
    # A pool that misses a worker's first message while another one works waits for its time-out.
    reasons = {"crash: crash of the decoder", "crash: too slow"}
    died = [outcome.partition(",")[0] in reasons for outcome in sandbox.map(["crash"] * 8)]
    assert died == [True] * 8
    assert list(sandbox.map(["again"])) == ["AGAIN"]


def break_pools(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Makes the death of a worker find its pool without a task that had begun, as a race does."""
    find = PoolManager.find_expired_task
    left = [None] * times

    def lose(manager: PoolManager, worker: int) -> Any:
        if left:
            left.pop()
            raise BrokenProcessPool("All workers expired")
        return find(manager, worker)

    monkeypatch.setattr(PoolManager, "find_expired_task", lose)


def test_a_broken_pool_is_replaced_and_nobody_else_is_blamed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    break_pools(monkeypatch, times=2)
    items = [f"item {number}" for number in range(40)]
    with make_sandbox(sandboxed.behave, max_seconds=30) as broken:
        outcomes = list(broken.map([*items[:20], "crash", *items[20:]]))
    assert outcomes.pop(20) == "crash: crash of the decoder, ended with status -11"
    assert outcomes == [item.upper() for item in items]


def test_an_item_that_always_breaks_the_pool_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    break_pools(monkeypatch, times=100)
    with make_sandbox(sandboxed.behave, max_seconds=30) as broken:
        outcomes = list(broken.map(["a", "crash", "b"]))
    assert outcomes == ["A", f"crash: crash of the decoder, ended its worker {ATTEMPTS} times", "B"]


def test_items_that_a_broken_pool_never_took_are_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with make_sandbox(sandboxed.behave) as lost:
        pool = lost._working_pool()
        monkeypatch.setattr(pool, "schedule", lambda *_, **__: (pool.stop(), Future())[1])
        assert list(lost.map(["a"])) == ["A"]


def test_without_any_process_the_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BrokenProcessPool("no process")

    monkeypatch.setattr(PoolManager, "start", refuse)
    with make_sandbox(sandboxed.behave) as refused, pytest.raises(BrokenProcessPool):
        list(refused.map(["a"]))


def test_memory_of_a_worker_is_bounded() -> None:
    with make_sandbox(sandboxed.memory_limit) as limited:
        [above] = limited.map(["any"])
    assert 0 < int(above) <= BYTES_BESIDE + 12_000_000


def test_workers_end_with_the_sandbox() -> None:
    with make_sandbox(sandboxed.process_id) as started:
        [process] = started.map(["any"])
        assert int(process) != os.getpid()
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{process}") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{process}")


def test_finishes_all_that_travelled_together() -> None:
    with Sandbox(
        sandboxed.behave,
        lambda item, *_: f"{item} failed",
        preload=sandboxed.__name__,
        limits=Limits(max_megapixels=1.0, max_seconds=5.0),
        finish=sandboxed.underline,
    ) as finishing:
        assert list(finishing.map(["a", "raise", "b"])) == ["_A_", "raise failed", "_B_"]


def test_as_many_travel_together_as_take_a_moment() -> None:
    with make_sandbox(sandboxed.behave) as quick, make_sandbox(sandboxed.take_a_moment) as slow:
        assert len(list(quick.map(str(number) for number in range(20_000)))) == 20_000
        assert len(list(slow.map(["x"] * 24))) == 24
    assert quick._chunk > 8 * FIRST_CHUNK
    assert slow._chunk <= 2


@pytest.mark.parametrize(
    ("gigabytes", "megapixels", "expected"),
    [(64, 100, 16), (16, 100, 7), (4, 100, 1), (1, 100, 1), (16, 20, 16), (None, 100, 16)],
)
def test_all_workers_together_fit_into_the_memory_that_is_free(
    gigabytes: int | None, megapixels: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault C7: the bound was one of each worker, however many there were."""
    free = None if gigabytes is None else gigabytes * 1024**3
    monkeypatch.setattr(sandbox_module, "cores", lambda: 16)
    monkeypatch.setattr(sandbox_module, "available_memory", lambda: free)
    limits = Limits(megapixels)
    assert limits.workers == expected
    assert expected == 1 or free is None or expected * limits.memory <= free


def test_as_many_workers_start_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault C7: the bound holds for the processes that there really are."""
    monkeypatch.setattr(sandbox_module, "cores", lambda: 8)
    monkeypatch.setattr(sandbox_module, "available_memory", lambda: 4 * BYTES_BESIDE)
    with make_sandbox(sandboxed.slow_process_id) as few:
        assert len(set(few.map(["any"] * 40))) == 3


def test_closed_workers_are_replaced_at_the_next_use() -> None:
    with make_sandbox(sandboxed.process_id) as closed:
        [first] = closed.map(["any"])
        closed.close()
        assert list(closed.map(["any"])) != [first]


def test_memory_is_kept_by_both_limits_of_malloc(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    library = SimpleNamespace(mallopt=lambda *setting: asked.append(setting))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    keep_memory()
    assert asked == [(-1, 134_217_728), (-3, 134_217_728)]


def test_a_library_without_these_limits_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str | None] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda name: loaded.append(name) or SimpleNamespace())
    keep_memory()
    # The C library of this process, asked for nothing.
    assert loaded == [None]


def test_nobody_waits_for_a_pool_that_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "LOST_SECONDS", 0.01)
    pool: Any = SimpleNamespace(active=False)
    with pytest.raises(BrokenProcessPool, match="before it took the task"):
        result_of(Future(), pool)


def test_a_result_is_taken_from_a_pool_that_has_ended() -> None:
    future = concurrent.futures.Future[str]()
    future.set_result("done")
    pool: Any = SimpleNamespace(active=False)
    assert result_of(future, pool) == "done"
