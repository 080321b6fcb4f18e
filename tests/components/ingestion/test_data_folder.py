import errno
import os
import pathlib
import random

import pytest
import tensorflow as tf

from components.errors import PipelineError
from components.ingestion.data_folder import ImageFolder, list_image_folder
from components.ingestion.image_record import ImageRecord, Rejection
from components.storage import (
    folder_exists,
    list_files,
    make_folder,
    read_file,
    remove_folder,
    write_file,
)

TREES = (
    "Expected <folder>/<class>/<images>, or <folder>/train/<class>/<images> with validation/ "
    "or test/ (or both) beside train/."
)


@pytest.fixture
def root(tmp_path):
    """An empty data folder; listing it looks at names alone, so files need no content."""
    root = tmp_path / "data"
    root.mkdir()
    return root


def _touch(root, *names):
    for name in names:
        path = os.path.join(os.fsencode(root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        pathlib.Path(os.fsdecode(path)).touch()


def _splits_by_name(folder):
    return {file.filename: (file.class_text, file.given_split) for file in folder.files}


def test_a_flat_folder(root):
    _touch(root, "dog/2.png", "cat/3.png", "dog/1.png")
    assert list_image_folder(str(root)) == ImageFolder(
        root=str(root),
        files=(
            ImageRecord("cat/3.png", "cat", None),
            ImageRecord("dog/1.png", "dog", None),
            ImageRecord("dog/2.png", "dog", None),
        ),
        rejections=(),
        classes=("cat", "dog"),
        given_splits=(),
    )


@pytest.mark.parametrize("eval_folder", ["validation", "val", "eval"])
def test_a_pre_split_folder(root, eval_folder):
    names = [f"{split}/{name}/1.png" for split in ("train", eval_folder, "test") for name in "ab"]
    _touch(root, *names)
    folder = list_image_folder(str(root))
    assert _splits_by_name(folder) == {
        "train/a/1.png": ("a", "train"),
        "train/b/1.png": ("b", "train"),
        f"{eval_folder}/a/1.png": ("a", "eval"),
        f"{eval_folder}/b/1.png": ("b", "eval"),
        "test/a/1.png": ("a", "test"),
        "test/b/1.png": ("b", "test"),
    }
    assert (folder.classes, folder.given_splits) == (("a", "b"), ("eval", "test", "train"))


@pytest.mark.parametrize(
    ("other", "expected"), [("val", ("eval", "train")), ("test", ("test", "train"))]
)
def test_a_pre_split_folder_without_one_of_the_splits(root, other, expected):
    _touch(root, "train/a/1.png", "train/b/1.png", f"{other}/a/1.png")
    assert list_image_folder(str(root)).given_splits == expected


def test_folders_below_a_class_belong_to_it(root):
    _touch(root, "a/x/y/1.png", "b/train/a/1.png")
    assert _splits_by_name(list_image_folder(str(root))) == {
        "a/x/y/1.png": ("a", None),
        "b/train/a/1.png": ("b", None),
    }


def test_folders_below_a_class_of_a_split_belong_to_it(root):
    _touch(root, "train/a/x/1.png", "train/b/1.png", "test/b/val/1.png")
    assert _splits_by_name(list_image_folder(str(root))) == {
        "train/a/x/1.png": ("a", "train"),
        "train/b/1.png": ("b", "train"),
        "test/b/val/1.png": ("b", "test"),
    }


def test_a_class_may_be_called_like_a_split(root):
    _touch(root, "train/1.png", "plane/1.png")
    assert _splits_by_name(list_image_folder(str(root))) == {
        "train/1.png": ("train", None),
        "plane/1.png": ("plane", None),
    }


def test_names_with_spaces_and_non_ascii_letters(root):
    _touch(root, "rote Äpfel/ein Bild.png", "寿司/1 (2).png", " a/b .png")
    folder = list_image_folder(str(root))
    assert folder.classes == (" a", "rote Äpfel", "寿司")
    assert [file.filename for file in folder.files] == [
        " a/b .png",
        "rote Äpfel/ein Bild.png",
        "寿司/1 (2).png",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/.1.png", Rejection("a/.1.png", "a", "hidden", "a dot in front")),
        ("a/.x/1.png", Rejection("a/.x/1.png", "a", "hidden", "a dot in front")),
        (".git/config", Rejection(".git/config", ".git", "hidden", "a dot in front")),
        (".hidden", Rejection(".hidden", "", "hidden", "a dot in front")),
        ("readme", Rejection("readme", "", "outside of any class folder", "")),
        (
            b"a/1\xff.png",
            Rejection("a/1�.png", "a", "file name is not UTF-8", "'a/1\\udcff.png'"),
        ),
        (b"1\xff.png", Rejection("1�.png", "", "outside of any class folder", "")),
        (b"a/.\xff.png", Rejection("a/.�.png", "a", "hidden", "a dot in front")),
    ],
)
def test_rejects_by_name(root, name, expected):
    _touch(root, "a/1.png", "b/1.png", name)
    folder = list_image_folder(str(root))
    assert folder.rejections == (expected,)
    assert (folder.found, len(folder.files), folder.classes) == (3, 2, ("a", "b"))


@pytest.mark.parametrize("name", ["readme", "train/readme"])
def test_rejects_a_file_outside_of_the_classes_of_a_split(root, name):
    _touch(root, "train/a/1.png", "train/b/1.png", "val/a/1.png", name)
    assert list_image_folder(str(root)).rejections == (
        Rejection(name, "", "outside of any class folder"),
    )


OUT = "link to a folder or out of the data folder"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("../../outside/1.png", OUT),
        ("../../outside/missing.png", OUT),
        ("/dev/null", OUT),
        ("../../outside", OUT),
        ("../b", OUT),
        (".", OUT),
        ("pipe", "not a regular file"),
    ],
)
def test_rejects_links(root, target, reason):
    _touch(root, "a/1.png", "b/1.png", "../outside/1.png")
    os.mkfifo(root / "a" / "pipe")
    (root / "a" / "loop.png").symlink_to(target)
    folder = list_image_folder(str(root))
    assert [file.filename for file in folder.files] == ["a/1.png", "b/1.png"]
    assert folder.rejections == (
        Rejection("a/loop.png", "a", reason),
        Rejection("a/pipe", "a", "not a regular file"),
    )


