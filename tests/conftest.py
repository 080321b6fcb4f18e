"""What holds for all tests."""

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def interruptible_children() -> None:
    """Lets the processes that tests start be interrupted.

    A shell starts what runs in the background with Ctrl-C ignored, and children inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
