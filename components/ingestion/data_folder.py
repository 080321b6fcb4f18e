"""Which files a data folder holds, of which class, and in which split its owner put them.

Two layouts are understood:

<root>/<class>/**                                    flat: splits are decided by content
<root>/{train,validation,test}/<class>/**            predefined splits, which are kept

The splits may also be called as in `_SPLIT_NAMES`, in any case. Every file below the root is in the
result, as an image to read or as a rejection.
"""

import collections
import dataclasses
import os
import sys
import unicodedata
from collections.abc import Iterable

from components.errors import PipelineError
from components.features import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT
from components.ingestion.data_files import (
    Found,
    check_folder,
    is_left_behind,
    walk_files,
    why_not_a_file,
)
from components.ingestion.image_record import ImageRecord, Rejection
from components.storage import list_files, list_subfolders
from components.text import printable, quote_names

_SPLIT_NAMES = {
    TRAIN_SPLIT: ("train", "training"),
    EVAL_SPLIT: ("validation", "val", "valid", "eval", "evaluation"),
    TEST_SPLIT: ("test", "testing"),
}
CLASSES_FILE = ".classes"
"""An empty file of this name in a data folder says that its folders are classes."""
TREES = (
    "Expected <folder>/<class>/<images>, or <folder>/train/<class>/<images> with validation/ "
    "or test/ (or both) beside train/."
)
HIDDEN = "hidden"
LEFT_BEHIND = "left by another program"
OUTSIDE = "outside of any class folder"
IGNORED = (HIDDEN, LEFT_BEHIND)
"""Reasons of files that nobody took for images: they are listed, and count neither as found nor as
rejected."""


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
    files: tuple[ImageRecord, ...]
    rejections: tuple[Rejection, ...]
    classes: tuple[str, ...]
    given_splits: tuple[str, ...]

    @property
    def found(self) -> int:
        """How many files there are, of any kind, also those that are ignored."""
        return len(self.files) + len(self.rejections)


def list_image_folder(root: str, fewest_classes: int = 2) -> ImageFolder:
    """Lists a data folder.

    Args:
        root: A local path or any that `tf.io.gfile` reads.
        fewest_classes: How many there must be; of a span, which is not all there is, 1.

    Returns:
        Every file below the root, in an order that depends on the names alone.

    Raises:
        PipelineError: The folder is missing or empty, follows neither layout, has too few classes,
            or has a class without files.
    """
    check_folder(root)
    found = sorted(walk_files(root))
    if not found:
        raise PipelineError(f"The data folder must hold images. Received: {root}, empty. {TREES}")
    folders = [name for name in list_subfolders(root) if not is_left_behind(name)]
    if not folders:
        raise PipelineError(
            f"Images must lie in one folder a class. Received: {root} with {len(found)} files "
            f"directly in it and no class folders. {TREES}"
        )
    given_splits = find_given_splits(root, folders)
    entries = [_classify(root, one, bool(given_splits)) for one in found]
    files = tuple(entry for entry in entries if isinstance(entry, ImageRecord))
    classes = _class_folders(root, folders, bool(given_splits))
    _check_classes(root, classes, files, fewest_classes)
    return ImageFolder(
        root=root,
        files=files,
        rejections=tuple(entry for entry in entries if isinstance(entry, Rejection)),
        classes=classes,
        given_splits=given_splits,
    )


def _classify(root: str, found: Found, is_pre_split: bool) -> ImageRecord | Rejection:
    """Decides by its name and place alone whether a file may be an image."""
    filename = found.filename
    *folders, _ = filename.split("/")
    given_split = split_of(folders[0]) if is_pre_split and len(folders) > 1 else None
    class_text = folders[1] if given_split else folders[0] if folders and not is_pre_split else ""
    shown = printable(filename)
    if filename.startswith(".") or "/." in filename:
        return Rejection(shown, printable(class_text), HIDDEN, "a dot in front")
    if left := next(filter(is_left_behind, filename.split("/")), None):
        # It is no class, either, whose name would stand in the list of rejections.
        return Rejection(shown, "", LEFT_BEHIND, printable(left))
    if not class_text:
        return Rejection(shown, "", OUTSIDE)
    if shown != filename:
        return Rejection(shown, printable(class_text), "file name is not UTF-8", repr(filename))
    reason = why_not_a_file(root, found)
    if reason:
        return Rejection(filename, class_text, reason)
    # One string for all files of a class: they travel, and are held, by the thousand.
    return ImageRecord(filename, sys.intern(class_text), given_split)


def _class_folders(root: str, folders: list[str], is_pre_split: bool) -> tuple[str, ...]:
    if not is_pre_split:
        return tuple(folders)
    below = (list_subfolders(os.path.join(root, split)) for split in folders)
    return tuple(sorted({name for names in below for name in names if not is_left_behind(name)}))


