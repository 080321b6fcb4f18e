import dataclasses
import hashlib
import importlib.metadata
import platform

import pytest

from components.ingestion.manifest import HEADER
from components.reporting import run_facts
from components.reporting.run_facts import Latency, data_fingerprint
from components.storage import write_rows
from tests.components.release.made_up import GOOD_FACTS, make_predictions
from tests.components.reporting.made_up import make_facts

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


def test_versions_of_what_is_installed(monkeypatch):
    monkeypatch.setattr(run_facts, "LIBRARIES", ("numpy", "no-such-library"))
    assert run_facts.library_versions() == {
        "python": platform.python_version(),
        "numpy": importlib.metadata.version("numpy"),
    }


def latencies_of(latencies):
    serving = dataclasses.replace(GOOD_FACTS, latencies=latencies)
    return make_facts(make_predictions([], []), serving=serving).latencies


def test_latencies_of_the_smallest_batch_first():
    latencies = {"64": (30.0, 10.0), "1": tuple(float(number) for number in range(100, 0, -1))}
    assert latencies_of(latencies) == (
        Latency(batch=1, calls=100, median=50.5, slow=95.0, an_image=50.5),
        Latency(batch=64, calls=2, median=20.0, slow=30.0, an_image=0.3125),
    )
    assert latencies_of({"1": ()}) == ()
