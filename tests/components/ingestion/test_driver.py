import os
import shutil

import pytest
from tfx.orchestration.portable import data_types

from components.errors import PipelineError
from components.ingestion import driver
from components.ingestion.driver import ImageFolderDriver, fingerprint

# sha256 of "a/1.png\0<sha256 of b'one'>\nb/2.png\0<sha256 of b'two'>\n"
GOLDEN = "69d536d66361bc206692a976491c08a5eac3d3ab47360cc0556b3134a4a10dc7"


@pytest.fixture
def root(tmp_path):
    """A folder of two classes with one file each; a fingerprint needs no real images."""
    for name, content in {"a/1.png": b"one", "b/2.png": b"two"}.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True)
        (tmp_path / "data" / name).write_bytes(content)
    return tmp_path / "data"


def test_is_the_digest_of_names_and_contents(root):
    assert fingerprint(str(root)) == GOLDEN


def _replace_with_equal_size_and_time(root):
    path = root / "a" / "1.png"
    before = path.stat()
    path.write_bytes(b"eno")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def _swap_contents(root):
    (root / "a" / "1.png").write_bytes(b"two")
    (root / "b" / "2.png").write_bytes(b"one")


def _break_a_link(root):
    (root / "b" / "3.png").symlink_to("missing")


@pytest.mark.parametrize(
    "change",
    [
        _replace_with_equal_size_and_time,
        _swap_contents,
        _break_a_link,
        lambda root: (root / "a" / "1.png").rename(root / "a" / "3.png"),
        lambda root: (
            (root / "a" / "1.png").rename(root / "b" / "1.png")
            and shutil.copy(root / "b" / "1.png", root / "a")
        ),
        lambda root: (root / "a" / "3.png").write_bytes(b""),
        lambda root: (root / "a" / ".hidden").write_bytes(b""),
        lambda root: (root / "readme").write_bytes(b""),
    ],
    ids=["replaced", "swapped", "broken link", "renamed", "copied", "added", "hidden", "outside"],
)
def test_notices(root, change):
    before = fingerprint(str(root))
    change(root)
    assert fingerprint(str(root)) != before


def test_notices_a_removed_file(root):
    added = root / "a" / "3.png"
    added.write_bytes(b"three")
    assert fingerprint(str(root)) != GOLDEN
    added.unlink()
    assert fingerprint(str(root)) == GOLDEN


def test_notices_when_an_unreadable_file_becomes_readable(root, monkeypatch):
    def refuse(folder, filename):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(driver, "read_file", refuse)
        unreadable = fingerprint(str(root))
    assert unreadable != fingerprint(str(root)) == GOLDEN


def test_stays_when_the_folder_is_copied_or_touched(root, tmp_path):
    copied = shutil.copytree(root, tmp_path / "elsewhere")
    assert fingerprint(str(copied)) == GOLDEN
    for path in root.rglob("*"):
        os.utime(path, (1, 1))
    assert fingerprint(str(root)) == GOLDEN
    assert fingerprint(f"{root}/") == GOLDEN


def test_refuses_what_is_not_a_data_folder(tmp_path):
    with pytest.raises(PipelineError, match="The data folder must exist"):
        fingerprint(str(tmp_path / "missing"))


def test_the_cache_compares_the_fingerprint_beside_the_parameters(root):
    properties = {"data_folder": str(root), "channels": 3}
    output = ImageFolderDriver(None).run(data_types.ExecutionInfo(exec_properties=properties))
    assert {
        key: value.string_value or value.int_value for key, value in output.exec_properties.items()
    } == {
        "data_folder": str(root),
        "channels": 3,
        "data_fingerprint": GOLDEN,
    }