def _check_classes(
    root: str, classes: tuple[str, ...], files: Iterable[ImageRecord], fewest: int
) -> None:
    if len(classes) < fewest:
        raise PipelineError(
            "A classifier needs at least two classes. Received: "
            f"{root} with {quote_names(classes) or 'none'}. {TREES}"
        )
    unusable = [name for name in classes if name.splitlines() != [printable(name)]]
    if unusable:
        raise PipelineError(
            "The name of a class must be one line of UTF-8. Received: "
            f"{root} with {quote_names(unusable)}. Rename the folder."
        )
    _check_alike(root, classes)
    counts = collections.Counter(file.class_text for file in files)
    empty = [name for name in classes if not counts[name]]
    if empty:
        raise PipelineError(
            "Every class folder must hold images; links to folders are not followed. Received: "
            f"{root} with nothing in {quote_names(empty)}. Add images or remove the folder."
        )


def _check_alike(root: str, classes: tuple[str, ...]) -> None:
    """Refuses names that another file system, or a person, would take for one."""
    alike = collections.defaultdict(list)
    for name in classes:
        alike[unicodedata.normalize("NFKC", name).casefold()].append(name)
    for names in alike.values():
        if len(names) > 1:
            raise PipelineError(
                "The names of classes must differ in more than case or the form of Unicode. "
                f"Received: {root} with {', '.join(map(ascii, names))}. "
                "Merge or rename the folders."
            )


def split_of(name: str) -> str | None:
    """The split that a folder of this name holds; None for a name that a class may have."""
    return next((split for split, names in _SPLIT_NAMES.items() if name.casefold() in names), None)


def find_given_splits(root: str, folders: list[str]) -> tuple[str, ...]:
    """Finds the splits that the owner of a data folder made.

    Args:
        root: The data folder.
        folders: Names of the folders directly in it, without hidden ones.

    Returns:
        The splits, sorted; empty where the folders are classes.

    Raises:
        PipelineError: The folders are neither all classes nor all splits, or train is alone.
    """
    named_as_splits = [name for name in folders if split_of(name)]
    holding_folders = [name for name in named_as_splits if _classes_in(root, name)]
    if TRAIN_SPLIT not in map(split_of, holding_folders):
        _check_no_splits(root, folders, named_as_splits)
        _check_different(root, folders)
        return ()
    others = [name for name in folders if name not in holding_folders]
    if others:
        raise PipelineError(
            "A data folder is pre-split or flat, not both. Received: "
            f"{root} with the splits {quote_names(holding_folders)} beside {quote_names(others)}. "
            f"Move the latter away, or rename the former if they are classes. {TREES}"
        )
    splits = [split for split in map(split_of, holding_folders) if split]
    _check_splits(root, holding_folders, splits)
    return tuple(sorted(splits))


def _check_no_splits(root: str, folders: list[str], named_as_splits: list[str]) -> None:
    """Refuses to take train, test and the like for classes when there are no others."""
    if named_as_splits == folders:
        raise PipelineError(
            "Folders that are all named like splits must be splits, with class folders in train. "
            f"Received: {root} with {quote_names(folders)}. {TREES} Rename them if they are "
            "classes."
        )


def _check_different(root: str, folders: list[str]) -> None:
    """Asks what is not to be known: whether the folders, or those in them, are the classes."""
    inner = [_classes_in(root, name) for name in folders]
    if len(folders) < 2 or not inner[0] or inner.count(inner[0]) < len(inner):
        return
    if CLASSES_FILE in list_files(root):
        return
    raise PipelineError(
        "It must be clear which folders are the classes. Received: "
        f"{root} with {quote_names(folders)}, each with the same folders in it: "
        f"{quote_names(inner[0])}. Are the former splits? Then name them train, validation and "
        "test. Are they groups, such as places or days, of the classes in them? Then make one "
        "folder of each class. Are they the classes themselves? Then say so with an empty file "
        f"{os.path.join(root, CLASSES_FILE)}."
    )


def _classes_in(root: str, folder: str) -> list[str]:
    below = list_subfolders(os.path.join(root, folder))
    return [name for name in below if not is_left_behind(name)]


def _check_splits(root: str, folders: list[str], splits: list[str]) -> None:
    if len(set(splits)) < len(splits):
        twice = [name for name in folders if splits.count(str(split_of(name))) > 1]
        raise PipelineError(
            "A pre-split data folder must have one folder a split. Received: "
            f"{root} with {quote_names(twice)}, which mean the same. Keep one of them."
        )
    if len(splits) == 1:
        raise PipelineError(
            "A pre-split data folder needs validation or test beside train. Received: "
            f"{root} with {quote_names(folders)} only. "
            f"Point to {os.path.join(root, folders[0])} to have it split by content."
        )
