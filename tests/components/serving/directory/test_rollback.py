import pathlib
import shutil

import pytest

from components.errors import PipelineError
from components.serving.directory.layout import list_versions
from components.serving.directory.log import read_events, rollbacks_of, rolled_back_versions
from components.serving.directory.publishing import publish
from components.serving.directory.release import digest_files, digest_model, read_release
from components.serving.directory.rollback import roll_back
from tests.components.serving.directory.saved_models import (
    NOW,
    make_origin,
    publish_models,
    read_tree,
)

LATER = NOW + 1000
FIRST, SECOND, THIRD = 1700000000, 1700000010, 1700000020


def digest_of(folder: pathlib.Path, name: str) -> str:
    return digest_model(digest_files(str(folder.parent / f"source-{name}")))


def weights(folder: pathlib.Path, version: int) -> bytes:
    return read_tree(folder / str(version))["variables/variables.data-00000-of-00001"][:1]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A serving directory with three models."""
    publish_models(tmp_path / "photos", "abc")
    return tmp_path / "photos"


def test_goes_back_by_one(folder: pathlib.Path) -> None:
    version = roll_back(str(folder), "takes cats for dogs", LATER)
    assert version == 1700001000
    assert list_versions(str(folder)) == [FIRST, SECOND, THIRD, version]
    assert weights(folder, version) == b"b"
    release = read_release(str(folder / str(version)))
    assert release is not None
    assert (release.origin.action, release.origin.of_version) == ("rollback", SECOND)
    assert (release.origin.withdraws, release.origin.reason) == ((THIRD,), "takes cats for dogs")
    assert read_events(str(folder))[-1].origin == release.origin


def test_what_was_rolled_back_is_known(folder: pathlib.Path) -> None:
    assert rolled_back_versions(str(folder)) == set()
    roll_back(str(folder), "bad", LATER)
    assert rolled_back_versions(str(folder)) == {THIRD}
    [event] = rollbacks_of(str(folder), digest_of(folder, "c"))
    assert event.origin.reason == "bad"
    assert rollbacks_of(str(folder), digest_of(folder, "b")) == []


def test_goes_back_once_more(folder: pathlib.Path) -> None:
    fourth = roll_back(str(folder), "bad", LATER)
    fifth = roll_back(str(folder), "bad, too", LATER)
    assert weights(folder, fifth) == b"a"
    # The copy that served, and the version it was a copy of.
    assert rolled_back_versions(str(folder)) == {SECOND, THIRD, fourth}
    with pytest.raises(PipelineError) as raised:
        roll_back(str(folder), "all bad", LATER)
    assert str(raised.value) == (
        "A rollback must have an older version to go back to, with another model, that was not "
        f"rolled back. Received: {folder} with the versions {fifth}, {fourth}, {THIRD}, {SECOND}, "
        f"{FIRST}. Train and push another."
    )


def test_what_is_published_again_is_rolled_back_no_more(folder: pathlib.Path) -> None:
    fourth = roll_back(str(folder), "bad", LATER)
    fifth = roll_back(str(folder), "it was not", LATER, target=THIRD)
    assert weights(folder, fifth) == b"c"
    assert rolled_back_versions(str(folder)) == {SECOND, fourth}
    assert rollbacks_of(str(folder), digest_of(folder, "c")) == []
    source = str(folder.parent / "source-b")
    publish(source, str(folder), make_origin(action="forced push"), LATER)
    assert rolled_back_versions(str(folder)) == set()


def test_goes_to_a_version_that_is_named(folder: pathlib.Path) -> None:
    version = roll_back(str(folder), "bad", LATER, target=FIRST)
    assert weights(folder, version) == b"a"
    assert rolled_back_versions(str(folder)) == {SECOND, THIRD}


@pytest.mark.parametrize("target", [THIRD, 7, -1])
def test_a_version_that_cannot_be_gone_back_to(folder: pathlib.Path, target: int) -> None:
    with pytest.raises(PipelineError) as raised:
        roll_back(str(folder), "bad", LATER, target)
    assert str(raised.value) == (
        "A rollback must go to a version that was published by this pipeline and is not the "
        f"newest. Received: {target} in {folder}, which has {THIRD}, {SECOND}, {FIRST}."
    )


def test_a_damaged_version(folder: pathlib.Path) -> None:
    (folder / str(SECOND) / "saved_model.pb").write_bytes(b"?")
    (folder / str(SECOND) / "assets/class_names").unlink()
    (folder / str(SECOND) / "more").write_bytes(b"?")
    with pytest.raises(PipelineError) as raised:
        roll_back(str(folder), "bad", LATER)
    assert str(raised.value) == (
        f"A version to go back to must be as it was published. Received: {folder}/{SECOND}: "
        "assets/class_names is missing. more was added. saved_model.pb was changed. Go back to "
        "another version."
    )
    assert list_versions(str(folder)) == [FIRST, SECOND, THIRD]


def test_a_damaged_neighbor_keeps_nobody_from_a_rollback(folder: pathlib.Path) -> None:
    (folder / str(THIRD) / "assets.extra/release.json").write_text("{")
    assert weights(folder, roll_back(str(folder), "bad", LATER)) == b"b"
    assert rolled_back_versions(str(folder)) == {THIRD}


def test_a_copy_by_hand_is_nothing_to_go_back_to(folder: pathlib.Path) -> None:
    shutil.copytree(folder / str(FIRST), folder / "1700000030")
    version = roll_back(str(folder), "whose is it?", LATER)
    assert weights(folder, version) == b"c"
    with pytest.raises(PipelineError, match="Received: 1700000030 in "):
        roll_back(str(folder), "bad", LATER, target=1700000030)


def test_an_empty_directory(tmp_path: pathlib.Path) -> None:
    with pytest.raises(PipelineError, match=r"with the versions none\. Train and push another"):
        roll_back(str(tmp_path / "photos"), "bad", LATER)
