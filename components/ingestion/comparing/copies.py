"""Several files that hold one image -> the one that is used, duplicates, or a conflict."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Protocol

from components.audit import (
    CONFLICT,
    DUPLICATE,
    LEAK,
    MOST_FILES_A_FINDING,
    Finding,
)
from components.features import SPLITS
from components.ingestion.data_folder import Rejection
from components.ingestion.examining.examination import Examination

SEVERAL_CLASSES = "same image in two classes"
SAME_PIXELS = "same pixels"
CONTESTED = ""
"""In the place of the class of an image whose copies are rejected for that: other files of the same
pixels are still to be found by it. No folder has this name."""


class Named(Protocol):
    """What a finding says of an image, of this data folder or of an earlier span."""

    @property
    def filename(self) -> str:
        """Path below the data folder."""

    @property
    def class_text(self) -> str:
        """Name of the class folder."""

    @property
    def given_split(self) -> str | None:
        """The split its owner put it in, if any."""


@dataclasses.dataclass(frozen=True, slots=True)
class Duplicate:
    """An image that is there already.

    Attributes:
        examination: Of the copy that is left out.
        kept: Name of the file that is used.
        likeness: "same bytes" or "same pixels".
    """

    examination: Examination
    kept: str
    likeness: str


@dataclasses.dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of copies.

    Attributes:
        kept: The one that is used; None after a conflict.
        duplicates: The others of its class.
        conflicts: All of them, if they lie in more than one class.
        findings: What there is to say about it.
    """

    kept: Examination | None
    duplicates: tuple[Duplicate, ...] = ()
    conflicts: tuple[Rejection, ...] = ()
    findings: tuple[Finding, ...] = ()


def settle(copies: Iterable[Examination], likeness: str) -> Settlement:
    """Decides about files that hold the same image.

    Args:
        copies: At least one.
        likeness: In what they are equal: "same bytes" or "same pixels".

    Returns:
        The copy to use is, of those in the split that is measured on, the first by name: the test
        split of an owner keeps its images, and train loses the copies.
    """
    kept, *others = ordered = sorted(copies, key=_rank)
    if not others:
        return Settlement(kept)
    leaks = find_leaks(ordered, likeness)
    if len({copy.class_text for copy in ordered}) > 1:
        return Settlement(
            kept=None,
            conflicts=tuple(_conflict(copy, ordered) for copy in ordered),
            findings=(name_images(CONFLICT, ordered, likeness), *leaks),
        )
    return Settlement(
        kept=kept,
        duplicates=tuple(Duplicate(copy, kept.filename, likeness) for copy in others),
        findings=(name_images(DUPLICATE, ordered, likeness), *leaks),
    )


def settle_contested(copies: Sequence[Examination]) -> Settlement:
    """Decides about files that hold the image of others, which are rejected as in two classes.

    Args:
        copies: Of the same pixels; one of the class `CONTESTED` or more.

    Returns:
        No copy to use: a conflict of all that are not rejected already.
    """
    known = min(copy.filename for copy in copies if copy.class_text == CONTESTED)
    others = sorted(copy for copy in copies if copy.class_text != CONTESTED)
    detail = f"also {known}, a file that is in two classes"
    return Settlement(
        kept=None,
        conflicts=tuple(
            Rejection(copy.filename, copy.class_text, SEVERAL_CLASSES, detail) for copy in others
        ),
        findings=(name_images(CONFLICT, others, f"same pixels as {known}"),) if others else (),
    )


def find_leaks(images: Sequence[Named], likeness: str) -> tuple[Finding, ...]:
    """Says so if images that are alike lie in more than one of the owner's splits."""
    splits = sorted({image.given_split for image in images if image.given_split})
    if len(splits) < 2:
        return ()
    return (name_images(LEAK, images, f"{likeness} in {' and '.join(splits)}"),)


def name_images(kind: str, images: Sequence[Named], detail: str) -> Finding:
    """A finding about several images; it is the worse, the more they are."""
    return Finding(
        kind=kind,
        filenames=tuple(image.filename for image in images[:MOST_FILES_A_FINDING]),
        class_texts=tuple(image.class_text for image in images[:MOST_FILES_A_FINDING]),
        splits=tuple(image.given_split or "" for image in images[:MOST_FILES_A_FINDING]),
        detail=detail,
        score=float(len(images)),
        files=len(images),
    )


def _rank(copy: Examination) -> tuple[int, str]:
    return -SPLITS.index(copy.given_split) if copy.given_split else 0, copy.filename


def _conflict(copy: Examination, copies: Sequence[Examination]) -> Rejection:
    other = next(other for other in copies if other.class_text != copy.class_text)
    return Rejection(copy.filename, copy.class_text, SEVERAL_CLASSES, f"also {other.filename}")
