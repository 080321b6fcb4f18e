"""Prints what this machine offers the pipeline, with a verdict for each item.

Usage: python3 -m scripts.doctor [ENVIRONMENT], from the root of the repository (`make doctor`).
Runs on Python 3.8 or newer without any package, with or without the environment. The exit status
is 1 if something is missing without which the pipeline cannot run.
"""

from __future__ import annotations

import os
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from scripts import system_libraries, verdicts
from scripts.system_libraries import read_output
from scripts.verdicts import Finding

WEIGHTS = (
    "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/"
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
)
"""From which Keras downloads those of the trainer mobilenet_v2 at its first use."""
SECONDS_TO_ANSWER = 5
_SCRIPTS = Path(__file__).resolve().parent


def render(findings: list[Finding]) -> str:
    """Writes the report: a line per finding, its advice below it."""
    width = max(len(finding.item) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.verdict:8}{finding.item:{width}}  {finding.found}")
        lines += [f"{'':{width + 10}}{line.strip()}" for line in finding.advice.splitlines()]
    return "\n".join(lines)


def exit_status(findings: list[Finding]) -> int:
    """Returns 1 if anything is missing without which the pipeline cannot run, else 0."""
    return int(any(finding.verdict == verdicts.MISSING for finding in findings))


def inspect_machine(environment: Path) -> Iterator[Finding]:
    """Looks at everything, in the order of the report."""
    yield inspect_python(os.environ.get("PYTHON", ""))
    for name in ("make", "git"):
        yield verdicts.judge_tool(name, read_output(name, "--version"))
    has_substitute = (_SCRIPTS / "private_c_runtime.sh").exists()
    yield from verdicts.judge_libraries(*system_libraries.inspect_system(), has_substitute)
    yield verdicts.judge_cpu(Path("/proc/cpuinfo").read_text(), len(os.sched_getaffinity(0)))
    yield verdicts.judge_gpus(read_output("nvidia-smi", "-L"))
    yield inspect_disk(environment)
    yield verdicts.judge_memory(Path("/proc/meminfo").read_text())
    yield from inspect_environment(environment)
    yield inspect_weights()


def inspect_python(wanted: str) -> Finding:
    """Asks set-up which interpreter it would build on; `wanted` may be empty."""
    script = str(_SCRIPTS / "find_python.sh")
    path = read_output(script, wanted).strip()
    if path:
        return verdicts.judge_python(f"{read_output(path, '--version').strip()}, {path}", "")
    reason = read_output("bash", "-c", '"$0" "$1" 2>&1 || true', script, wanted)
    return verdicts.judge_python("", reason)


def inspect_disk(environment: Path) -> Finding:
    """Measures the free space of the file system that holds the environment, or will."""
    existing = next(folder for folder in (environment, *environment.parents) if folder.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    return verdicts.judge_disk(free_gb, (environment / "set-up" / "stamp").exists())


def inspect_environment(environment: Path) -> Iterator[Finding]:
    """Looks at the environment, and at the C library that its interpreter loads."""
    set_up = str(_SCRIPTS / "set_up.sh")
    ask = 'ENVIRONMENT=$1 "$0" --check && echo yes'
    is_current = read_output("bash", "-c", ask, set_up, str(environment)) == "yes\n"
    interpreter = environment / "bin" / "python"
    yield verdicts.judge_environment(str(environment), interpreter.exists(), is_current)
    print_version = "import os; print(os.confstr('CS_GNU_LIBC_VERSION'))"
    loaded = read_output(str(interpreter), "-I", "-c", print_version)
    yield verdicts.judge_loaded_library(
        loaded.strip(), read_output("getconf", "GNU_LIBC_VERSION").strip()
    )


def inspect_weights(address: str = WEIGHTS) -> Finding:
    """Looks for weights where Keras keeps what it downloads, and else whether it could."""
    keras_home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    folder = keras_home / "models"
    names = [path.name for path in folder.glob("mobilenet_v2*no_top.h5")]
    return verdicts.judge_weights(str(folder), names, "" if names else try_download(address))


def try_download(address: str) -> str:
    """Asks for a file without reading it; returns why it cannot be had, or nothing."""
    request = urllib.request.Request(address, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=SECONDS_TO_ANSWER):
            return ""
    except OSError as error:
        return str(getattr(error, "reason", "") or error)


def main(arguments: list[str]) -> int:
    """Prints the report; returns the exit status."""
    environment = Path(arguments[0] if arguments else ".venv").absolute()
    findings = list(inspect_machine(environment))
    print(render(findings))
    return exit_status(findings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
