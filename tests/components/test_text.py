import pytest

from components.text import from_cell, to_cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("'=1", "''=1"),
        ("'a", "'a"),
        ("\t=1", "\\t=1"),
        ("\r=1", "\\r=1"),
        ("\n=1", "\\n=1"),
        ("\x1b[2J.png", "\\x1b[2J.png"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\\n", "a\\\\n"),
        ("a\\\n", "a\\\\\\n"),
        ("a=1", "a=1"),
        ("", ""),
        ("caf\udce9.png", "caf\\udce9.png"),
        ("\U000e0001", "\\U000e0001"),
        ("Äpfel/é中.heic", "Äpfel/é中.heic"),
    ],
)
def test_a_cell_does_nothing_and_names_one_text(text, cell):
    """Fault C12: formulas and control characters, in every CSV file."""
    assert to_cell(text) == cell
    assert cell.encode().decode() == cell
    assert from_cell(cell) == text
