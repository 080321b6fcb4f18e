"""Whole or not at all: copies, copies that fail, and two at once."""

import errno
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from components.errors import PipelineError
from components.serving.directory import layout, publishing
from components.serving.directory.layout import HIGHEST_VERSION, list_versions
from components.serving.directory.log import read_events, read_lines
from components.serving.directory.publishing import next_version, publish
from components.serving.directory.release import ROLLBACK, digest_files, digest_model, read_release
from tests.components.serving.directory.saved_models import (
    FILES,
    NOW,
    make_origin,
    publish_models,
    read_tree,
    write_saved_model,
)

REPOSITORY = pathlib.Path(__file__).parents[4]


@pytest.fixture
def source(tmp_path: pathlib.Path) -> str:
    return write_saved_model(tmp_path / "source")


def names_in(folder: pathlib.Path) -> list[str]:
    """What lies there, but for the lock."""
    return sorted(name for name in os.listdir(folder) if name != ".lock")


def test_makes_a_complete_copy(source: str, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "serving/photos"
    assert publish(source, str(folder), make_origin(), NOW) == 1700000000
    copied = read_tree(folder / "1700000000")
    copied.pop("assets.extra/release.json")
    assert copied == FILES
    assert names_in(folder) == ["1700000000", "releases.jsonl"]


def test_says_where_it_comes_from(source: str, tmp_path: pathlib.Path) -> None:
    origin = make_origin(run="run 7", reset_baseline="new camera")
    version = publish(source, str(tmp_path / "photos"), origin, NOW)
    release = read_release(str(tmp_path / "photos" / str(version)))
    assert release is not None
    assert (release.version, release.time) == (1700000000, "2023-11-14T22:13:20+00:00")
    assert release.origin == origin
    assert release.files == digest_files(source)
    assert release.model_digest == digest_model(release.files)
    [event] = read_events(str(tmp_path / "photos"))
    assert (event.version, event.time, event.origin) == (version, release.time, origin)


def test_adds_files_for_people(source: str, tmp_path: pathlib.Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("<script>alert(1)</script>")
    extras = {"report.html": str(report), "class_names.json": str(report)}
    version = publish(source, str(tmp_path / "photos"), make_origin(), NOW, extras)
    extra = tmp_path / "photos" / str(version) / "assets.extra"
    assert (extra / "report.html").read_text() == "<script>alert(1)</script>"
    # What the model has itself is its own.
    assert (extra / "class_names.json").read_bytes() == FILES["assets.extra/class_names.json"]


def test_the_model_that_serves_is_not_pushed_again(tmp_path: pathlib.Path) -> None:
    assert publish_models(tmp_path / "photos", "aab") == [1700000000, 1700000000, 1700000020]
    # It serves no more, so that it has to be pushed.
    assert publish_models(tmp_path / "photos", "a") == [1700000021]


def test_a_damaged_version_is_pushed_again(tmp_path: pathlib.Path) -> None:
    [version] = publish_models(tmp_path / "photos", "a")
    (tmp_path / "photos" / str(version) / "saved_model.pb").write_bytes(b"other")
    assert publish_models(tmp_path / "photos", "a") == [version + 1]


def test_shows_the_version_when_it_is_complete(
    source: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    rename = os.rename

    def look_and_rename(unfinished: str, final: str) -> None:
        seen.extend([list_versions(str(tmp_path / "photos")), os.path.exists(final)])
        copied = read_tree(pathlib.Path(unfinished))
        seen.append({name: copied[name] for name in FILES} == FILES)
        rename(unfinished, final)

    monkeypatch.setattr(publishing.os, "rename", look_and_rename)
    publish(source, str(tmp_path / "photos"), make_origin(), NOW)
    assert seen == [[], False, True]


WITHOUT_ROOM = (
    "A push must be able to read a model and its report, and to write the serving directory. "
    "Received: {place}: No space left on device. No server saw any of it. Make room, or change the "
    "permissions, and try again."
)


@pytest.mark.parametrize(
    ("error", "shown", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), PipelineError, WITHOUT_ROOM),
        (KeyboardInterrupt(), KeyboardInterrupt, ""),
    ],
    ids=["no room", "interrupted"],
)
def test_a_copy_that_fails_leaves_nothing(
    error: BaseException,
    shown: type[BaseException],
    message: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "photos"
    [before] = publish_models(folder, "a")
    source = write_saved_model(tmp_path / "source-b", b"b" * 1000)

    def fail(text_path: str, text: str) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "write_text", fail)
        with pytest.raises(shown) as caught:
            publish(source, str(folder), make_origin(), NOW)
    place = folder / f".unfinished-{before + 1}"
    assert str(caught.value) == message.format(place=place)
    assert names_in(folder) == [str(before), "releases.jsonl"]
    assert publish(source, str(folder), make_origin(), NOW) == before + 1


def test_a_copy_that_differs_is_refused(
    source: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(reading, writing) -> None:
        writing.write(reading.read()[:-1] + b"?")

    monkeypatch.setattr(layout.shutil, "copyfileobj", spoil)
    changed = os.path.join(source, "saved_model.pb")
    message = (
        f"A model must not change while it is pushed. Received: {changed}, whose copy differs. "
        "Check the disk, and run again."
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}$"):
        publish(source, str(tmp_path / "photos"), make_origin(), NOW)
    assert list_versions(str(tmp_path / "photos")) == []


def test_a_report_whose_copy_differs_is_refused(
    source: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report.html"
    report.write_text("<p>")
    copy_file = layout.copy_file

    def spoil(path: str, target: str) -> None:
        copy_file(path, target)
        if target.endswith("report.html"):
            pathlib.Path(target).write_text("<")

    monkeypatch.setattr(publishing, "copy_file", spoil)
    message = f"Received: {report}, whose copy differs."
    with pytest.raises(PipelineError, match=re.escape(message)):
        publish(source, str(tmp_path / "photos"), make_origin(), NOW, {"report.html": str(report)})
    assert list_versions(str(tmp_path / "photos")) == []


def test_a_source_without_a_model_leaves_nothing(tmp_path: pathlib.Path) -> None:
    folder, missing = tmp_path / "photos", tmp_path / "missing"
    folder.mkdir()
    message = (
        f"A model that is pushed must have a file saved_model.pb. Received: {missing} without "
        "it. If its artifacts were removed, remove the whole output folder and run again."
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}$"):
        publish(str(missing), str(folder), make_origin(), NOW)
    assert os.listdir(folder) == []


def test_a_folder_that_cannot_be_written(source: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "photos").write_text("a file")
    with pytest.raises(PipelineError) as raised:
        publish(source, str(tmp_path / "photos"), make_origin(), NOW)
    assert str(raised.value) == (
        "The serving directory must be a folder that can be written. Received: "
        f"{tmp_path}/photos: File exists. Change its permissions, or give another folder."
    )


@pytest.mark.parametrize("name", ["releases.jsonl", ".lock"])
def test_nothing_changes_where_no_line_can_be_written(
    source: str, tmp_path: pathlib.Path, name: str
) -> None:
    (tmp_path / "photos" / name).mkdir(parents=True)
    with pytest.raises(PipelineError) as raised:
        publish(source, str(tmp_path / "photos"), make_origin(), NOW)
    assert str(raised.value) == (
        "The serving directory must be a folder that can be written. Received: "
        f"{tmp_path}/photos/{name}: Is a directory. Change its permissions, or give another folder."
    )
    assert list_versions(str(tmp_path / "photos")) == []


def test_a_disk_that_is_full(source: str, small_disk: pathlib.Path) -> None:
    with pytest.raises(PipelineError) as raised:
        publish(source, str(small_disk / "photos"), make_origin(), NOW)
    place = small_disk / "photos/.unfinished-1700000000"
    assert str(raised.value) == WITHOUT_ROOM.format(place=place)
    assert names_in(small_disk / "photos") == ["releases.jsonl"]


def test_a_report_that_is_missing(source: str, tmp_path: pathlib.Path) -> None:
    report = tmp_path / "report.html"
    with pytest.raises(PipelineError, match=re.escape(f"{report}: No such file or directory.")):
        publish(source, str(tmp_path / "photos"), make_origin(), NOW, {"report.html": str(report)})
    assert list_versions(str(tmp_path / "photos")) == []


@pytest.fixture
def small_disk(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("a disk that fills up needs mount, which is not installed")
    if mounted.returncode:
        pytest.skip(f"a disk that fills up needs the right to mount: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_another_file_system(source: str) -> None:
    shared_memory = pathlib.Path("/dev/shm")
    if not shared_memory.is_dir():
        pytest.skip("the system has no second file system in /dev/shm")
    folder = pathlib.Path(tempfile.mkdtemp(dir=shared_memory))
    try:
        assert publish(source, str(folder / "photos"), make_origin(), NOW) == 1700000000
        assert list_versions(str(folder / "photos")) == [1700000000]
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("existing", "now", "expected"),
    [
        pytest.param([], 1_700_000_000.9, 1_700_000_000, id="first"),
        pytest.param(["1600000000"], 1_700_000_000.0, 1_700_000_000, id="the clock is ahead"),
        pytest.param(["1700000000"], 1_700_000_000.5, 1_700_000_001, id="the same second"),
        pytest.param(
            ["1700000000", "1700000001"], 1_700_000_000.5, 1_700_000_002, id="the third in it"
        ),
        pytest.param(["1700000000"], 1_600_000_000.0, 1_700_000_001, id="the clock jumped back"),
        # Without a model in them.
        pytest.param(["7", "latest"], 0.0, 8, id="folders of somebody else"),
        pytest.param(["7", "0012"], 0.0, 13, id="zeros that servers read over"),
        pytest.param(["9" * 20], 0.0, 0, id="more than servers can read"),
    ],
)
def test_the_next_version_is_above_all_others(
    existing: list[str], now: float, expected: int, tmp_path: pathlib.Path
) -> None:
    for name in existing:
        (tmp_path / name).mkdir()
    assert next_version(str(tmp_path), now) == expected


def test_no_number_is_left(tmp_path: pathlib.Path) -> None:
    (tmp_path / str(HIGHEST_VERSION)).mkdir()
    with pytest.raises(PipelineError) as raised:
        next_version(str(tmp_path), NOW)
    assert str(raised.value) == (
        "A version must be at most 9223372036854775807, which servers can read, and above all that "
        f"were ever there. Received: {tmp_path} with version 9223372036854775807. Rename that "
        "folder, or give another serving directory."
    )


def test_a_damaged_neighbor_keeps_nobody_from_a_push(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "photos"
    first, second = publish_models(folder, "ab")
    (folder / str(first) / "assets.extra/release.json").write_text("{")
    source = write_saved_model(tmp_path / "source-c", b"c")
    third = publish(source, str(folder), make_origin(), NOW, keep=1)
    # What cannot be told to be ours stays.
    assert list_versions(str(folder)) == [first, third]
    assert third == second + 1


def test_a_number_that_was_removed_is_not_used_again(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "photos"
    [version] = publish_models(folder, "a")
    shutil.rmtree(folder / str(version))
    assert publish_models(folder, "b") == [version + 1]


def test_a_line_of_the_log_that_a_crash_kept_back_is_written_later(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "photos"
    publish_models(folder, "ab")
    before = read_events(str(folder))
    (folder / "releases.jsonl").write_text('{"time": "2023-11')
    publish_models(folder, "c")
    events = read_lines(str(folder))
    assert [event.version for event in events] == [1700000000, 1700000010, 1700000011]
    assert events[:2] == before


TWO_AT_ONCE = """
import sys
from components.serving.directory.publishing import publish
from components.serving.directory.release import ReleaseOrigin
print(publish(sys.argv[1], sys.argv[2], ReleaseOrigin("push", "ann@host"), 1700000000.0))
"""


def test_two_runs_at_once_make_two_versions(tmp_path: pathlib.Path) -> None:
    sources = [write_saved_model(tmp_path / name, name.encode() * 10**7) for name in "ab"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TWO_AT_ONCE, source, str(tmp_path / "photos")],
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        for source in sources
    ]
    said = sorted(int(process.communicate(timeout=60)[0]) for process in processes)
    assert said == list_versions(str(tmp_path / "photos")) == [1700000000, 1700000001]
    assert [event.origin.action for event in read_events(str(tmp_path / "photos"))] == ["push"] * 2


def test_origins_of_rollbacks_are_read_back(tmp_path: pathlib.Path, source: str) -> None:
    origin = make_origin(action=ROLLBACK, of_version=3, withdraws=(4, 5))
    version = publish(source, str(tmp_path / "photos"), origin, NOW)
    release = read_release(str(tmp_path / "photos" / str(version)))
    assert release is not None
    assert release.origin == origin
