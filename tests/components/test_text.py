import math

import pytest

from components.text import (
    format_bytes,
    format_percent,
    format_ratio,
    format_seconds,
    from_cell,
    to_cell,
)


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


@pytest.mark.parametrize(
    ("show", "value", "expected"),
    [
        (format_ratio, 0.5, "0.5000"),
        (format_ratio, -0.01234, "-0.0123"),
        (format_ratio, math.nan, "unknown"),
        # Never more than is known.
        (format_percent, 0.0, "0%"),
        (format_percent, 0.00001, "< 0.01%"),
        (format_percent, 0.005, "0.50%"),
        (format_percent, 0.5, "50%"),
        (format_percent, 0.99999, "99.99%"),
        (format_percent, 1.0, "100%"),
        (format_percent, math.nan, "unknown"),
        (format_bytes, 999, "999 bytes"),
        (format_bytes, 1_500, "1.5 kB"),
        (format_bytes, 9_412_332, "9.4 MB"),
        (format_bytes, 3 * 10**15, "3000.0 TB"),
        (format_seconds, 0.123, "0.12 s"),
        (format_seconds, 59.94, "59.9 s"),
        (format_seconds, 3661.0, "61 min 1 s"),
    ],
)
def test_numbers(show, value, expected):
    assert show(value) == expected
