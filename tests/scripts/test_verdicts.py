import pytest

from scripts import verdicts
from scripts.verdicts import MISSING, OK, WARNING, Finding

NEW_CPP = frozenset({"GLIBCXX_3.4.33", "GLIBCXX_3.4.32", "CXXABI_1.3.15"})
OLD_CPP = frozenset({"GLIBCXX_3.4.30", "CXXABI_1.3.13"})


def cpuinfo(flags: str) -> str:
    """Text of /proc/cpuinfo on a machine with two processors."""
    return "".join(
        f"processor\t: {number}\nmodel name\t: Example 9000\nflags\t\t: fpu sse4_2 {flags}\n\n"
        for number in range(2)
    )


def test_python() -> None:
    assert verdicts.judge_python("Python 3.11.7, /usr/bin/python3.11", "").verdict == OK
    finding = verdicts.judge_python("", "set-up: pip is required\n  Install it")
    assert (finding.verdict, finding.advice) == (MISSING, "set-up: pip is required\n  Install it")


def test_tools() -> None:
    assert verdicts.judge_tool("make", "GNU Make 4.3\nBuilt for x86\n") == Finding(
        "make", "GNU Make 4.3"
    )
    assert verdicts.judge_tool("git", "") == Finding(
        "git", "none", MISSING, "Install it (Debian, Ubuntu: apt install git)."
    )


def test_new_libraries() -> None:
    assert verdicts.judge_libraries((2, 41), NEW_CPP, has_substitute=True) == [
        Finding("C library", "glibc 2.41"),
        Finding("C++ library", "GLIBCXX_3.4.33, CXXABI_1.3.15"),
    ]


@pytest.mark.parametrize(
    ("has_substitute", "verdict", "way_out"),
    [
        (True, OK, "Set-up gives the environment its own."),
        (False, MISSING, "Use a Debian 13 or Ubuntu 24.04 container."),
    ],
)
def test_old_libraries(has_substitute: bool, verdict: str, way_out: str) -> None:
    c_library, cpp_library = verdicts.judge_libraries((2, 36), OLD_CPP, has_substitute)
    assert c_library == Finding(
        "C library",
        "glibc 2.36",
        verdict,
        f"glibc 2.39 or newer is required; found: 2.36.\n{way_out}",
    )
    assert (cpp_library.found, cpp_library.verdict) == ("GLIBCXX_3.4.30, CXXABI_1.3.13", verdict)
    assert cpp_library.advice.endswith(f"without GLIBCXX_3.4.32 and CXXABI_1.3.15.\n{way_out}")


def test_one_library_may_be_old() -> None:
    c_library, cpp_library = verdicts.judge_libraries((2, 41), OLD_CPP, has_substitute=False)
    assert (c_library.verdict, cpp_library.verdict) == (OK, MISSING)


@pytest.mark.parametrize(
    ("flags", "found", "verdict"),
    [
        ("avx avx2 avx512f amx_tile", "2 x Example 9000: avx2 avx512f amx_tile", OK),
        ("avx", "2 x Example 9000: no AVX2", WARNING),
        ("", "2 x Example 9000: no AVX2", MISSING),
    ],
)
def test_cpu(flags: str, found: str, verdict: str) -> None:
    finding = verdicts.judge_cpu(cpuinfo(flags), 2)
    assert (finding.found, finding.verdict) == (found, verdict)


def test_gpus() -> None:
    listing = "GPU 0: NVIDIA H200 (UUID: GPU-1)\nGPU 1: NVIDIA L4 (UUID: GPU-2)\n"
    assert verdicts.judge_gpus(listing) == Finding("GPUs", "NVIDIA H200, NVIDIA L4")
    assert verdicts.judge_gpus("") == Finding("GPUs", "none; none is needed")


def test_disk() -> None:
    assert verdicts.judge_disk(80.24, is_set_up=False) == Finding("Disk", "80.2 GB free")
    assert verdicts.judge_disk(6.9, is_set_up=False) == Finding(
        "Disk", "6.9 GB free", MISSING, "Set-up needs 7 GB. Free some."
    )
    assert verdicts.judge_disk(1.0, is_set_up=True).verdict == OK


@pytest.mark.parametrize(
    ("available", "found", "verdict"),
    [(8_000_000, "8.2 of 16.4 GB available", OK), (2_000_000, "2.0 of 16.4 GB available", WARNING)],
)
def test_memory(available: int, found: str, verdict: str) -> None:
    meminfo = f"MemTotal: 16000000 kB\nMemFree: 1000 kB\nMemAvailable: {available} kB\n"
    finding = verdicts.judge_memory(meminfo)
    assert (finding.found, finding.verdict) == (found, verdict)


@pytest.mark.parametrize(
    ("is_there", "is_current", "found", "verdict"),
    [
        (True, True, "/project/.venv, current", OK),
        (True, False, "/project/.venv, not current", WARNING),
        (False, False, "none in /project/.venv", WARNING),
    ],
)
def test_environment(is_there: bool, is_current: bool, found: str, verdict: str) -> None:
    finding = verdicts.judge_environment("/project/.venv", is_there, is_current)
    assert (finding.found, finding.verdict) == (found, verdict)


@pytest.mark.parametrize(
    ("loaded", "found"),
    [
        ("glibc 2.41", "glibc 2.41, inside the environment"),
        ("glibc 2.36", "not used"),
        ("", "not used"),
    ],
)
def test_private_library(loaded: str, found: str) -> None:
    assert verdicts.judge_loaded_library(loaded, "glibc 2.36").found == found


def test_weights() -> None:
    """Fault D14: MobileNetV2 was "not part of this version"."""
    folder = "/home/me/.keras/models"
    found = verdicts.judge_weights(folder, ["b.h5", "a.h5"], "")
    assert found == Finding("Weights", f"{folder}: a.h5, b.h5")
    none = verdicts.judge_weights(folder, [], "")
    assert (none.verdict, none.advice) == (OK, "")
    assert "mobilenet_v2 downloads them at first use" in none.found
    offline = verdicts.judge_weights(folder, [], "no route to host")
    assert (offline.verdict, "no route to host" in offline.found) == (WARNING, True)
    assert "--train.options.weights FILE" in offline.advice
