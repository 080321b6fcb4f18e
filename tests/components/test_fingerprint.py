import pytest

from components import fingerprint


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two steps, one a package and one a module."""
    files = {
        "features.py": "KEY = 1",
        "images.py": "SIZE = 2",
        "ingestion/__init__.py": "",
        "ingestion/record.py": "def encode(): ...",
        "preprocessing.py": "def transform(): ...",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(fingerprint, "PACKAGE", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (("ingestion",), "a07bc3cb9af166db"),
        (("preprocessing",), "ced2a51a0eab17ca"),
        (("ingestion", "preprocessing"), "b4c08bb820791a99"),
        (("preprocessing", "ingestion"), "b4c08bb820791a99"),
    ],
)
def test_is_the_digest_of_the_files(package, steps, expected):
    assert fingerprint.code_fingerprint(*steps) == expected


@pytest.mark.parametrize("name", ["ingestion/record.py", "features.py", "images.py"])
def test_changes_with_the_code_of_the_step_and_with_what_all_share(package, name):
    before = fingerprint.code_fingerprint("ingestion")
    (package / name).write_text("changed")
    assert fingerprint.code_fingerprint("ingestion") != before


def test_changes_with_the_name_of_a_file(package):
    before = fingerprint.code_fingerprint("ingestion")
    (package / "ingestion" / "record.py").rename(package / "ingestion" / "records.py")
    assert fingerprint.code_fingerprint("ingestion") != before


def test_stays_when_another_step_changes(package):
    before = fingerprint.code_fingerprint("ingestion")
    (package / "preprocessing.py").write_text("changed")
    (package / "ingestion" / "notes.txt").write_text("not code")
    assert fingerprint.code_fingerprint("ingestion") == before


def test_stays_when_the_package_lies_elsewhere(package, monkeypatch):
    before = fingerprint.code_fingerprint("ingestion")
    elsewhere = package.rename(package.with_name("elsewhere"))
    monkeypatch.setattr(fingerprint, "PACKAGE", elsewhere)
    assert fingerprint.code_fingerprint("ingestion") == before


def test_refuses_what_is_not_a_step(package):
    with pytest.raises(ValueError, match="ingest") as caught:
        fingerprint.code_fingerprint("ingestion", "ingest")
    assert str(caught.value) == "A step must be a module of components. Received: 'ingest'."


@pytest.mark.parametrize("step", ["ingestion", "validation", "preprocessing", "training"])
def test_knows_the_steps_of_the_pipeline(step):
    assert len(fingerprint.code_fingerprint(step)) == 16


def test_files_among_options_count_by_what_they_hold(tmp_path):
    weights = tmp_path / "a.h5"
    weights.write_bytes(b"one")
    options = {"weights": str(weights), "alpha": 0.5, "other": "imagenet"}
    # The beginning of the SHA-256 of "one".
    assert fingerprint.file_fingerprints(options) == {"weights": "7692c3ad3540bb80"}
    weights.write_bytes(b"two")
    assert fingerprint.file_fingerprints(options) == {"weights": "3fc4ccfe745870e2"}
