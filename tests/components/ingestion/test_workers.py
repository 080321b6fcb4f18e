import concurrent.futures
import ctypes
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import pytest

from components.ingestion import workers
from components.ingestion.workers import keep_memory, result_of


def test_memory_is_kept_by_both_limits_of_malloc(monkeypatch):
    asked = []
    library = SimpleNamespace(mallopt=lambda *setting: asked.append(setting))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    keep_memory()
    assert asked == [(-1, 134_217_728), (-3, 134_217_728)]


def test_a_library_without_these_limits_is_left_alone(monkeypatch):
    loaded = []
    monkeypatch.setattr(ctypes, "CDLL", lambda name: loaded.append(name) or SimpleNamespace())
    keep_memory()
    # The C library of this process, asked for nothing.
    assert loaded == [None]


def test_nobody_waits_for_a_pool_that_broke(monkeypatch):
    monkeypatch.setattr(workers, "LOST_SECONDS", 0.01)
    with pytest.raises(BrokenProcessPool, match="before it took the task"):
        result_of(concurrent.futures.Future(), SimpleNamespace(active=False))


def test_a_result_is_taken_from_a_pool_that_has_ended():
    future = concurrent.futures.Future()
    future.set_result("done")
    assert result_of(future, SimpleNamespace(active=False)) == "done"
