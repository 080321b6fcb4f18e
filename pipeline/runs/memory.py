"""The most memory that this process held, as Linux counts it."""

import contextlib
import pathlib
import re

STATUS = pathlib.Path("/proc/self/status")
CLEAR = pathlib.Path("/proc/self/clear_refs")
CLEAR_PEAK = "5"
"""From the manual page proc(5): resets the peak resident set size."""


def forget_peak() -> None:
    """Begins a new peak, so that the next reading is of what happens from here on.

    Where the system does not allow that, as some sandboxes do not, the old peak goes on.
    """
    with contextlib.suppress(OSError):
        CLEAR.write_text(CLEAR_PEAK)


def peak() -> int:
    """Bytes of the highest resident set since `forget_peak`, or since the process began."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{STATUS} must have a line VmHWM.")
    return int(found.group(1)) * 1024
