"""Names and numbers as people can read them, and the name that was meant."""

import difflib
import math
import re
from collections.abc import Iterable

FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also in full width. Source: OWASP, CSV Injection."""
_ESCAPE = re.compile(r"\\(?:[\\tnr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")

UNKNOWN = "unknown"
SIZES = ("bytes", "kB", "MB", "GB", "TB")

# difflib's own choice for a close match.
_CLOSE = 0.6


def escape_unprintable(text: str) -> str:
    """Text as it is; of what is not seen or turns text around, such as a line break, its code."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def printable(name: str) -> str:
    """The name with whatever is not UTF-8 replaced, so that it can be written anywhere."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def quote_names(names: Iterable[str]) -> str:
    """At most ten names, quoted, for a message."""
    shown = [repr(printable(name)) for name in names]
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    return ", ".join(shown[:10]) + more


def to_cell(text: str) -> str:
    """Text as a cell of a CSV file that neither a spreadsheet nor a terminal acts on.

    What begins like a formula gets an apostrophe in front, as spreadsheets write it themselves;
    what is not seen, and the backslash, becomes an escape of Python's. So the cell is valid UTF-8
    and one line, and another text has another cell.
    """
    cell = "".join(
        character
        if character.isprintable() and character != "\\"
        else character.encode("unicode_escape").decode()
        for character in text
    )
    return f"'{cell}" if _is_formula(cell) else cell


def from_cell(cell: str) -> str:
    """The text of which `to_cell` made a cell."""
    text = cell[1:] if cell.startswith("'") and _is_formula(cell) else cell
    return _ESCAPE.sub(lambda match: match[0].encode().decode("unicode_escape"), text)


def _is_formula(cell: str) -> bool:
    """Whether it is one, or could be taken for one that was made harmless already."""
    return cell.lstrip("'").startswith(FORMULA_STARTS)


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """Finds the valid name that was probably meant.

    A dotted name is also compared by its last part, so that "epochs" finds "train.epochs".

    Args:
        name: What was written.
        valid: The names that exist.

    Returns:
        The most similar valid name; None when none is similar.
    """
    likeness, match = max(((_likeness(name, other), other) for other in valid), default=(0.0, ""))
    return match if likeness >= _CLOSE else None


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """The end of a message about an unknown name: " Did you mean 'x'?", or nothing."""
    match = nearest(name, valid)
    return f" Did you mean {match!r}?" if match else ""


def format_ratio(value: float) -> str:
    """A proportion of images or a difference of two: "0.9120"; "unknown" for NaN."""
    return f"{value:.4f}" if math.isfinite(value) else UNKNOWN


def format_percent(value: float) -> str:
    """A probability: "98%", and "99.95%" rather than a wrong "100%"; "unknown" for NaN."""
    if not math.isfinite(value):
        return UNKNOWN
    percent = 100 * value
    if 99 < percent < 100 or 0 < percent < 1:
        # Cut and not rounded, for the same reason.
        return f"{math.floor(percent * 100) / 100:.2f}%" if percent >= 0.01 else "< 0.01%"
    return f"{percent:.0f}%"


def format_bytes(value: int) -> str:
    """A size: "12.3 MB", by thousands."""
    size = float(value)
    for unit in SIZES:
        if size < 1000 or unit == SIZES[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


def format_seconds(value: float) -> str:
    """A duration: "0.42 s", "12.3 s", "4 min 5 s"."""
    if value < 1:
        return f"{value:.2f} s"
    if value < 60:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes:,} min {seconds} s"


def _likeness(name: str, other: str) -> float:
    forms = (other, other.rpartition(".")[2])
    written = name.lower()
    return max(difflib.SequenceMatcher(None, written, form.lower()).ratio() for form in forms)
