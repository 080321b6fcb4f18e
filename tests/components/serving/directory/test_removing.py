"""What goes, what stays, and what is logged of it."""

import os
import pathlib
import shutil

import pytest

from components.errors import PipelineError
from components.serving.directory import removing
from components.serving.directory.layout import list_versions
from components.serving.directory.log import read_lines
from components.serving.directory.publishing import publish
from components.serving.directory.release import read_release
from components.serving.directory.removing import keep_newest, sweep
from components.serving.directory.rollback import roll_back
from tests.components.serving.directory.saved_models import (
    NOW,
    make_origin,
    publish_models,
    write_saved_model,
)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A serving directory with three models."""
    publish_models(tmp_path / "photos", "abc")
    return tmp_path / "photos"


FIRST, SECOND, THIRD = 1700000000, 1700000010, 1700000020


def removals(folder: pathlib.Path) -> list[tuple[int, str]]:
    """What the log says of removals: versions and reasons."""
    lines = read_lines(str(folder))
    return [(e.version, e.origin.reason) for e in lines if e.origin.action == "removal"]


def test_keeps_the_newest(folder: pathlib.Path) -> None:
    for name in ("3", "1900000000"):
        write_saved_model(folder / name)
    assert keep_newest(str(folder), 2) == [FIRST]
    # Versions of somebody else stay, whatever their number.
    assert list_versions(str(folder)) == [3, SECOND, THIRD, 1900000000]
    assert removals(folder) == [(FIRST, "the newest 2 are kept")]
    assert keep_newest(str(folder), 2) == []


def test_zero_keeps_all(folder: pathlib.Path) -> None:
    assert keep_newest(str(folder), 0) == []
    assert list_versions(str(folder)) == [FIRST, SECOND, THIRD]


def test_a_push_that_finds_its_model_serving_keeps_no_more_than_it_may(
    folder: pathlib.Path,
) -> None:
    source = str(folder.parent / "source-c")
    assert publish(source, str(folder), make_origin(), NOW, keep=1) == THIRD
    assert list_versions(str(folder)) == [THIRD]


def test_a_copy_by_hand_is_somebody_elses(folder: pathlib.Path) -> None:
    shutil.copytree(folder / str(FIRST), folder / "1800000000")
    assert keep_newest(str(folder), 1) == [FIRST, SECOND]
    assert list_versions(str(folder)) == [THIRD, 1800000000]


def test_of_a_link_the_link_alone_goes(folder: pathlib.Path) -> None:
    elsewhere = folder.parent / "larger disk"
    os.rename(folder / str(FIRST), elsewhere)
    (folder / str(FIRST)).symlink_to(elsewhere)
    assert keep_newest(str(folder), 2) == [FIRST]
    assert set(os.listdir(folder)) == {".lock", "releases.jsonl", str(SECOND), str(THIRD)}
    assert (elsewhere / "saved_model.pb").is_file()


def test_what_was_cut_off_is_tidied_up(folder: pathlib.Path) -> None:
    (folder / ".unfinished-5").mkdir()
    (folder / ".unfinished-6").write_text("a file")
    (folder / ".removed-3/assets.extra").mkdir(parents=True)
    (folder / ".removed-3/assets.extra/release.json").write_text("{")
    sweep(str(folder))
    assert set(os.listdir(folder)) == {
        *(str(version) for version in (FIRST, SECOND, THIRD)),
        *(".lock", "releases.jsonl"),
    }
    assert removals(folder) == []


@pytest.mark.parametrize("name", ["README", ".unfinished-", ".unfinished-x", ".removed-5.old"])
def test_what_only_looks_like_it_stays(folder: pathlib.Path, name: str) -> None:
    (folder / name).write_text("somebody else's")
    sweep(str(folder))
    assert (folder / name).read_text() == "somebody else's"


def test_a_removal_that_was_cut_off_is_logged_once(folder: pathlib.Path) -> None:
    os.rename(folder / str(FIRST), folder / f".removed-{FIRST}")
    saved = shutil.copytree(folder / f".removed-{FIRST}", folder.parent / "saved")
    sweep(str(folder))
    assert removals(folder) == [(FIRST, "a removal that was cut off")]
    os.rename(saved, folder / f".removed-{FIRST}")
    sweep(str(folder))
    assert removals(folder) == [(FIRST, "a removal that was cut off")]


@pytest.mark.parametrize("function", ["rename", "rmtree"])
def test_a_version_that_must_not_be_removed(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def refuse(place: str, *_: str) -> None:
        raise PermissionError(13, "Permission denied", place)

    module = removing.os if function == "rename" else removing.shutil
    monkeypatch.setattr(module, function, refuse)
    place = folder / (str(FIRST) if function == "rename" else f".removed-{FIRST}")
    with pytest.raises(PipelineError) as raised:
        keep_newest(str(folder), 2)
    assert str(raised.value) == (
        "Old versions, and what was cut off, must be removable. Received: "
        f"{place}: Permission denied. Change the permissions."
    )


@pytest.mark.parametrize(("keep", "kept"), [(2, "a4"), (3, "ab4"), (4, "abc4")])
def test_what_one_can_go_back_to_stays(folder: pathlib.Path, keep: int, kept: str) -> None:
    """Fault D11: after a rollback the rolled back version goes, and not the one to go back to.

    "4" is version b again; going back from it means a, which is another model.
    """
    numbers = {"a": FIRST, "b": SECOND, "c": THIRD}
    numbers["4"] = roll_back(str(folder), "takes bags for shirts", NOW)
    removed = keep_newest(str(folder), keep)
    assert list_versions(str(folder)) == [numbers[name] for name in kept]
    assert removed == sorted(numbers[name] for name in set(numbers) - set(kept))
    assert roll_back(str(folder), "still wrong", NOW) > numbers["4"]
    source = read_release(str(folder / str(list_versions(str(folder))[-1])))
    assert source is not None
    assert source.origin.of_version == FIRST


def test_the_pushers_own_tidying_keeps_it_too(folder: pathlib.Path) -> None:
    """Fault D11: a push after a rollback removes the rolled back version first."""
    back = roll_back(str(folder), "takes bags for shirts", NOW)
    write_saved_model(folder.parent / "source-d")
    (folder.parent / "source-d/saved_model.pb").write_bytes(b"d")
    new = publish(str(folder.parent / "source-d"), str(folder), make_origin(), NOW, keep=3)
    assert list_versions(str(folder)) == [FIRST, back, new]