def test_follows_a_link_to_a_file_inside(root):
    _touch(root, "a/1.png", "b/1.png")
    (root / "a" / "2.png").symlink_to("../b/1.png")
    folder = list_image_folder(str(root))
    assert folder.rejections == ()
    assert _splits_by_name(folder)["a/2.png"] == ("a", None)


@pytest.mark.parametrize(
    ("target", "number"), [("missing.png", errno.ENOENT), ("2.png", errno.ELOOP)]
)
def test_a_link_inside_to_nothing_is_found_and_cannot_be_read(root, target, number):
    _touch(root, "a/1.png", "b/1.png")
    (root / "a" / "2.png").symlink_to(target)
    assert "a/2.png" in _splits_by_name(list_image_folder(str(root)))
    with pytest.raises(OSError) as caught:  # noqa: PT011  # The number is the precise part.
        read_file(str(root), "a/2.png")
    assert caught.value.errno == number


def test_the_data_folder_itself_may_be_a_link(root):
    _touch(root, "a/1.png", "b/1.png")
    (root / "a" / "2.png").symlink_to("1.png")
    link = root.with_name("link")
    link.symlink_to(root)
    folder = list_image_folder(str(link))
    assert (folder.found, folder.rejections) == (3, ())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), f"The data folder must hold images. Received: ROOT, empty. {TREES}"),
        (
            ("1.png", "2.png"),
            "Images must lie in one folder a class. Received: ROOT with 2 files directly in it "
            f"and no class folders. {TREES}",
        ),
        (
            ("1.png", ".git/config"),
            "Images must lie in one folder a class. Received: ROOT with 2 files directly in it "
            f"and no class folders. {TREES}",
        ),
        (
            ("cat/1.png",),
            f"A classifier needs at least two classes. Received: ROOT with 'cat'. {TREES}",
        ),
        (
            ("train/cat/1.png", "val/cat/1.png"),
            f"A classifier needs at least two classes. Received: ROOT with 'cat'. {TREES}",
        ),
        (
            ("train/.cat/1.png", "val/.cat/1.png"),
            "Folders that are all named like splits must be splits, with class folders in train. "
            f"Received: ROOT with 'train', 'val'. {TREES} Rename them if they are classes.",
        ),
        (
            ("train/a/1.png", "val/a/1.png", "dogs/1.png", "cats/1.png"),
            "A data folder is pre-split or flat, not both. Received: ROOT with the splits "
            "'train', 'val' beside 'cats', 'dogs'. Move the latter away, or rename the former if "
            f"they are classes. {TREES}",
        ),
        (
            ("train/a/1.png", *(f"class {number:02}/1.png" for number in range(12))),
            "A data folder is pre-split or flat, not both. Received: ROOT with the splits "
            "'train' beside 'class 00', 'class 01', 'class 02', 'class 03', 'class 04', "
            "'class 05', 'class 06', 'class 07', 'class 08', 'class 09' and 2 more. Move the "
            f"latter away, or rename the former if they are classes. {TREES}",
        ),
        (
            ("train/a/1.png", "val/a/1.png", "eval/a/1.png"),
            "A pre-split data folder must have one folder a split. Received: ROOT with 'eval', "
            "'val', which mean the same. Keep one of them.",
        ),
        (
            ("train/a/1.png", "train/b/1.png"),
            "A pre-split data folder needs validation or test beside train. Received: ROOT with "
            "'train' only. Point to ROOT/train to have it split by content.",
        ),
        (
            ("val/a/1.png", "test/a/1.png"),
            "Folders that are all named like splits must be splits, with class folders in train. "
            f"Received: ROOT with 'test', 'val'. {TREES} Rename them if they are classes.",
        ),
        (
            ("train/1.png", "test/1.png"),
            "Folders that are all named like splits must be splits, with class folders in train. "
            f"Received: ROOT with 'test', 'train'. {TREES} Rename them if they are classes.",
        ),
        (
            ("a/1.png", "b/.hidden", "c/x/.hidden"),
            "Every class folder must hold images; links to folders are not followed. Received: "
            "ROOT with nothing in 'b', 'c'. Add images or remove the folder.",
        ),
        (
            ("a\nb/1.png", "b/1.png"),
            "The name of a class must be one line of UTF-8. Received: ROOT with 'a\\nb'. Rename "
            "the folder.",
        ),
        (
            (b"a\xff/1.png", "b/1.png"),
            "The name of a class must be one line of UTF-8. Received: ROOT with 'a�'. Rename the "
            "folder.",
        ),
    ],
)
def test_refuses(root, names, message):
    _touch(root, *names)
    with pytest.raises(PipelineError) as caught:
        list_image_folder(str(root))
    assert str(caught.value) == message.replace("ROOT", str(root))


