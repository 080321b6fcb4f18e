"""An audit -> a table of 80 columns, also of ten thousand classes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from components.audit import CLASS_BALANCE, Finding
from components.pages.finding_kinds import FINDING_KINDS
from components.text import escape_unprintable

if TYPE_CHECKING:
    from components.audit import Audit, FindingsOfKind

WIDTH = 80
"""Of what is no terminal."""
MOST_CLASSES = 20
LARGEST_AND_SMALLEST = 10
MOST_EXAMPLES = 3
MOST_NAMES_AN_EXAMPLE = 3
LONGEST_DETAIL = 120
MOST_ROWS = 12
"""Of formats and reasons."""


def write_table(audit: "Audit", stream: TextIO) -> None:
    """Writes what became of the files, the classes, and what was found.

    Args:
        audit: What is told.
        stream: Where to.
    """
    console = Console(file=stream, width=None if stream.isatty() else WIDTH)
    for part in _parts(audit):
        console.print(part, highlight=False)


def _parts(audit: "Audit") -> Iterator[RenderableType]:
    yield _printable(audit.data_folder, "bold")
    ignored = f" (and {audit.ignored:,} ignored)" if audit.ignored else ""
    yield Text(
        f"{audit.found:,} files found = {audit.used:,} used + {audit.rejected:,} rejected + "
        f"{audit.duplicates:,} duplicates{ignored}\n"
    )
    if audit.used:
        yield _classes(audit)
        yield Text()
        yield from _images(audit)
    if audit.reasons:
        yield _counts("rejected because", audit.reasons)
        yield Text()
    for kind, found in audit.findings.items():
        yield from _findings(kind, found)
    if not audit.findings:
        yield Text("Nothing stands out.", "green")


def _classes(audit: "Audit") -> Table:
    splits = [split for split in audit.images if audit.split_size(split)]
    table = _table("class", *splits, "all")
    names = list(audit.classes)
    between = 0
    if len(names) > MOST_CLASSES:
        names.sort(key=lambda name: (-audit.class_size(name), name))
        between = len(names) - 2 * LARGEST_AND_SMALLEST
        names = names[:LARGEST_AND_SMALLEST] + names[-LARGEST_AND_SMALLEST:]
    for position, name in enumerate(names):
        if between and position == LARGEST_AND_SMALLEST:
            table.add_row(Text(f"... {between:,} more between", "dim"))
        counts = [f"{audit.images[split].get(name, 0):,}" for split in splits]
        table.add_row(_printable(name), *counts, f"{audit.class_size(name):,}")
    sizes = [f"{audit.split_size(split):,}" for split in splits]
    table.add_section()
    table.add_row(f"{len(audit.classes):,} classes", *sizes, f"{audit.used:,}", style="bold")
    return table


def _images(audit: "Audit") -> Iterator[RenderableType]:
    yield _counts("format", audit.formats)
    yield Text()
    if audit.treatments:
        yield _counts("transcoded because", audit.treatments)
        yield Text()
    table = _table("images", "least", "a quarter below", "median", "a quarter above", "most")
    for name, values in (*audit.sizes.items(), *audit.quality.items()):
        quartiles = values.lower_quartile, values.median, values.upper_quartile
        five = (values.minimum, *quartiles, values.maximum)
        digits = 0 if name in audit.sizes or name == "sharpness" else 2
        table.add_row(name, *(f"{value:,.{digits}f}" for value in five))
    yield table
    yield Text()


def _counts(heading: str, counts: Mapping[str, int]) -> Table:
    table = _table(heading, "files")
    for name, count in list(counts.items())[:MOST_ROWS]:
        table.add_row(_printable(name), f"{count:,}")
    rest = list(counts.values())[MOST_ROWS:]
    if rest:
        table.add_row(Text(f"... {len(rest):,} more", "dim"), f"{sum(rest):,}")
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, name in enumerate(columns):
        table.add_column(name, justify="right" if position else "left", overflow="fold")
    return table


def _findings(kind: str, found: "FindingsOfKind") -> Iterator[RenderableType]:
    words = FINDING_KINDS[kind]
    about = (
        "" if kind == CLASS_BALANCE or found.files == found.count else f", {found.files:,} files"
    )
    style = "bold red" if words.is_critical else "bold"
    yield Text.assemble((f"{words.title}: {found.count:,}{about}", style), f"  {words.meaning}")
    for finding in found.examples[:MOST_EXAMPLES]:
        yield _example(finding)
    more = found.count - MOST_EXAMPLES
    if more > 0:
        yield Text(f"  ... {more:,} more", "dim")
    yield Text()


def _example(finding: Finding) -> Text:
    names = finding.filenames or finding.class_texts
    more = max(finding.files, len(names)) - MOST_NAMES_AN_EXAMPLE
    shown = Text(", ").join(_printable(name) for name in names[:MOST_NAMES_AN_EXAMPLE])
    rest = f" and {more:,} more" if more > 0 else ""
    detail = _printable(finding.detail, "dim")
    detail.truncate(LONGEST_DETAIL, overflow="ellipsis")
    return Text.assemble("  ", shown, rest, "  ", detail)


def _printable(text: str, style: str = "") -> Text:
    return Text(escape_unprintable(text), style)
