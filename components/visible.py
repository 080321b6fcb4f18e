"""Names of files and classes as people can read them, whatever characters they hold."""

import re

FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also in full width. Source: OWASP, CSV Injection."""
_ESCAPE = re.compile(r"\\(?:[\\tnr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def visible(text: str) -> str:
    """Text as it is; of what is not seen or turns text around, such as a line break, its code."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


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
