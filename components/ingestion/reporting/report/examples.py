"""Findings -> what the page shows of them."""

import dataclasses
from collections.abc import Iterator

from components.ingestion.reporting.audit import Audit, FindingsOfKind
from components.ingestion.reporting.findings import (
    CLASS_BALANCE,
    IGNORED_FILE,
    KINDS,
    REJECTED,
    Finding,
    Kind,
)
from components.pages.thumbnails import Thumbnails

MOST_EXAMPLES_SHOWN = 12
MOST_PICTURES_AN_EXAMPLE = 4
WITHOUT_PICTURES = (REJECTED, IGNORED_FILE, CLASS_BALANCE)
"""What was rejected must not be opened: it may have been made to harm who does."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """One file of an example.

    Attributes:
        filename: Path below the data folder.
        class_text: Its class; empty if unknown.
        split: Its split; empty if unknown.
        source: A data URI; empty if there is no picture.
    """

    filename: str
    class_text: str
    split: str
    source: str


@dataclasses.dataclass(frozen=True)
class Example:
    """One finding.

    Attributes:
        finding: What was found.
        pictures: Of its first files.
        more: Files that are not shown.
    """

    finding: Finding
    pictures: tuple[Picture, ...]
    more: int


@dataclasses.dataclass(frozen=True)
class Section:
    """All findings of a kind.

    Attributes:
        name: A key of `findings.KINDS`; also its place in the page.
        kind: What it means.
        found: How many there are.
        examples: The worst.
        has_pictures: Whether it is about pictures, and not files of any kind, or classes.
    """

    name: str
    kind: Kind
    found: FindingsOfKind
    examples: tuple[Example, ...]
    has_pictures: bool

    @property
    def more(self) -> int:
        """Findings that are not shown."""
        return self.found.count - len(self.examples)


def make_sections(audit: Audit, thumbnails: Thumbnails) -> Iterator[Section]:
    """Yields a section for each kind of which something was found."""
    for name, found in audit.findings.items():
        has_pictures = name not in WITHOUT_PICTURES
        # Lines of text take less room than pictures.
        shown = found.examples[:MOST_EXAMPLES_SHOWN] if has_pictures else found.examples
        yield Section(
            name=name,
            kind=KINDS[name],
            found=found,
            examples=tuple(
                _make_example(finding, thumbnails if has_pictures else None) for finding in shown
            ),
            has_pictures=has_pictures,
        )


def _make_example(finding: Finding, thumbnails: Thumbnails | None) -> Example:
    pictures = tuple(
        Picture(
            filename=filename,
            class_text=_at(finding.class_texts, position),
            split=_at(finding.splits, position),
            source=thumbnails.make(filename) if thumbnails else "",
        )
        for position, filename in enumerate(finding.filenames[:MOST_PICTURES_AN_EXAMPLE])
    )
    return Example(finding, pictures, finding.files - len(pictures))


def _at(texts: tuple[str, ...], position: int) -> str:
    return texts[position] if position < len(texts) else ""
