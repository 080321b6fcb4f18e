"""Audit, pictures and findings of the validation -> the page about the images of a data folder."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from components.audit import (
    MOST_PICTURED,
    MOST_PICTURES,
    WITHOUT_PICTURES,
    Audit,
    Distribution,
    Finding,
    FindingsOfKind,
)
from components.pages.class_table import make_class_table
from components.pages.finding_kinds import FINDING_KINDS, FindingKind
from components.pages.page import format_number, plural, render_page
from components.validation.validation_result import ValidationResult, merge_splits

DATA_PAGE_FILE = "report.html"

HEIGHT = 60.0
WIDTH = 240.0
LEAST_HEIGHT = 1.0
"""So that one image among a million can be seen."""
GAP = 1.0

TITLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "width": ("Width", "pixels"),
        "height": ("Height", "pixels"),
        "bytes": ("File size", "bytes"),
        "brightness": ("Brightness", "0 black to 1 white"),
        "contrast": ("Contrast", "0 to 0.5, standard deviation of gray"),
        "sharpness": ("Sharpness", "variance of the Laplacian"),
        "entropy": ("Entropy", "bits, 0 to 8"),
    }
)


@dataclasses.dataclass(frozen=True)
class SpanPage:
    """The page about one span, or about a data folder without spans.

    Attributes:
        name: "span-3"; empty where there are no others.
        file: Name of the page in the folder that all of them are in.
        audit: What is known of its images.
        pictures: Data URIs by path below the data folder; of some there may be none.
    """

    name: str
    file: str
    audit: Audit
    pictures: Mapping[str, str]


def render_data_page(
    page: SpanPage, validation: ValidationResult | None = None, spans: Sequence[SpanPage] = ()
) -> str:
    """Makes one HTML file below 10 MB, up to 20,000 classes.

    Args:
        page: What it is about.
        validation: What was found in all spans together; None where nothing was validated.
        spans: The pages of all spans, the oldest first, to go to.
    """
    audit = page.audit
    charts = [
        make_chart(name, values) for name, values in (*audit.sizes.items(), *audit.quality.items())
    ]
    return render_page(
        __package__,
        "data_report.html",
        page=page,
        audit=audit,
        summary=summarize(audit),
        validation=validation,
        stops=merge_splits(validation.stops) if validation else (),
        warnings=merge_splits(validation.warnings) if validation else (),
        spans=spans,
        sections=tuple(make_sections(audit, page.pictures)),
        classes=make_class_table(audit),
        charts=charts,
    )


def summarize(audit: Audit) -> str:
    """What became of the files, in one sentence whose numbers add up."""
    more = f" Beside them, {audit.ignored:,} ignored." if audit.ignored else ""
    return (
        f"{plural(audit.found, 'file')} found: {audit.used:,} used, {audit.rejected:,} rejected, "
        f"{audit.duplicates:,} left out as duplicates.{more}"
    )


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
class FindingSection:
    """All findings of a kind.

    Attributes:
        name: A key of `FINDING_KINDS`; also its place in the page.
        kind: What it means.
        found: How many there are.
        examples: The worst.
        has_pictures: Whether it is about pictures, and not files of any kind, or classes.
    """

    name: str
    kind: FindingKind
    found: FindingsOfKind
    examples: tuple[Example, ...]
    has_pictures: bool

    @property
    def more(self) -> int:
        """Findings that are not shown."""
        return self.found.count - len(self.examples)


def make_sections(audit: Audit, pictures: Mapping[str, str]) -> Iterator[FindingSection]:
    """Yields a section for each kind of which something was found."""
    for name, found in audit.findings.items():
        has_pictures = name not in WITHOUT_PICTURES
        # Lines of text take less room than pictures.
        shown = found.examples[:MOST_PICTURED] if has_pictures else found.examples
        yield FindingSection(
            name=name,
            kind=FINDING_KINDS[name],
            found=found,
            examples=tuple(_make_example(finding, pictures) for finding in shown),
            has_pictures=has_pictures,
        )


def _make_example(finding: Finding, pictures: Mapping[str, str]) -> Example:
    shown = tuple(
        Picture(
            filename=filename,
            class_text=_at(finding.class_texts, position),
            split=_at(finding.splits, position),
            source=pictures.get(filename, ""),
        )
        for position, filename in enumerate(finding.filenames[:MOST_PICTURES])
    )
    return Example(finding, shown, finding.files - len(shown))


def _at(texts: tuple[str, ...], position: int) -> str:
    return texts[position] if position < len(texts) else ""


@dataclasses.dataclass(frozen=True)
class Bar:
    """One rectangle, in the units of its chart: x to the right, y down."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclasses.dataclass(frozen=True)
class Chart:
    """One distribution.

    Attributes:
        title: What it is of.
        unit: Of its values.
        bars: From left to right.
        lowest: The value at the left end.
        highest: The value at the right end.
        distribution: With the quartiles.
    """

    title: str
    unit: str
    bars: tuple[Bar, ...]
    lowest: float
    highest: float
    distribution: Distribution

    @property
    def words(self) -> str:
        """What is seen in it."""
        known = self.distribution
        return (
            f"{self.title} ({self.unit}) from {format_number(known.minimum)} to "
            f"{format_number(known.maximum)}, median {format_number(known.median)}, half of the "
            f"images between {format_number(known.lower_quartile)} and "
            f"{format_number(known.upper_quartile)}"
        )


def make_chart(name: str, distribution: Distribution) -> Chart:
    """Draws a distribution of an audit.

    Args:
        name: A key of `TITLES`.
        distribution: Of this name.
    """
    title, unit = TITLES[name]
    highest = max(distribution.counts)
    step = WIDTH / len(distribution.counts)
    bars = []
    for position, count in enumerate(distribution.counts):
        if not count:
            continue
        height = max(LEAST_HEIGHT, HEIGHT * count / highest)
        ends = distribution.edges[position : position + 2]
        bars.append(
            Bar(
                x=round(position * step, 2),
                y=round(HEIGHT - height, 2),
                width=round(max(step - GAP, GAP), 2),
                height=round(height, 2),
                words=f"{' to '.join(map(format_number, ends))}: {count:,}",
            )
        )
    return Chart(
        title=title,
        unit=unit,
        bars=tuple(bars),
        lowest=distribution.edges[0],
        highest=distribution.edges[-1],
        distribution=distribution,
    )
