import os
import pathlib
import socket

import pytest

from components.errors import PipelineError
from pipeline.predict import image_files
from pipeline.predict.image_files import ImageFiles, find_image_files


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*paths: str) -> None:
    for path in map(pathlib.Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_files_keep_their_order_and_repetitions():
    write("b.png", "a.png", ".hidden.png")
    given = ["b.png", "a.png", "b.png", ".hidden.png"]
    assert find_image_files(given) == ImageFiles(("b.png", "a.png", "b.png", ".hidden.png"))


def test_a_folder_at_any_depth_sorted_without_what_is_hidden_or_of_other_programs(place):
    """Fault C8: what other programs leave behind is no image of a folder, either."""
    write("f/b.png", "f/a b/ü.png", "f/a b/c/1.JPG", "f/.DS_Store", "f/.git/x.png", "g.png")
    write("f/Thumbs.db", "f/@eaDir/a.png", "f/desktop.ini")
    found = find_image_files(["g.png", "f"])
    assert found.paths == ("g.png", "f/a b/c/1.JPG", "f/a b/ü.png", "f/b.png")
    assert found.left_out == 5


def test_links(place):
    write("elsewhere/x.png", "f/a.png")
    pathlib.Path("f/to_folder").symlink_to(place / "elsewhere")
    pathlib.Path("f/to_itself").symlink_to(place / "f")
    pathlib.Path("f/to_file.png").symlink_to(place / "elsewhere/x.png")
    pathlib.Path("f/to_nothing.png").symlink_to(place / "none")
    found = find_image_files(["f"])
    assert found == ImageFiles(("f/a.png", "f/to_file.png", "f/to_nothing.png"), left_out=2)


def test_what_would_be_waited_for_for_ever_is_left_out():
    write("f/a.png")
    os.mkfifo("f/pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("f/socket")
        assert find_image_files(["f"]) == ImageFiles(("f/a.png",), left_out=2)


MISSING = "IMAGE must be a file or a folder of this machine. Received, and not found: "


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a.png", "none.png"], f"{MISSING}none.png. Check the spelling."),
        (["1", "2", "a.png", "3", "4", "5"], f"{MISSING}1, 2, 3, 4, 5. Check the spelling."),
        (
            ["1", "2", "3", "4", "5", "6", "7"],
            f"{MISSING}1, 2, 3, 4, 5 and 2 more. Check the spelling.",
        ),
        (["gs://bucket/a.png"], f"{MISSING}gs://bucket/a.png. Check the spelling."),
        (
            ["a.png", "empty"],
            "A folder given as IMAGE must have files in it that are not hidden. "
            "Received: empty with 0 other entries. Give another folder.",
        ),
        (
            ["hidden"],
            "A folder given as IMAGE must have files in it that are not hidden. "
            "Received: hidden with 1 other entries. Give another folder.",
        ),
    ],
)
def test_what_is_refused(given, message):
    write("a.png", "hidden/.a.png")
    pathlib.Path("empty").mkdir()
    with pytest.raises(PipelineError) as caught:
        find_image_files(given)
    assert str(caught.value) == message


def test_a_folder_that_cannot_be_listed(monkeypatch):
    write("f/a.png", "f/closed/b.png")
    list_folder = os.scandir

    def scandir(path):
        if path == "f/closed":
            raise PermissionError(13, "Permission denied", path)
        return list_folder(path)

    # The permissions of files mean nothing to root.
    monkeypatch.setattr(image_files.os, "scandir", scandir)
    with pytest.raises(PipelineError) as caught:
        find_image_files(["f"])
    assert str(caught.value) == (
        "All folders below IMAGE must be readable. Received: f/closed: Permission denied. "
        "Change its permissions."
    )
