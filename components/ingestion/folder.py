"""Which files a data folder holds, of which class, and in which split its owner put them.

Two layouts are understood:

    <root>/<class>/**                                flat: splits are decided by content
    <root>/{train,validation|val|eval,test}/<class>/**   pre-split: splits are kept

Every file below the root is in the result, as an image to read or as a rejection.
"""

import collections
import dataclasses
import os
import posixpath
from collections.abc import Iterable, Iterator

import tensorflow as tf

from components.errors import PipelineError
from components.features import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT

SPLIT_OF_FOLDER = {
    "train": TRAIN_SPLIT,
    "validation": EVAL_SPLIT,
    "val": EVAL_SPLIT,
    "eval": EVAL_SPLIT,
    "test": TEST_SPLIT,
}
TREES = (
    "Expected <folder>/<class>/<images>, or <folder>/train/<class>/<images> with validation/ "
    "or test/ (or both) beside train/."
)


@dataclasses.dataclass(frozen=True, order=True)
class ImageFile:
    """A file that may be an image.

    Attributes:
        filename: Path below the data folder, "/" between its parts.
        class_text: Name of the class folder.
        given_split: The split its owner put it in; None in a flat folder.
    """

    filename: str
    class_text: str
    given_split: str | None


@dataclasses.dataclass(frozen=True, order=True)
class Rejection:
    """A file that is set aside.

    Attributes:
        filename: Path below the data folder.
        class_text: Name of the class folder; empty for a file outside of any.
        reason: One of a few fixed phrases, to be counted.
        detail: What exactly was found.
    """

    filename: str
    class_text: str
    reason: str
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class ImageFolder:
    """Everything found below a data folder, sorted by file name.

    Attributes:
        root: The data folder.
        files: What may be images.
        rejections: What is set aside already because of its name or place.
        classes: Class names, sorted.
        given_splits: The splits its owner made, sorted; empty for a flat folder.
    """

    root: str
    files: tuple[ImageFile, ...]
    rejections: tuple[Rejection, ...]
    classes: tuple[str, ...]
    given_splits: tuple[str, ...]

    @property
    def found(self) -> int:
        """How many files there are, of any kind."""
        return len(self.files) + len(self.rejections)


def list_image_folder(root: str) -> ImageFolder:
    """Lists a data folder.

    Args:
        root: A local path or any that `tf.io.gfile` reads.

    Returns:
        Every file below the root, in an order that depends on the names alone.

    Raises:
        PipelineError: The folder is missing or empty, follows neither layout, has fewer than two
            classes, or has a class without files.
    """
    if not tf.io.gfile.isdir(root):
        raise PipelineError(f"The data folder must exist. Received: {root}. Check the path.")
    filenames = sorted(_walk(root))
    if not filenames:
        raise PipelineError(f"The data folder must hold images. Received: {root}, empty. {TREES}")
    folders = [name for name in _subfolders(root) if not name.startswith(".")]
    if not folders:
        raise PipelineError(
            f"Images must lie in one folder a class. Received: {root} with {len(filenames)} files "
            f"directly in it and no class folders. {TREES}"
        )
    given_splits = _given_splits(root, folders)
    entries = [_classify(root, name, bool(given_splits)) for name in filenames]
    files = tuple(entry for entry in entries if isinstance(entry, ImageFile))
    classes = _class_folders(root, folders, bool(given_splits))
    _check_classes(root, classes, files)
    return ImageFolder(
        root=root,
        files=files,
        rejections=tuple(entry for entry in entries if isinstance(entry, Rejection)),
        classes=classes,
        given_splits=given_splits,
    )


def read_file(root: str, filename: str) -> bytes:
    """Reads one file of a data folder.

    Raises:
        OSError: It cannot be read.
        tf.errors.OpError: It cannot be read, for paths that are not local.
    """
    path = os.path.join(root, filename)
    if _is_local(root):
        # Twice as fast as gfile for small files.
        with open(path, "rb") as file:
            return file.read()
    with tf.io.gfile.GFile(path, "rb") as file:
        content: bytes = file.read()
        return content


def _is_local(root: str) -> bool:
    return "://" not in root


def _walk(root: str) -> Iterator[str]:
    """Yields the name below the root of every file, and of every link to a folder."""
    if _is_local(root):
        for folder, subfolders, names in os.walk(root, onerror=_raise_unreadable):
            links = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
            below = os.path.relpath(folder, root)
            yield from (os.path.normpath(os.path.join(below, name)) for name in names + links)
    else:
        for folder, _, names in tf.io.gfile.walk(root):
            below = folder[len(root) :].strip("/")
            yield from (posixpath.join(below, name) for name in names)


