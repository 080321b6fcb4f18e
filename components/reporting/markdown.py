"""Text of others inside Markdown: shown as it is, and without effect."""

import html
import re
from collections.abc import Iterable, Sequence

from components.text import escape_unprintable

_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~!$^@]|:(?=/)|(?<=[^\W\d])\.(?=\w))")
"""What begins emphasis, code, links, headings, cells, formulas or mentions; with the colons and
points of addresses, which would become links. CommonMark 0.31, Backslash escapes."""


def escape(text: str) -> str:
    """A name as Markdown that renders as the name, whatever it holds, on one line."""
    return _SPECIAL.sub(r"\\\1", html.escape(escape_unprintable(text), quote=False))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, as GitHub and Hugging Face render it; cells must be Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(items: Iterable[str]) -> str:
    """A list; items must be Markdown already."""
    return "\n".join(f"- {item}" for item in items)
