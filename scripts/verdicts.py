"""Judgements on what a machine offers the pipeline: text in, finding out, nothing read here.

Runs on Python 3.8 or newer without any package, with or without the environment.
"""

from __future__ import annotations

from dataclasses import dataclass

from scripts import system_libraries

OK, WARNING, MISSING = "ok", "warning", "missing"

CONTAINER = "Use a Debian 13 or Ubuntu 24.04 container."
# 3 GB of environment, the same again in uv's cache where that lies on another file system.
NEEDED_DISK_GB = 7
# A step is one process with TensorFlow (1 GB), Beam's batches and the data of a training run.
NEEDED_MEMORY_GB = 4
# Instruction sets that change TensorFlow's speed, as /proc/cpuinfo names them.
FASTER_WITH = ("avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16")


@dataclass(frozen=True)
class Finding:
    """One item of the report.

    Attributes:
      item: what was looked at.
      found: what is there.
      verdict: OK, WARNING (the pipeline runs, with a restriction) or MISSING (it cannot run).
      advice: what to do, or why there is nothing to do; may be empty or have several lines.
    """

    item: str
    found: str
    verdict: str = OK
    advice: str = ""


def judge_python(found: str, reason: str) -> Finding:
    """Judges the interpreter that set-up chose, with its pip.

    Args:
      found: version and path; empty when set-up found none.
      reason: what set-up said then.
    """
    if found:
        return Finding("Python with pip", found)
    return Finding("Python with pip", "none that suits", MISSING, reason)


def judge_tool(name: str, version: str) -> Finding:
    """Judges a program by the first line of its `--version`, empty where it is absent."""
    if version:
        return Finding(name, version.splitlines()[0])
    return Finding(name, "none", MISSING, f"Install it (Debian, Ubuntu: apt install {name}).")


def judge_libraries(
    c_library: tuple[int, int] | None, cpp_versions: frozenset[str], has_substitute: bool
) -> list[Finding]:
    """Judges the system's C and C++ libraries, each by itself.

    Args:
      c_library: version of glibc; None where it is another C library.
      cpp_versions: versions that libstdc++ offers; empty where there is none.
      has_substitute: whether set-up can put newer libraries into the environment.
    """
    all_of_cpp = frozenset(system_libraries.REQUIRED_CPP_VERSIONS)
    c_found = f"glibc {system_libraries.format_version(c_library)}" if c_library else "not glibc"
    cpp_found = ", ".join(
        system_libraries.newest(cpp_versions, prefix) for prefix in ("GLIBCXX", "CXXABI")
    )
    c_missing = system_libraries.list_missing(c_library, all_of_cpp)
    cpp_missing = system_libraries.list_missing(system_libraries.REQUIRED_C_LIBRARY, cpp_versions)
    return [
        _judge_library("C library", c_found, c_missing, has_substitute),
        _judge_library("C++ library", cpp_found, cpp_missing, has_substitute),
    ]


def _judge_library(item: str, found: str, missing: list[str], has_substitute: bool) -> Finding:
    if not missing:
        return Finding(item, found)
    way_out = "Set-up gives the environment its own." if has_substitute else CONTAINER
    verdict = OK if has_substitute else MISSING
    return Finding(item, found, verdict, "\n".join([*missing, way_out]))


def judge_cpu(cpuinfo: str, processors: int) -> Finding:
    """Judges the processor.

    Args:
      cpuinfo: text of /proc/cpuinfo.
      processors: how many this process may use.
    """
    fields = parse_fields(cpuinfo)
    flags = fields.get("flags", "").split()
    faster = [name for name in FASTER_WITH if name in flags]
    model = fields.get("model name", "unknown model")
    found = f"{processors} x {model}: {' '.join(faster) or 'no AVX2'}"
    if "avx" not in flags:
        return Finding("CPU", found, MISSING, "TensorFlow needs AVX. Use another machine.")
    if "avx2" not in flags:
        return Finding("CPU", found, WARNING, "Training is slow without AVX2.")
    return Finding("CPU", found)


def parse_fields(text: str) -> dict[str, str]:
    """Reads lines "name : value", as in /proc/cpuinfo; the first of equal names counts."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.partition(":")
        if separator:
            fields.setdefault(name.strip(), value.strip())
    return fields


def judge_gpus(listing: str) -> Finding:
    """Judges the GPUs by the output of `nvidia-smi -L`, empty where there is none."""
    names = [line.partition(": ")[2].partition(" (UUID")[0] for line in listing.splitlines()]
    return Finding("GPUs", ", ".join(name for name in names if name) or "none; none is needed")


def judge_disk(free_gb: float, is_set_up: bool) -> Finding:
    """Judges the free space where the environment lies, in units of 10^9 bytes."""
    found = f"{free_gb:.1f} GB free"
    if is_set_up or free_gb >= NEEDED_DISK_GB:
        return Finding("Disk", found)
    return Finding("Disk", found, MISSING, f"Set-up needs {NEEDED_DISK_GB} GB. Free some.")


def judge_memory(meminfo: str) -> Finding:
    """Judges the memory by the text of /proc/meminfo."""
    fields = parse_fields(meminfo)
    total, available = (
        int(fields.get(name, "0 kB").split()[0]) * 1024 / 1e9
        for name in ("MemTotal", "MemAvailable")
    )
    found = f"{available:.1f} of {total:.1f} GB available"
    if available >= NEEDED_MEMORY_GB:
        return Finding("Memory", found)
    advice = f"With less than {NEEDED_MEMORY_GB} GB the system may end a step. Close programs."
    return Finding("Memory", found, WARNING, advice)


def judge_environment(environment: str, is_there: bool, is_current: bool) -> Finding:
    """Judges the environment: whether it is there, and whether set-up has nothing to do."""
    if is_current:
        return Finding("Environment", f"{environment}, current")
    found = f"{environment}, not current" if is_there else f"none in {environment}"
    advice = "'make run', 'make test' and 'make set-up' see to that."
    return Finding("Environment", found, WARNING, advice)


def judge_loaded_library(loaded: str, system: str) -> Finding:
    """Compares the C library that the environment loads with the system's.

    Args:
      loaded: such as "glibc 2.41"; empty without an environment.
      system: the same of the system.
    """
    if loaded and loaded != system:
        return Finding("Private C library", f"{loaded}, inside the environment")
    return Finding("Private C library", "not used")


def judge_weights(folder: str, names: list[str], problem: str) -> Finding:
    """Judges the weights of MobileNetV2 by the names of the files in Keras's folder for them.

    Args:
        folder: Keras's.
        names: Of the files in it.
        problem: Why they cannot be downloaded; empty if they can, or are there.
    """
    if names:
        return Finding("Weights", f"{folder}: {', '.join(sorted(names))}")
    if not problem:
        return Finding(
            "Weights", f"none in {folder} yet; the trainer mobilenet_v2 downloads them at first use"
        )
    advice = (
        "The trainer mobilenet_v2 needs pretrained weights, which no other default does. Connect "
        "to the network,\nput the file without the top layer into that folder, or give it with "
        "--train.options.weights FILE."
    )
    found = f"none in {folder}, and they cannot be downloaded: {problem}"
    return Finding("Weights", found, WARNING, advice)
