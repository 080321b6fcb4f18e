import concurrent.futures
import threading
from collections.abc import Iterator

import pytest

from components.ingestion import parts
from components.ingestion.parts import map_parts


@pytest.fixture
def threads() -> Iterator[concurrent.futures.Executor]:
    with concurrent.futures.ThreadPoolExecutor() as executor:
        yield executor


def places_of(numbers):
    """Each number, and whether it was worked on here."""
    is_here = threading.current_thread() is threading.main_thread()
    return [(number, is_here) for number in numbers]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 50])
@pytest.mark.parametrize("slow", [0.0, 1000.0])
def test_results_come_in_their_order(threads, monkeypatch, count, slow):
    monkeypatch.setattr(parts, "SLOW_SECONDS", slow)
    found = list(map_parts(places_of, range(count), 3, threads))
    # The first three are worked on here to see how long they take.
    assert found == [(number, number < 3 or slow > 0) for number in range(count)]


def test_items_are_taken_only_a_few_ahead(threads, monkeypatch):
    monkeypatch.setattr(parts, "SLOW_SECONDS", 0.0)
    taken: list[int] = []
    numbers = (taken.append(number) or number for number in range(1_000))
    results = map_parts(places_of, numbers, 2, threads)
    for _ in range(3):
        next(results)
    assert len(taken) == 2 + 2 * (parts.PARTS_AHEAD + 1)


def test_the_first_error_is_raised(threads, monkeypatch):
    monkeypatch.setattr(parts, "SLOW_SECONDS", 0.0)

    def fail(numbers):
        if 4 in numbers:
            raise OSError("broken")
        return numbers

    results = map_parts(fail, range(9), 2, threads)
    assert [next(results) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(OSError, match="broken"):
        next(results)
