from pathlib import Path

import pytest

from scripts import system_libraries

LDCONFIG = """\
1234 libs found in cache `/etc/ld.so.cache'
\tlibstdc++.so.6 (libc6,x32) => /libx32/libstdc++.so.6
\tlibstdc++.so.6 (libc6,x86-64) => /lib/x86_64-linux-gnu/libstdc++.so.6
\tlibstdc++.so.6 (libc6) => /lib32/libstdc++.so.6
"""
NEW_CPP = frozenset({"GLIBCXX_3.4.32", "CXXABI_1.3.15"})


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("glibc 2.36\n", (2, 36)),
        ("ldd (Debian GLIBC 2.36-9+deb12u14) 2.36\nCopyright (C) 2022\n", (2, 36)),
        ("ldd (Ubuntu GLIBC 2.39-0ubuntu8.4) 2.39\n", (2, 39)),
        ("ldd (GNU libc) 2.38\n", (2, 38)),
        ("musl libc (x86_64)\nVersion 1.2.4\n", None),
        ("", None),
    ],
)
def test_the_version_of_the_c_library_is_read(text: str, version: tuple[int, int] | None) -> None:
    assert system_libraries.parse_c_library_version(text) == version


def test_the_64_bit_library_is_found() -> None:
    path = system_libraries.parse_library_path(LDCONFIG)
    assert path == Path("/lib/x86_64-linux-gnu/libstdc++.so.6")
    assert system_libraries.parse_library_path("0 libs found in cache\n") is None


def test_symbol_versions_are_whole_strings_of_the_library() -> None:
    content = b"\x7fELF\0GLIBCXX_3.4\0GLIBCXX_3.4.32\0CXXABI_1.3.15\0CXXABI_TM_1\0xGLIBCXX_9.9\0"
    assert system_libraries.find_symbol_versions(content) == {
        "GLIBCXX_3.4",
        "GLIBCXX_3.4.32",
        "CXXABI_1.3.15",
    }


def test_versions_are_compared_as_numbers() -> None:
    names = frozenset({"GLIBCXX_3.4.9", "GLIBCXX_3.4.30", "CXXABI_1.3.13"})
    assert system_libraries.newest(names, "GLIBCXX") == "GLIBCXX_3.4.30"
    assert system_libraries.newest(frozenset(), "CXXABI") == "none"


@pytest.mark.parametrize("c_library", [(2, 39), (2, 41), (3, 0)])
def test_nothing_is_missing_on_a_new_system(c_library: tuple[int, int]) -> None:
    assert system_libraries.list_missing(c_library, NEW_CPP) == []


@pytest.mark.parametrize(
    ("c_library", "cpp_versions", "missing"),
    [
        ((2, 38), NEW_CPP, ["glibc 2.39 or newer is required; found: 2.38."]),
        (None, NEW_CPP, ["glibc 2.39 or newer is required; found: another C library."]),
        (
            (2, 39),
            frozenset({"GLIBCXX_3.4.32", "CXXABI_1.3.14"}),
            [
                "libstdc++ with GLIBCXX_3.4.32 and CXXABI_1.3.15 (GCC 14) is required; "
                "found: one without CXXABI_1.3.15."
            ],
        ),
        (
            (2, 39),
            frozenset(),
            ["libstdc++ is required; found: none. Install the package libstdc++6."],
        ),
    ],
)
def test_what_is_missing_is_named(
    c_library: tuple[int, int] | None, cpp_versions: frozenset[str], missing: list[str]
) -> None:
    assert system_libraries.list_missing(c_library, cpp_versions) == missing


def test_a_missing_or_failing_command_has_no_output() -> None:
    assert system_libraries.read_output("no-such-command") == ""
    assert system_libraries.read_output("bash", "-c", "echo half; exit 3") == ""
    assert system_libraries.read_output("echo", "whole") == "whole\n"