@pytest.mark.parametrize("name", ["missing", "file"])
def test_refuses_what_is_not_a_folder(root, name):
    _touch(root, "file")
    with pytest.raises(PipelineError) as caught:
        list_image_folder(f"{root}/{name}")
    assert str(caught.value) == (
        f"The data folder must exist. Received: {root}/{name}. Check the path."
    )


def test_refuses_an_empty_class(root):
    _touch(root, "a/1.png", "b/1.png")
    (root / "c").mkdir()
    with pytest.raises(PipelineError, match="with nothing in 'c'"):
        list_image_folder(str(root))


def test_refuses_a_link_to_a_class_folder(root):
    _touch(root, "a/1.png", "b/1.png", "../outside/1.png")
    (root / "c").symlink_to("../outside")
    with pytest.raises(PipelineError, match="nothing in 'c'"):
        list_image_folder(str(root))


def test_a_class_may_be_in_one_split_only(root):
    """The account finds that out, after a missing split is cut from another one."""
    _touch(root, "train/a/1.png", "train/b/1.png", "val/a/1.png")
    assert list_image_folder(str(root)).classes == ("a", "b")


def test_refuses_an_unreadable_folder(root, monkeypatch):
    # The tests may run as root, whom no permission stops.
    _touch(root, "a/1.png", "b/1.png")
    scan = os.scandir

    def refuse(path):
        if os.path.normpath(path) == str(root / "b"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PipelineError) as caught:
        list_image_folder(str(root))
    assert str(caught.value) == (
        f"Every folder below the data folder must be readable. Received: {root}/b: Permission "
        "denied. Change its permissions or move it away."
    )


def test_the_order_of_listing_does_not_matter(root, monkeypatch):
    names = [
        f"{split}/{name}/{number}.png"
        for split in ("train", "val")
        for name in "abc"
        for number in range(5)
    ]
    _touch(root, "readme", *names)
    before = list_image_folder(str(root))
    walk, shuffle = os.walk, random.Random(1).shuffle

    def shuffled_walk(top, **options):
        for folder, subfolders, files in walk(top, **options):
            shuffle(subfolders)
            shuffle(files)
            yield folder, subfolders, files

    monkeypatch.setattr(os, "walk", shuffled_walk)
    monkeypatch.setattr(os, "listdir", lambda folder: sorted(next(walk(folder))[1], reverse=True))
    assert list_image_folder(str(root)) == before


@pytest.mark.parametrize(("name", "ending"), [("images", ""), ("photos", "/")])
def test_reads_what_gfile_reads(name, ending):
    root = f"ram://{name}"
    for name in ("train/a/1.png", "train/b/x/1.png", "val/a/1.png", "readme"):
        tf.io.gfile.makedirs(os.path.dirname(f"{root}/{name}"))
        with tf.io.gfile.GFile(f"{root}/{name}", "wb") as file:
            file.write(name)
    folder = list_image_folder(root + ending)
    assert _splits_by_name(folder) == {
        "train/a/1.png": ("a", "train"),
        "train/b/x/1.png": ("b", "train"),
        "val/a/1.png": ("a", "eval"),
    }
    assert folder.rejections == (Rejection("readme", "", "outside of any class folder"),)
    assert folder.classes == ("a", "b")
    assert read_file(root + ending, "train/b/x/1.png") == b"train/b/x/1.png"
    with pytest.raises(tf.errors.NotFoundError):
        read_file(root + ending, "train/b/x/2.png")


