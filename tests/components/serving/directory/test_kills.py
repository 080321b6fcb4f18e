"""A crash at any moment leaves complete versions only, and the next push works."""

import shutil

import pytest

from benchmarks.kill_push import ACTIONS, kill_everywhere


@pytest.mark.skipif(
    shutil.which("strace") is None, reason="kills at system calls need strace, a package of Debian"
)
@pytest.mark.parametrize("action", ACTIONS)
def test_killed_at_every_system_call(action: str) -> None:
    outcome = kill_everywhere(action)
    assert outcome.kills == outcome.calls > 10
    assert (outcome.incomplete, outcome.forgotten) == (0, 0)
    assert (outcome.stuck, outcome.unlogged) == (0, 0)
