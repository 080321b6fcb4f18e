"""Fault D4: files written whole had one fixed temporary name, so that readers saw torn ones."""

import multiprocessing
import os
import pathlib
import stat

import pytest

from components import storage
from components.serving.directory.lock import identify
from components.storage import atomic_write

SIZES = (10, 200_000)
SPAWN = multiprocessing.get_context("spawn")


def _write_often(path: str, letter: str, times: int) -> None:
    for number in range(times):
        atomic_write(path, letter.encode() * SIZES[number % 2])


def _identify(folder: str) -> str:
    return identify(folder)


def test_readers_see_whole_files_of_writers_at_once(tmp_path: pathlib.Path) -> None:
    """Fault D4: two processes write one file; each look finds all of one of their contents."""
    path = tmp_path / "index.html"
    atomic_write(str(path), b"a" * SIZES[0])
    writers = [SPAWN.Process(target=_write_often, args=(str(path), name, 150)) for name in "abc"]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        content = path.read_bytes()
        seen.add((content[:1], len(content), len(set(content))))
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert seen <= {(name, size, 1) for name in (b"a", b"b", b"c") for size in SIZES}
    assert os.listdir(tmp_path) == ["index.html"]


def test_nothing_is_left_of_a_write_that_failed(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault D4: a full disk leaves the old file, and no temporary one."""
    path = tmp_path / "schema.pbtxt"
    atomic_write(str(path), b"old")

    def fill_up(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", fill_up)
    with pytest.raises(OSError, match="No space left"):
        atomic_write(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["schema.pbtxt"]


def test_file_and_folder_reach_the_disk_in_this_order(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault D4: the content is flushed before the rename, and the folder after it."""
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flush(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        calls.append("flush folder" if is_folder else "flush file")
        fsync(descriptor)

    def rename(source: str, destination: str) -> None:
        calls.append("rename")
        replace(source, destination)

    monkeypatch.setattr(storage.os, "fsync", flush)
    monkeypatch.setattr(storage.os, "replace", rename)
    atomic_write(str(tmp_path / "run.json"), b"{}")
    assert calls == ["flush file", "rename", "flush folder"]


def test_permissions_and_names(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault D4: the umask decides who may read; a name may be 255 bytes long, or have no folder."""
    monkeypatch.chdir(tmp_path)
    before = os.umask(0o027)
    try:
        atomic_write("n" * 255, b"1")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat("n" * 255).st_mode) == 0o640


def test_an_identity_is_given_once(tmp_path: pathlib.Path) -> None:
    """Fault D4: `.directory_id` is made by one of many processes; an empty one heals."""
    (tmp_path / ".directory_id").write_bytes(b"")
    with SPAWN.Pool(4) as pool:
        found = set(pool.map(_identify, [str(tmp_path)] * 16, 1))
    assert len(found) == 1
    assert (tmp_path / ".directory_id").read_text() == found.pop() != ""


@pytest.mark.parametrize("cut_off", ["", "0123456789", "\0" * 32])
def test_an_identity_that_was_cut_off_heals(cut_off: str, tmp_path: pathlib.Path) -> None:
    """Fault D4: what a power cut left of `.directory_id` is no identity."""
    (tmp_path / ".directory_id").write_text(cut_off)
    identity = identify(str(tmp_path))
    assert len(identity) == 32
    assert identity != cut_off
    assert identify(str(tmp_path)) == identity