def _raise_unreadable(error: OSError) -> None:
    raise PipelineError(
        f"Every folder below the data folder must be readable. Received: {error.filename}: "
        f"{error.strerror}. Change its permissions or move it away."
    ) from error


def _subfolders(folder: str) -> list[str]:
    names = (name.rstrip("/") for name in tf.io.gfile.listdir(folder))
    return sorted(name for name in names if tf.io.gfile.isdir(os.path.join(folder, name)))


def _given_splits(root: str, folders: list[str]) -> tuple[str, ...]:
    """The splits that the folder's owner made; empty where the folders are classes."""
    named_as_splits = [name for name in folders if name in SPLIT_OF_FOLDER]
    holding_folders = [name for name in named_as_splits if _subfolders(os.path.join(root, name))]
    if "train" not in holding_folders:
        return ()
    others = [name for name in folders if name not in holding_folders]
    if others:
        raise PipelineError(
            "A data folder is pre-split or flat, not both. Received: "
            f"{root} with the splits {_names(holding_folders)} beside {_names(others)}. "
            f"Move the latter away, or rename the former if they are classes. {TREES}"
        )
    splits = [SPLIT_OF_FOLDER[name] for name in holding_folders]
    _check_splits(root, holding_folders, splits)
    return tuple(sorted(splits))


def _check_splits(root: str, folders: list[str], splits: list[str]) -> None:
    if splits.count(EVAL_SPLIT) > 1:
        raise PipelineError(
            "A pre-split data folder must have one folder a split. Received: "
            f"{root} with {_names(folders)}. Keep one of validation, val and eval."
        )
    if len(splits) == 1:
        raise PipelineError(
            "A pre-split data folder needs validation or test beside train. Received: "
            f"{root} with {_names(folders)} only. Point to {os.path.join(root, folders[0])} to "
            "have it split by content."
        )


def _classify(root: str, filename: str, is_pre_split: bool) -> ImageFile | Rejection:
    """Decides by its name and place alone whether a file may be an image."""
    *folders, _ = filename.split("/")
    given_split = SPLIT_OF_FOLDER[folders[0]] if is_pre_split and len(folders) > 1 else None
    class_text = folders[1] if given_split else folders[0] if folders and not is_pre_split else ""
    if any(part.startswith(".") for part in filename.split("/")):
        return Rejection(_printable(filename), _printable(class_text), "hidden", "a dot in front")
    if not class_text:
        return Rejection(_printable(filename), "", "outside of any class folder")
    if _printable(filename) != filename:
        return Rejection(
            _printable(filename), _printable(class_text), "file name is not UTF-8", repr(filename)
        )
    if _is_local(root) and _leaves(root, filename):
        return Rejection(filename, class_text, "link to a folder or out of the data folder")
    return ImageFile(filename, class_text, given_split)


def _leaves(root: str, filename: str) -> bool:
    path = os.path.join(root, filename)
    if not os.path.islink(path):
        return False
    target = os.path.realpath(path)
    inside = os.path.commonpath([os.path.realpath(root), target]) == os.path.realpath(root)
    return os.path.isdir(target) or not inside


def _printable(name: str) -> str:
    """The name with whatever is not UTF-8 replaced, so that it can be written anywhere."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _class_folders(root: str, folders: list[str], is_pre_split: bool) -> tuple[str, ...]:
    if not is_pre_split:
        return tuple(folders)
    below = (_subfolders(os.path.join(root, split)) for split in folders)
    return tuple(sorted({name for names in below for name in names if not name.startswith(".")}))


def _check_classes(root: str, classes: tuple[str, ...], files: Iterable[ImageFile]) -> None:
    if len(classes) < 2:
        raise PipelineError(
            "A classifier needs at least two classes. Received: "
            f"{root} with {_names(classes) or 'none'}. {TREES}"
        )
    counts = collections.Counter(file.class_text for file in files)
    empty = [name for name in classes if not counts[name]]
    if empty:
        raise PipelineError(
            f"Every class folder must hold images. Received: {root} with nothing in "
            f"{_names(empty)}. Add images or remove the folder."
        )


def _names(names: Iterable[str]) -> str:
    """At most ten names, quoted, for a message."""
    shown = [repr(_printable(name)) for name in names]
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    return ", ".join(shown[:10]) + more
