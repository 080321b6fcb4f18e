import pathlib

import numpy as np
import pytest

from pipeline.runs import memory

MIB = 1024**2
BLOCK = 256 * MIB


def test_the_peak_remembers_what_was_freed():
    memory.forget_peak()
    before = memory.peak()
    block = np.ones(BLOCK, dtype=np.uint8)
    del block
    assert BLOCK * 0.9 < memory.peak() - before < BLOCK * 1.2


def test_a_new_peak_forgets_what_was_freed():
    block = np.ones(BLOCK, dtype=np.uint8)
    high = memory.peak()
    del block
    memory.forget_peak()
    assert memory.peak() < high - BLOCK * 0.9


def test_where_the_peak_cannot_be_forgotten_it_goes_on(monkeypatch, tmp_path):
    high = memory.peak()
    monkeypatch.setattr(memory, "CLEAR", tmp_path / "none" / "clear_refs")
    memory.forget_peak()
    assert memory.peak() >= high


def test_a_system_that_does_not_count(monkeypatch, tmp_path):
    status = tmp_path / "status"
    status.write_text("VmRSS:	1 kB\n")
    monkeypatch.setattr(memory, "STATUS", pathlib.Path(status))
    with pytest.raises(RuntimeError, match=f"^{status} must have a line VmHWM.$"):
        memory.peak()
