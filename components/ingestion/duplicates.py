"""Several files that hold one image -> the one that is used, duplicates, or a conflict of classes.

What is said of files of the same bytes is said of the same pixels, too. The images of earlier spans
cannot be changed any more: these are used whatever is found now.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from components.audit import (
    CONFLICT,
    DUPLICATE,
    LEAK,
    LOOK_ALIKE,
    MOST_FILES_A_FINDING,
    NEAR_DUPLICATE,
    Finding,
)
from components.features import SPLITS
from components.ingestion.image_record import ImageRecord, Rejection

SAME_BYTES = "same bytes"
SAME_PIXELS = "same pixels"
NEARLY_THE_SAME = "nearly the same"
SEVERAL_CLASSES = "same image in two classes"
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
        """The predefined split, if any."""


@dataclasses.dataclass(frozen=True, slots=True)
class Duplicate:
    """An image that is there already.

    Attributes:
        image: The copy that is left out.
        kept: Name of the file that is used.
        match: `SAME_BYTES` or `SAME_PIXELS`.
    """

    image: ImageRecord
    kept: str
    match: str


@dataclasses.dataclass(frozen=True, slots=True)
class Resolution:
    """What becomes of copies.

    Attributes:
        kept: The one that is used; None after a conflict, or if an earlier span has it.
        duplicates: The others of its class.
        conflicts: All of them, if they lie in more than one class.
        findings: What there is to say about it.
    """

    kept: ImageRecord | None
    duplicates: tuple[Duplicate, ...] = ()
    conflicts: tuple[Rejection, ...] = ()
    findings: tuple[Finding, ...] = ()


def resolve(copies: Iterable[ImageRecord], match: str, earlier: Sequence[Named] = ()) -> Resolution:
    """Decides about files that hold the same image.

    Args:
        copies: At least one. One of the class `CONTESTED` stands for files that are rejected.
        match: `SAME_BYTES` or `SAME_PIXELS`.
        earlier: The same image in earlier spans.

    Returns:
        The copy to use is, of those in the split that is measured on, the first by name: the test
        split of an owner keeps its images, and train loses the copies. What an earlier span has,
        byte for byte, is not used again; other files of its pixels go where it is.
    """
    ordered = sorted(copies, key=_rank)
    if any(copy.class_text == CONTESTED for copy in ordered):
        return _resolve_contested(ordered)
    first, *others = ordered
    classes = {copy.class_text for copy in ordered}
    if earlier and (match == SAME_BYTES or any({one.class_text} != classes for one in earlier)):
        return _resolve_known(ordered, match, earlier)
    if not others:
        return Resolution(first)
    leaks = find_leaks(ordered, match)
    if len(classes) > 1:
        conflicts = tuple(_conflict(copy, ordered) for copy in ordered)
        return Resolution(None, (), conflicts, (name_images(CONFLICT, ordered, match), *leaks))
    duplicates = tuple(Duplicate(copy, first.filename, match) for copy in others)
    return Resolution(first, duplicates, (), (name_images(DUPLICATE, ordered, match), *leaks))


def _resolve_contested(copies: Sequence[ImageRecord]) -> Resolution:
    """A conflict of all that are not rejected already."""
    known = min(copy.filename for copy in copies if copy.class_text == CONTESTED)
    others = [copy for copy in copies if copy.class_text != CONTESTED]
    detail = f"also {known}, a file that is in two classes"
    findings = (name_images(CONFLICT, others, f"{SAME_PIXELS} as {known}"),) if others else ()
    conflicts = tuple(copy.rejected(SEVERAL_CLASSES, detail) for copy in others)
    return Resolution(None, (), conflicts, findings)


def _resolve_known(
    copies: Sequence[ImageRecord], match: str, earlier: Sequence[Named]
) -> Resolution:
    """No copy to use: duplicates, or a conflict if they are not all of the earlier one's class."""
    ordered = sorted(copies, key=lambda copy: copy.filename)
    classes = {copy.class_text for copy in ordered}
    known = next((one for one in earlier if {one.class_text} != classes), earlier[0])
    leaks = find_leaks([known, *ordered], match)
    if classes == {known.class_text}:
        duplicates = tuple(Duplicate(copy, known.filename, match) for copy in ordered)
        finding = name_images(DUPLICATE, [known, *ordered], match)
        return Resolution(None, duplicates, (), (finding, *leaks))
    detail = (
        f"also {known.filename}, in class {known.class_text!r}, which is used: its span was "
        "ingested already"
    )
    conflicts = tuple(copy.rejected(SEVERAL_CLASSES, detail) for copy in ordered)
    stays = f"{match}; that of the earlier span stays in use"
    return Resolution(
        None, (), conflicts, (name_images(CONFLICT, [known, *ordered], stays), *leaks)
    )


def describe_cluster(
    images: Sequence[ImageRecord], earlier: Iterable[Named] = ()
) -> Iterator[Finding]:
    """Says what there is to say of images that are nearly the same.

    Args:
        images: Of this folder, all of them used.
        earlier: Of earlier spans.
    """
    new = sorted(images, key=lambda image: image.filename)
    if len(new) > 1:
        yield name_images(NEAR_DUPLICATE, new, NEARLY_THE_SAME)
    if len({image.class_text for image in new}) > 1:
        yield name_images(LOOK_ALIKE, new, "in more than one class")
    yield from find_leaks(new, NEARLY_THE_SAME)
    old = sorted(earlier, key=lambda image: image.filename)
    if new and old:
        yield from _describe_across(new, old)


def _describe_across(new: Sequence[ImageRecord], old: Sequence[Named]) -> Iterator[Finding]:
    # The new ones first: of many, not all are named.
    named: list[Named] = [*new[:6], *old[:6], *new[6:], *old[6:]]
    match = f"{NEARLY_THE_SAME} as in an earlier span"
    yield name_images(NEAR_DUPLICATE, named, match)
    if len({image.class_text for image in named}) > 1:
        yield name_images(LOOK_ALIKE, named, "in more than one class, and in an earlier span")
    # The splits of a span that is not split are ours: images that we put there do not leak.
    if any(image.given_split for image in new):
        yield from find_leaks(named, match)


def find_leaks(images: Sequence[Named], match: str) -> tuple[Finding, ...]:
    """Says so if images that match lie in more than one predefined split."""
    splits = sorted({image.given_split for image in images if image.given_split})
    if len(splits) < 2:
        return ()
    return (name_images(LEAK, images, f"{match} in {' and '.join(splits)}"),)


def name_images(kind: str, images: Sequence[Named], detail: str) -> Finding:
    """A finding about several images; it is the worse, the more they are."""
    named = images[:MOST_FILES_A_FINDING]
    return Finding(
        kind=kind,
        filenames=tuple(image.filename for image in named),
        class_texts=tuple(image.class_text for image in named),
        splits=tuple(image.given_split or "" for image in named),
        detail=detail,
        score=float(len(images)),
        files=len(images),
    )


def _rank(copy: ImageRecord) -> tuple[int, str]:
    return -SPLITS.index(copy.given_split) if copy.given_split else 0, copy.filename


def _conflict(copy: ImageRecord, copies: Sequence[ImageRecord]) -> Rejection:
    other = next(other for other in copies if other.class_text != copy.class_text)
    return copy.rejected(SEVERAL_CLASSES, f"also {other.filename}")
