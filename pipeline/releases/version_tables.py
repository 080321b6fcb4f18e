"""Values -> tables."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from components.serving.directory.log import Event
from components.text import escape_unprintable
from pipeline.releases.versions import DAMAGED, INCOMPLETE, ROLLED_BACK, SERVING, Version

STYLES = {SERVING: "bold green", ROLLED_BACK: "yellow", INCOMPLETE: "red", DAMAGED: "red"}
MEGABYTE = 1_000_000


def version_table(versions: Iterable[Version]) -> Table:
    """One row a version."""
    table = _table("version", "state", "published (UTC)", "accuracy", "MB", "why")
    for version in versions:
        table.add_row(
            str(version.number),
            Text(version.state, STYLES.get(version.state, "")),
            version.release.time[:19].replace("T", " ") if version.release else "",
            _accuracy(version),
            f"{version.bytes / MEGABYTE:,.1f}",
            Text(escape_unprintable(_reason(version))),
        )
    return table


def event_table(events: Iterable[Event]) -> Table:
    """One row an event."""
    table = _table("time (UTC)", "what", "version", "who", "why")
    for event in events:
        origin = event.origin
        table.add_row(
            event.time[:19].replace("T", " "),
            origin.action + (f" to {origin.of_version}" if origin.of_version is not None else ""),
            str(event.version),
            Text(escape_unprintable(origin.actor)),
            Text(escape_unprintable(origin.reason or origin.sentence)),
        )
    return table


def pair_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Names and values, as text."""
    table = _table(*headings)
    for row in rows:
        table.add_row(*(Text(escape_unprintable(cell)) for cell in row))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        is_number = name in ("version", "MB")
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    return table


def _accuracy(version: Version) -> str:
    if version.accuracy is None:
        return ""
    if version.accuracy_interval is None:
        return f"{version.accuracy:.4f}"
    low, high = version.accuracy_interval
    return f"{version.accuracy:.4f} ({low:.4f} to {high:.4f})"


def _reason(version: Version) -> str:
    if version.release is None:
        return version.problem
    origin = version.release.origin
    what = origin.action + (f" to {origin.of_version}" if origin.of_version is not None else "")
    return f"{what}: {origin.reason or origin.sentence}"
