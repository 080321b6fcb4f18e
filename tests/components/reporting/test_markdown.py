import pytest

from components.reporting.markdown import bullets, escape, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T-shirt, size 4.5", "T-shirt, size 4.5"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("*a*_b_", "\\*a\\*\\_b\\_"),
        ("[x](y)", "\\[x\\](y)"),
        ("a|b", "a\\|b"),
        ("# a\n\n---", "\\# a\\n\\n---"),
        ("`x` & \\", "\\`x\\` &amp; \\\\"),
        ("www.example.org", "www\\.example\\.org"),
        ("https://x", "https\\://x"),
        ("a@b", "a\\@b"),
        ("\u202ex", "\\u202ex"),
    ],
)
def test_escape(text, expected):
    # What is made visible begins with a backslash, which is escaped as well.
    assert escape(text) == expected.replace("\\n", "\\\\n").replace("\\u", "\\\\u")


def test_table():
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_bullets():
    assert bullets(["a", "b"]) == "- a\n- b"
