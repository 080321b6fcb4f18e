"""Files as Linux shows them in containers, byte by byte."""

import os
import pathlib

import pytest

from components import resources
from components.resources import available_memory, cores, memory_in_use, memory_limit

V2 = {
    "proc/self/cgroup": "0::/\n",
    "proc/self/mountinfo": (
        "660 650 0:120 / / rw,relatime master:300 - overlay overlay rw,lowerdir=/var/lib\n"
        "663 662 0:27 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n"
    ),
}
V1_PATH = "/kubepods/burstable/pod5c3f/8d2e"
V1 = {
    "proc/self/cgroup": (
        f"11:cpu,cpuacct:{V1_PATH}\n9:memory:{V1_PATH}\n3:cpuset:{V1_PATH}\n"
        f"1:name=systemd:{V1_PATH}\n0::/\n"
    ),
    "proc/self/mountinfo": (
        f"913 912 0:29 {V1_PATH} /sys/fs/cgroup/systemd ro,nosuid master:11 - cgroup cgroup"
        " rw,xattr,name=systemd\n"
        f"914 912 0:33 {V1_PATH} /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev,noexec,relatime"
        " master:17 - cgroup cgroup rw,cpu,cpuacct\n"
        f"915 912 0:34 {V1_PATH} /sys/fs/cgroup/memory ro,nosuid,nodev,noexec,relatime"
        " master:18 - cgroup cgroup rw,memory\n"
    ),
}
V1_CPU, V1_MEMORY = "sys/fs/cgroup/cpu,cpuacct", "sys/fs/cgroup/memory"


@pytest.fixture
def make_root(tmp_path, monkeypatch):
    """A file system; the process may run on 64 cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))

    def make(*parts: dict[str, str]) -> pathlib.Path:
        for part in parts:
            for name, text in part.items():
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return tmp_path

    return make


class TestCores:
    """Fault A14: the limit of a pod was not seen, in neither version of control groups."""

    @pytest.mark.parametrize(
        ("limit", "expected"),
        [
            ("200000 100000\n", 2),
            ("150000 100000\n", 2),
            ("50000 100000\n", 1),
            ("1000 100000\n", 1),
            ("max 100000\n", 64),
            ("12800000 100000\n", 64),
        ],
    )
    def test_version_2(self, make_root, limit, expected):
        assert cores(make_root(V2, {"sys/fs/cgroup/cpu.max": limit})) == expected

    @pytest.mark.parametrize(
        ("quota", "period", "expected"),
        [
            ("200000\n", "100000\n", 2),
            ("250000\n", "100000\n", 3),
            ("-1\n", "100000\n", 64),
            ("20000\n", "50000\n", 1),
        ],
    )
    def test_version_1(self, make_root, quota, period, expected):
        files = {f"{V1_CPU}/cpu.cfs_quota_us": quota, f"{V1_CPU}/cpu.cfs_period_us": period}
        assert cores(make_root(V1, files)) == expected

    def test_the_least_of_nested_groups(self, make_root):
        """As on a machine with systemd, without a name space."""
        root = make_root(
            V2,
            {
                "proc/self/cgroup": "0::/user.slice/user-1000.slice/run.scope\n",
                "sys/fs/cgroup/user.slice/cpu.max": "300000 100000\n",
                "sys/fs/cgroup/user.slice/user-1000.slice/cpu.max": "max 100000\n",
                "sys/fs/cgroup/user.slice/user-1000.slice/run.scope/cpu.max": "900000 100000\n",
            },
        )
        assert cores(root) == 3

    def test_a_path_of_the_host(self, make_root):
        """Docker with version 2 and the host's name space shows a path that is not there."""
        files = {
            "proc/self/cgroup": "0::/system.slice/docker-1f.scope\n",
            "sys/fs/cgroup/cpu.max": "400000 100000\n",
        }
        assert cores(make_root(V2, files)) == 4

    def test_both_versions_are_mounted(self, make_root):
        """Systemd's hybrid form: version 2 is there and limits nothing."""
        second = "42 32 0:28 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n"
        files = {
            "proc/self/mountinfo": second + V1["proc/self/mountinfo"],
            f"{V1_CPU}/cpu.cfs_quota_us": "700000\n",
            f"{V1_CPU}/cpu.cfs_period_us": "100000\n",
        }
        assert cores(make_root(V1, files)) == 7

    def test_no_control_groups(self, make_root):
        assert cores(make_root()) == 64

    def test_the_affinity_counts_as_well(self, make_root, monkeypatch):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
        assert cores(make_root(V2, {"sys/fs/cgroup/cpu.max": "400000 100000\n"})) == 1

    def test_this_machine(self):
        """Its own files are understood."""
        assert 1 <= cores() <= len(os.sched_getaffinity(0))

    def test_libraries_start_no_more_threads(self, monkeypatch):
        """Fault A14, its sibling: TensorFlow sees the cores of the machine alone."""
        environment = {"TF_NUM_INTEROP_THREADS": "5"}
        monkeypatch.setattr(os, "environ", environment)
        monkeypatch.setattr(os, "cpu_count", lambda: 64)
        monkeypatch.setattr(resources, "cores", lambda: 3)
        resources.limit_threads()
        assert environment == {
            "TF_NUM_INTRAOP_THREADS": "3",
            "TF_NUM_INTEROP_THREADS": "5",
            "OMP_NUM_THREADS": "3",
        }


class TestMemory:
    """Fault A10: the limit that a killed pod had."""

    def test_version_2(self, make_root):
        files = {
            "sys/fs/cgroup/memory.max": "8589934592\n",
            "sys/fs/cgroup/memory.stat": "anon 7516192768\nfile 900000000\nkernel 100\n",
        }
        root = make_root(V2, files)
        assert (memory_limit(root), memory_in_use(root)) == (8 * 2**30, 7 * 2**30)

    def test_version_1(self, make_root):
        files = {
            f"{V1_MEMORY}/memory.limit_in_bytes": "8589934592\n",
            f"{V1_MEMORY}/memory.stat": "cache 5\nrss 4096\ntotal_cache 9\ntotal_rss 7516192768\n",
        }
        root = make_root(V1, files)
        assert (memory_limit(root), memory_in_use(root)) == (8 * 2**30, 7 * 2**30)

    @pytest.mark.parametrize(
        ("files", "text"),
        [(V2, "max\n"), (V1, "9223372036854771712\n"), (V2, "")],
    )
    def test_no_limit(self, make_root, files, text):
        names = ("sys/fs/cgroup/memory.max", f"{V1_MEMORY}/memory.limit_in_bytes")
        assert memory_limit(make_root(files, dict.fromkeys(names, text))) is None


class TestAvailableMemory:
    """Fault C7: what all workers together may take."""

    def test_the_machine_alone(self, make_root):
        files = {"proc/meminfo": "MemTotal: 8388608 kB\nMemAvailable:    2097152 kB\nSwap: 0 kB\n"}
        assert available_memory(make_root(V2, files)) == 2 * 2**30

    def test_the_container_has_less(self, make_root):
        files = {
            "proc/meminfo": "MemAvailable: 67108864 kB\n",
            "sys/fs/cgroup/memory.max": "4294967296\n",
            "sys/fs/cgroup/memory.stat": "anon 1073741824\n",
        }
        assert available_memory(make_root(V2, files)) == 3 * 2**30

    def test_nothing_is_known(self, make_root):
        assert available_memory(make_root()) is None
