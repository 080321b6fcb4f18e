import pathlib

import pytest

from components.errors import PipelineError
from components.serving.directory.layout import (
    HIGHEST_VERSION,
    highest_number,
    list_numbers,
    list_versions,
    make_model_folder,
)
from components.serving.directory.lock import identify


def make_version(folder: pathlib.Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "saved_model.pb").write_bytes(b"")


def test_lists_in_the_order_of_numbers(tmp_path: pathlib.Path) -> None:
    for name in ("100", "20", "3", "0"):
        make_version(tmp_path, name)
    assert list_versions(str(tmp_path)) == [0, 3, 20, 100]


@pytest.mark.parametrize(
    "name",
    [
        *("latest", "-1", "+1", "1.5", "1e3", "007", "²", "٣", ".unfinished-7", "tmp 7", "7~"),
        # One more than servers can read.
        str(HIGHEST_VERSION + 1),
    ],
)
def test_ignores_what_is_not_the_name_of_a_version(name: str, tmp_path: pathlib.Path) -> None:
    make_version(tmp_path, "5")
    make_version(tmp_path, name)
    assert list_versions(str(tmp_path)) == [5]


def test_ignores_what_is_not_a_complete_version(tmp_path: pathlib.Path) -> None:
    make_version(tmp_path, "5")
    (tmp_path / "6" / "variables").mkdir(parents=True)
    (tmp_path / "7").write_text("a file")
    (tmp_path / "README").write_text("a file")
    assert list_versions(str(tmp_path)) == [5]


def test_a_folder_without_versions(tmp_path: pathlib.Path) -> None:
    assert list_versions(str(tmp_path)) == []
    assert list_versions(str(tmp_path / "missing")) == []
    (tmp_path / "file").write_text("")
    assert list_versions(str(tmp_path / "file")) == []


def test_numbers_are_taken_whatever_lies_there(tmp_path: pathlib.Path) -> None:
    make_version(tmp_path, "5")
    (tmp_path / "6").mkdir()
    (tmp_path / "7").write_text("a file")
    (tmp_path / "008").mkdir()
    assert list_numbers(str(tmp_path)) == [5, 6, 7]
    assert list_numbers(str(tmp_path / "missing")) == []


def test_the_identity_stays_with_the_folder(tmp_path: pathlib.Path) -> None:
    identity = identify(str(tmp_path / "photos"))
    assert len(identity) == 32
    assert identify(str(tmp_path / "photos")) == identity
    assert identify(str(tmp_path / "other")) != identity
    assert list_versions(str(tmp_path / "photos")) == []


def test_the_highest_number_is_the_one_that_servers_read(tmp_path: pathlib.Path) -> None:
    assert highest_number(str(tmp_path)) == -1
    for name in ("5", "007", "1" * 20, "٣٣", "latest"):
        (tmp_path / name).mkdir()
    assert highest_number(str(tmp_path)) == 7
    (tmp_path / str(HIGHEST_VERSION)).mkdir()
    assert highest_number(str(tmp_path)) == 9223372036854775807


@pytest.mark.parametrize("make", [make_model_folder, identify])
def test_an_object_store(make, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PipelineError) as raised:
        make("gs://bucket/photos")
    assert str(raised.value) == (
        "The serving directory must be on a file system that renames and locks, which a push that "
        "is whole or not at all rests on; object stores do neither. Received: gs://bucket/photos. "
        "Give a local folder or a mounted volume."
    )
    assert list(tmp_path.iterdir()) == []


def test_an_identity_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / ".directory_id").mkdir()
    with pytest.raises(PipelineError) as raised:
        identify(str(tmp_path))
    assert str(raised.value) == (
        "The serving directory must be a folder that can be written. Received: "
        f"{tmp_path}/.directory_id: Is a directory. Change its permissions, or give another folder."
    )
