"""Examinations for tests, of images that need not exist, and the rules they are judged by."""

import dataclasses
import hashlib
from typing import Any

from components.ingestion.examine import Content, finish, look_at_file
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.ingestion_rules import IngestionRules
from components.normalization.normalization_rules import ImageRules


def make_examination(filename: str, content: str = "", **changes: Any) -> ImageRecord:
    """An examination of a file whose class is its folder.

    Args:
        filename: "<class>/<name>", or "<split>/<class>/<name>".
        content: What its digest is made of; without it, its name.
        changes: Other fields.
    """
    *above, class_text, _ = filename.split("/")
    values: dict[str, Any] = {
        "filename": filename,
        "class_text": class_text,
        "given_split": above[0] if above else None,
        "sha256": hashlib.sha256((content or filename).encode()).hexdigest(),
        "size": 1000,
        "format": "png",
        "height": 8,
        "width": 8,
        "channels": 3,
        "treatment": "",
        "brightness": 0.5,
        "contrast": 0.25,
        "sharpness": 500.0,
        "entropy": 7.0,
        "signature": b"",
    }
    return ImageRecord(**{**values, **changes})


def examine_file(
    root: str,
    rules: ImageRules,
    item: tuple[tuple[str, str, str | None], Content],
) -> ImageRecord | Rejection:
    """What the workers of ingestion make of one file: its place, and its content if it is known."""
    place, content = item
    [outcome] = finish([look_at_file(rules, (root, ImageRecord(*place), content))])
    return outcome


def make_rules(**changes: Any) -> IngestionRules:
    """The default rules, but for the changes."""
    rules = IngestionRules(
        image=ImageRules(channels=3),
        split_weights={"train": 8, "eval": 1, "test": 1},
        max_seconds=20.0,
        max_reject_fraction=0.01,
        near_duplicate_distance=8,
        leaks="move",
        group_pattern="",
    )
    return dataclasses.replace(rules, **changes)
