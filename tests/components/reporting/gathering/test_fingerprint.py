import hashlib

import pytest

from components.ingestion.writing.manifest import HEADER
from components.reporting.gathering.fingerprint import data_fingerprint
from components.storage import write_rows

ROWS = (
    ("cat/1.jpg", "aa", "cat", "train", "as found"),
    ("cat/2.jpg", "bb", "cat", "test", "as found"),
    ("cat/3.jpg", "aa", "cat", "", "duplicate of cat/1.jpg: same bytes"),
    ("cat/4.txt", "", "cat", "", "rejected: not an image"),
)


@pytest.fixture
def write(tmp_path):
    def write_manifest(name, rows):
        folder = tmp_path / name
        folder.mkdir()
        with open(folder / "manifest.csv", "w", newline="") as file:
            write_rows(file, [HEADER, *rows])
        return str(folder)

    return write_manifest


def test_by_hand(write):
    lines = [b"cat/1.jpg\0aa\0cat\0train", b"cat/2.jpg\0bb\0cat\0test"]
    digests = sorted(hashlib.sha256(line).digest() for line in lines)
    expected = hashlib.sha256(b"".join(digests)).hexdigest()
    assert data_fingerprint([write("a", ROWS)]) == expected


def test_does_not_depend_on_spans_and_their_order(write):
    whole, first, second = write("a", ROWS), write("b", ROWS[:1]), write("c", ROWS[1:])
    assert data_fingerprint([first, second]) == data_fingerprint([whole])
    assert data_fingerprint([second, first]) == data_fingerprint([whole])


@pytest.mark.parametrize("column", range(4))
def test_changes_with_what_is_used(write, column):
    changed = list(ROWS[0])
    changed[column] = "other"
    assert data_fingerprint([write("a", ROWS)]) != data_fingerprint(
        [write("b", [changed, ROWS[1]])]
    )


def test_of_no_effect_is_what_is_not_used(write):
    assert data_fingerprint([write("a", ROWS)]) == data_fingerprint([write("b", ROWS[:2])])
