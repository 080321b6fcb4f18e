import pytest

from components.pages.page import format_number, format_proportion, mark_name, plural
from components.text import escape_unprintable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12345, "12,345"),
        (1234.6, "1,235"),
        (12.34, "12.3"),
        (0.1234, "0.123"),
        (28.0, "28"),
    ],
)
def test_numbers(value, text):
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 2, "50%"), (1, 30, "3.3%"), (1, 10**6, "< 0.1%"), (0, 5, "0%"), (0, 0, "0%")],
)
def test_shares(part, whole, text):
    assert format_proportion(part, whole) == text


def test_names():
    assert escape_unprintable("a\tb\u202e\udce9 ä") == "a\\tb\\u202e\\udce9 ä"
    assert mark_name("<b>\n") == "<bdi>&lt;b&gt;\\n</bdi>"


def test_plurals():
    assert [plural(1, "file"), plural(2, "file"), plural(0, "class", "classes")] == [
        "1 file",
        "2 files",
        "0 classes",
    ]
