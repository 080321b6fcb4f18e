"""Is a data folder flat, or did its owner split it?

Two layouts are understood:

<root>/<class>/**                                    flat: splits are decided by content
<root>/{train,validation,test}/<class>/**            pre-split: splits are kept

The splits may also be called as in `_NAMES`, in any case.
"""

import os

from components.errors import PipelineError
from components.features import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT
from components.ingestion.listing.file_system import (
    is_left_behind,
    list_files,
    list_subfolders,
    quote_names,
)

_NAMES = {
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


def split_of(name: str) -> str | None:
    """The split that a folder of this name holds; None for a name that a class may have."""
    return next((split for split, names in _NAMES.items() if name.casefold() in names), None)


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