def test_reads_a_local_file(root):
    _touch(root, "a/1.png")
    (root / "a" / "1.png").write_bytes(b"\0\r\n\xff")
    assert read_file(str(root), "a/1.png") == b"\0\r\n\xff"


@pytest.mark.parametrize("root", ["", "ram://work"])
def test_a_folder_is_made_filled_and_removed_locally_and_far_away(root, tmp_path):
    folder = root or str(tmp_path / "work")
    make_folder(folder)
    write_file(folder, "one", b"\0\r\n\xff")
    assert read_file(folder, "one") == b"\0\r\n\xff"
    assert list_files(folder) == ["one"]
    remove_folder(folder)
    assert not folder_exists(folder)
    remove_folder(folder)


class TestNamesOfSplits:
    """Fault C2: `Training` and `Testing`, `Train` and `Test` became two classes."""

    @pytest.mark.parametrize(
        ("train", "validation", "test"),
        [
            ("Train", "Valid", "Test"),
            ("Training", "Validation", "Testing"),
            ("TRAIN", "evaluation", "TEST"),
            ("training", "Val", "testing"),
        ],
    )
    def test_in_any_case(self, root, train, validation, test):
        _touch(
            root, *(f"{split}/{name}/1.png" for split in (train, validation, test) for name in "ab")
        )
        folder = list_image_folder(str(root))
        assert (folder.classes, folder.given_splits) == (("a", "b"), ("eval", "test", "train"))
        assert _splits_by_name(folder)[f"{test}/a/1.png"] == ("a", "test")
        assert _splits_by_name(folder)[f"{validation}/b/1.png"] == ("b", "eval")

    def test_two_names_of_one_split(self, root):
        _touch(root, *(f"{split}/{name}/1.png" for split in ("train", "Training") for name in "ab"))
        with pytest.raises(PipelineError, match="with 'Training', 'train', which mean the same"):
            list_image_folder(str(root))

    def test_a_split_beside_a_class(self, root):
        _touch(root, "Train/a/1.png", "Train/b/1.png", "Test/a/1.png", "cats/1.png")
        with pytest.raises(PipelineError, match="the splits 'Test', 'Train' beside 'cats'"):
            list_image_folder(str(root))

    @pytest.mark.parametrize("folders", [("monday", "tuesday"), ("fold1", "fold2", "fold3")])
    def test_the_same_folders_in_all(self, root, folders):
        _touch(root, *(f"{folder}/{name}/1.png" for folder in folders for name in ("cat", "dog")))
        with pytest.raises(PipelineError, match="each with the same folders in it: 'cat', 'dog'"):
            list_image_folder(str(root))
        _touch(root, ".classes")
        assert list_image_folder(str(root)).classes == folders

    def test_other_folders_in_some(self, root):
        _touch(root, "cat/in/1.png", "cat/out/1.png", "dog/in/1.png", "dog/out/1.png", "eel/1.png")
        assert list_image_folder(str(root)).classes == ("cat", "dog", "eel")


class TestLeftBehind:
    """Fault C8: what programs leave in folders became classes and rejected images."""

    NAMES = (
        "@eaDir",
        "__MACOSX",
        "__macosx",
        "lost+found",
        "$RECYCLE.BIN",
        "System Volume Information",
        "#recycle",
        ".thumbnails",
        ".ipynb_checkpoints",
        ".Trash-1000",
    )

    @pytest.mark.parametrize("name", NAMES)
    def test_a_folder_is_no_class(self, root, name):
        _touch(root, "a/1.png", "b/1.png", f"{name}/x.png", f"a/deep/{name}/y.png")
        folder = list_image_folder(str(root))
        assert folder.classes == ("a", "b")
        assert [file.filename for file in folder.files] == ["a/1.png", "b/1.png"]
        reason = "hidden" if name.startswith(".") else "left by another program"
        assert [rejection.reason for rejection in folder.rejections] == [reason, reason]

    @pytest.mark.parametrize("name", NAMES)
    def test_beside_splits_and_in_them(self, root, name):
        names = ("train/a/1.png", "train/b/1.png", "test/a/1.png", f"train/{name}/x", f"{name}/y")
        _touch(root, *names)
        folder = list_image_folder(str(root))
        assert (folder.classes, folder.given_splits) == (("a", "b"), ("test", "train"))

    @pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini", "ehthumbs.db", "._1.png"])
    def test_a_file_is_no_image(self, root, name):
        _touch(root, "a/1.png", "b/1.png", f"a/{name}", name)
        folder = list_image_folder(str(root))
        assert [file.filename for file in folder.files] == ["a/1.png", "b/1.png"]
        assert len(folder.rejections) == 2
