"""Is a data folder flat, or did its owner split it?

Two layouts are understood:

<root>/<class>/**                                    flat: splits are decided by content
<root>/{train,validation|val|eval,test}/<class>/**   pre-split: splits are kept
"""

import os

from components.errors import PipelineError
from components.features import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT
from components.ingestion.listing.file_system import list_subfolders, quote_names

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
    named_as_splits = [name for name in folders if name in SPLIT_OF_FOLDER]
    holding_folders = [
        name for name in named_as_splits if list_subfolders(os.path.join(root, name))
    ]
    if "train" not in holding_folders:
        _check_no_splits(root, folders, named_as_splits)
        return ()
    others = [name for name in folders if name not in holding_folders]
    if others:
        raise PipelineError(
            "A data folder is pre-split or flat, not both. Received: "
            f"{root} with the splits {quote_names(holding_folders)} beside {quote_names(others)}. "
            f"Move the latter away, or rename the former if they are classes. {TREES}"
        )
    splits = [SPLIT_OF_FOLDER[name] for name in holding_folders]
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


def _check_splits(root: str, folders: list[str], splits: list[str]) -> None:
    if splits.count(EVAL_SPLIT) > 1:
        raise PipelineError(
            "A pre-split data folder must have one folder a split. Received: "
            f"{root} with {quote_names(folders)}. Keep one of validation, val and eval."
        )
    if len(splits) == 1:
        raise PipelineError(
            "A pre-split data folder needs validation or test beside train. Received: "
            f"{root} with {quote_names(folders)} only. "
            f"Point to {os.path.join(root, folders[0])} to have it split by content."
        )
