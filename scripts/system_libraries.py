"""What TFX's wheels need of the system's C and C++ libraries, and what this system has.

Executed by set-up: prints one line per requirement that is missing; exit status 1 if there is any.
Runs on Python 3.8 or newer without any package: it is needed before the environment exists.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# The tag of the ml-metadata and TFDV wheels is manylinux_2_39; installers go by the tag.
REQUIRED_C_LIBRARY = (2, 39)
# Symbol versions that those wheels import; libstdc++ of GCC 14 brought the second.
REQUIRED_CPP_VERSIONS = ("GLIBCXX_3.4.32", "CXXABI_1.3.15")

_CPP_LIBRARY = "libstdc++.so.6"
_USUAL_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")


def parse_c_library_version(text: str) -> tuple[int, int] | None:
    """Reads the version of glibc from what the system's tools print.

    Args:
      text: the output of `getconf GNU_LIBC_VERSION` or of `ldd --version`.

    Returns:
      (major, minor), or None where the C library is another one, such as musl.
    """
    first_line = text.splitlines()[0] if text else ""
    if not re.search(r"glibc|gnu libc", first_line, re.IGNORECASE):
        return None
    match = re.search(r"(\d+)\.(\d+)\s*$", first_line)
    return (int(match.group(1)), int(match.group(2))) if match else None


def parse_library_path(text: str, name: str = _CPP_LIBRARY) -> Path | None:
    """Finds the x86-64 library of a name in the output of `ldconfig -p`."""
    pattern = rf"^\s*{re.escape(name)} \([^)]*x86-64[^)]*\) => (.+)$"
    match = re.search(pattern, text, re.MULTILINE)
    return Path(match.group(1)) if match else None


def find_symbol_versions(content: bytes) -> frozenset[str]:
    """Lists the GLIBCXX and CXXABI versions named in a C++ library.

    Args:
      content: the bytes of a libstdc++.so.6.

    Returns:
      Names such as "GLIBCXX_3.4.32".
    """
    names = re.findall(rb"\0((?:GLIBCXX|CXXABI)_\d+(?:\.\d+)+)(?=\0)", content)
    return frozenset(name.decode("ascii") for name in names)


def list_missing(c_library: tuple[int, int] | None, cpp_versions: frozenset[str]) -> list[str]:
    """Says which requirements are not met.

    Args:
      c_library: version of glibc, or None where it is not glibc.
      cpp_versions: what `find_symbol_versions` found; empty where there is no C++ library.

    Returns:
      One sentence per missing requirement; empty when the system suits.
    """
    missing = []
    if c_library is None or c_library < REQUIRED_C_LIBRARY:
        missing.append(
            f"glibc {format_version(REQUIRED_C_LIBRARY)} or newer is required; "
            f"found: {format_version(c_library)}."
        )
    absent = [name for name in REQUIRED_CPP_VERSIONS if name not in cpp_versions]
    if absent:
        missing.append(
            f"libstdc++ with {' and '.join(REQUIRED_CPP_VERSIONS)} (GCC 14) is required; "
            f"found: one without {' and '.join(absent)}."
            if cpp_versions
            else "libstdc++ is required; found: none. Install the package libstdc++6."
        )
    return missing


def format_version(version: tuple[int, int] | None) -> str:
    """Writes (2, 36) as "2.36", and None as "another C library"."""
    return f"{version[0]}.{version[1]}" if version else "another C library"


def newest(names: frozenset[str], prefix: str) -> str:
    """Picks the highest version of one prefix, "GLIBCXX" or "CXXABI"; "none" without any."""
    matching = [name for name in names if name.startswith(prefix + "_")]
    return max(matching, key=_version_numbers, default="none")


def _version_numbers(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", name))


def read_output(*command: str) -> str:
    """Runs a command and returns what it printed; empty where it is missing or fails."""
    try:
        finished = subprocess.run(command, capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return finished.stdout.decode("utf-8", "replace") if finished.returncode == 0 else ""


def find_cpp_library() -> Path | None:
    """Finds the system's C++ library; None where it has none."""
    listed = parse_library_path(read_output("/sbin/ldconfig", "-p"))
    candidates = [listed] if listed else [Path(folder, _CPP_LIBRARY) for folder in _USUAL_FOLDERS]
    return next((path for path in candidates if path.is_file()), None)


def inspect_system() -> tuple[tuple[int, int] | None, frozenset[str]]:
    """Looks at this system's libraries, not at those of the running interpreter.

    Returns:
      The two arguments of `list_missing`.
    """
    path = find_cpp_library()
    return (
        parse_c_library_version(read_output("getconf", "GNU_LIBC_VERSION")),
        find_symbol_versions(path.read_bytes()) if path else frozenset(),
    )


def main() -> int:
    """Prints what is missing; returns the exit status."""
    missing = list_missing(*inspect_system())
    for sentence in missing:
        print(sentence)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
