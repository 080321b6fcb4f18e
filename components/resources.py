"""How many cores and how much memory this process may use: the machine's, or its container's.

Containers are limited by Linux's control groups, which neither the C library nor TensorFlow asks.
Both versions are read, as their manuals describe the files:
https://docs.kernel.org/admin-guide/cgroup-v2.html and
https://docs.kernel.org/scheduler/sched-bwc.html. A limit of a group above holds as well.
"""

import math
import os
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

_ROOT = pathlib.Path("/")
_UNLIMITED = 2**60
"""Version 1 has no word for "no limit" of memory, but a number near 2**63."""
_IN_USE = {"cgroup2": "anon", "cgroup": "total_rss"}
"""What cannot be dropped, unlike pages of files, by the name of a file system."""


class _Group(NamedTuple):
    """A control group: the folder with its files, and the file system it is of."""

    folder: pathlib.Path
    file_system: str


def cores(root: pathlib.Path = _ROOT) -> int:
    """How many processes can work at the same time.

    Args:
        root: Where `proc` and `sys` are.
    """
    allowed = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    # A quota of one and a half lets two processes work, by turns.
    quotas = [math.ceil(quota) for quota in _processor_quotas(root)]
    return max(1, min([allowed, *quotas]))


def memory_limit(root: pathlib.Path = _ROOT) -> int | None:
    """Most bytes that this process and its neighbors in the container may use; None for no limit.

    Args:
        root: Where `proc` and `sys` are.
    """
    return min((limit for _, limit in _memory_limits(root)), default=None)


def memory_in_use(root: pathlib.Path = _ROOT) -> int | None:
    """Bytes of it that are in use, without what the system keeps of files; None where unknown.

    Args:
        root: Where `proc` and `sys` are.
    """
    in_use = (_memory_in_use(group) for group in _groups("memory", root))
    return next((known for known in in_use if known is not None), None)


def available_memory(root: pathlib.Path = _ROOT) -> int | None:
    """Bytes that can still be used, of the machine and of the container; None where unknown.

    Args:
        root: Where `proc` and `sys` are.
    """
    lines = _read(root / "proc/meminfo").splitlines()
    free = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    free += [limit - (_memory_in_use(group) or 0) for group, limit in _memory_limits(root)]
    return min(free, default=None)


def limit_threads() -> None:
    """Has libraries start a thread for each core that this process may use, before they load.

    By themselves they see the machine's cores, and a container of 2 on a machine of 64 spends its
    time on threads that wait for their turn. What the user has set stays.
    """
    if cores() < (os.cpu_count() or 1):
        for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(variable, str(cores()))


def _memory_limits(root: pathlib.Path) -> Iterator[tuple[_Group, int]]:
    names = {"cgroup2": "memory.max", "cgroup": "memory.limit_in_bytes"}
    for group in _groups("memory", root):
        text = _read(group.folder / names[group.file_system])
        if text.isdigit() and int(text) < _UNLIMITED:
            yield group, int(text)


def _memory_in_use(group: _Group) -> int | None:
    for line in _read(group.folder / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == _IN_USE[group.file_system]:
            return int(value)
    return None


def _processor_quotas(root: pathlib.Path) -> Iterator[float]:
    for group in _groups("cpu", root):
        if group.file_system == "cgroup2":
            quota, _, period = _read(group.folder / "cpu.max").partition(" ")
        else:
            quota = _read(group.folder / "cpu.cfs_quota_us")
            period = _read(group.folder / "cpu.cfs_period_us")
        # "max" and -1 are no limit.
        if quota.isdigit() and period.isdigit() and int(period):
            yield int(quota) / int(period)


def _groups(controller: str, root: pathlib.Path) -> Iterator[_Group]:
    """The group of this process that limits something, and those around it."""
    paths = _paths(root)
    for line in _read(root / "proc/self/mountinfo").splitlines():
        # For example: 35 31 0:32 /kubepods/pod1 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
        before, _, after = line.partition(" - ")
        mounted, place = before.split(" ")[3:5]
        file_system, _, options = after.split(" ")[:3]
        name = controller if file_system == "cgroup" else ""
        if file_system not in _IN_USE or (name and name not in options.split(",")):
            continue
        if name in paths:
            top = root / place.lstrip("/")
            yield from _upwards(top, _below(paths[name], mounted), file_system)


def _paths(root: pathlib.Path) -> dict[str, str]:
    """The group of this process by controller; that of version 2 has no name."""
    paths = {}
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _below(path: str, mounted: str) -> str:
    """A group's path from the one that is mounted: a container may see but a part of them."""
    if path.startswith(f"{mounted.rstrip('/')}/"):
        return path.removeprefix(mounted).strip("/")
    return path.strip("/") if mounted == "/" else ""


def _upwards(top: pathlib.Path, below: str, file_system: str) -> Iterator[_Group]:
    folder = top / below
    # With a name space of its own, a container sees its group under another path than the host's.
    while folder != top:
        yield _Group(folder, file_system)
        folder = folder.parent
    yield _Group(top, file_system)


def _read(path: pathlib.Path) -> str:
    """What a file says; nothing where there is none, as on other systems and in sandboxes."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
