import subprocess
from pathlib import Path

import pytest

from tests.scripts.fake_project import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "private_c_runtime.sh"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the private C library was removed; remove its tests too"
)

DEBIAN_SOURCES = """\
# What the installer wrote.
Types: deb deb-src
# The nearest mirror.
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Architectures: amd64 i386
Trusted: yes
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""

REWRITTEN = """\
# What the installer wrote.
Types: deb
# The nearest mirror.
URIs: http://mirror.example/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

ONE_LINE_SOURCES = """\
# deb http://mirror.example/old jammy main
deb cdrom:[Ubuntu 22.04]/ jammy main
deb-src http://mirror.example/ubuntu jammy main
deb http://mirror.example/ubuntu jammy-updates main
deb http://mirror.example/partner jammy partner
deb [arch=amd64 signed-by=/etc/apt/keyrings/own.gpg trusted=yes] http://mirror.example/u jammy main
"""


def call(function: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Calls one function of the script."""
    return subprocess.run(
        ["bash", "-c", 'source "$1"; shift; "$@"', "bash", str(SCRIPT), function, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def make_apt_folder(folder: Path, **files: str) -> Path:
    """Writes files of /etc/apt; in their names "__" stands for "." and "list_d" for its folder."""
    (folder / "sources.list.d").mkdir()
    for name, text in files.items():
        place = folder if name == "sources__list" else folder / "sources.list.d"
        (place / name.replace("__", ".")).write_text(text)
    return folder


def test_the_main_paragraph_is_rewritten_for_the_next_release(tmp_path: Path) -> None:
    folder = make_apt_folder(tmp_path, debian__sources=DEBIAN_SOURCES)
    derived = call("derive_source", "bookworm", "trixie", str(folder))
    assert (derived.returncode, derived.stdout) == (0, REWRITTEN)


def test_disabled_and_foreign_paragraphs_are_passed_over(tmp_path: Path) -> None:
    foreign = "Types: deb\nURIs: http://other.example\nSuites: nodistro\nComponents: main\n"
    disabled = DEBIAN_SOURCES.replace("# The nearest", "Enabled: no\n# Not the nearest")
    folder = make_apt_folder(
        tmp_path, a__sources=foreign, b__sources=disabled, c__sources=DEBIAN_SOURCES
    )
    derived = call("derive_source", "bookworm", "trixie", str(folder))
    assert derived.stdout == REWRITTEN


def test_an_embedded_key_is_kept(tmp_path: Path) -> None:
    key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEXx==\n"
    paragraph = "Types: deb\nURIs: http://mirror.example\nSuites: bookworm\nComponents: main\n"
    folder = make_apt_folder(tmp_path, debian__sources=paragraph + key)
    derived = call("derive_source", "bookworm", "trixie", str(folder))
    assert derived.stdout == (paragraph + key).replace("bookworm", "trixie")


def test_the_older_form_is_understood(tmp_path: Path) -> None:
    folder = make_apt_folder(tmp_path, sources__list=ONE_LINE_SOURCES)
    derived = call("derive_source", "jammy", "noble", str(folder))
    assert derived.stdout == (
        "Types: deb\nURIs: http://mirror.example/u\nSuites: noble\nComponents: main\n"
        "Signed-By: /etc/apt/keyrings/own.gpg\n"
    )


def test_the_older_form_needs_no_options(tmp_path: Path) -> None:
    folder = make_apt_folder(tmp_path, my__list="deb http://mirror.example/debian bookworm main")
    derived = call("derive_source", "bookworm", "trixie", str(folder))
    assert derived.stdout == (
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n"
    )


def test_a_system_without_a_source_is_told_so(tmp_path: Path) -> None:
    folder = make_apt_folder(tmp_path)
    refused = call("derive_source", "bookworm", "trixie", str(folder))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "apt has no source for 'bookworm main' on this system" in refused.stderr
    assert "no mirror to ask for trixie" in refused.stderr


@pytest.mark.parametrize(
    ("release", "suites"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "bookworm trixie\n"),
        ('ID=ubuntu\nVERSION_ID="22.04"\n', "jammy noble\n"),
    ],
)
def test_the_next_release_is_known(tmp_path: Path, release: str, suites: str) -> None:
    (tmp_path / "os-release").write_text(release)
    assert call("choose_suites", str(tmp_path / "os-release")).stdout == suites


def test_another_distribution_is_refused(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text('ID=fedora\nVERSION_ID="38"\n')
    refused = call("choose_suites", str(tmp_path / "os-release"))
    assert refused.returncode == 1
    assert "the C library of this system (fedora 38) is too old" in refused.stderr
    assert "container." in refused.stderr
