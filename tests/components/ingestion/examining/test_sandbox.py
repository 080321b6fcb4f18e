"""Holds that no item takes down more than itself."""

import os
import time
from collections.abc import Callable, Iterator

import pytest

from components.ingestion.examining.sandbox import BYTES_BESIDE, FIRST_CHUNK, Sandbox
from tests import sandboxed


def make_sandbox(function: Callable[[str], str], max_seconds: float = 1.0) -> Sandbox[str, str]:
    return Sandbox(
        function,
        lambda item, reason, detail: f"{item}: {reason}, {detail}",
        preload=sandboxed.__name__,
        max_seconds=max_seconds,
        max_megapixels=1.0,
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
    died = ["crash of the decoder" in outcome for outcome in sandbox.map(["crash"] * 8)]
    assert died == [True] * 8
    assert list(sandbox.map(["again"])) == ["AGAIN"]


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
        max_seconds=5.0,
        max_megapixels=1.0,
        finish=sandboxed.underline,
    ) as finishing:
        assert list(finishing.map(["a", "raise", "b"])) == ["_A_", "raise failed", "_B_"]


def test_as_many_travel_together_as_take_a_moment() -> None:
    with make_sandbox(sandboxed.behave) as quick, make_sandbox(sandboxed.take_a_moment) as slow:
        assert len(list(quick.map(str(number) for number in range(20_000)))) == 20_000
        assert len(list(slow.map(["x"] * 24))) == 24
    assert quick._chunk > 8 * FIRST_CHUNK
    assert slow._chunk <= 2
