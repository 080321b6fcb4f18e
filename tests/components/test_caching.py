import shutil

import pytest

from components import caching
from tests.pipeline.compiled_steps import changed, compile_steps, parameters

TRAINING = {"Trainer", "Tuner"}
STEPS_OF = {
    "normalization/normalize.py": {
        "ImageFolderExampleGen",
        "InfraValidator",
    },
    "serving/model_assets.py": {*TRAINING, "Exporter", "InfraValidator"},
    "serving/exports/converters.py": {"Exporter"},
    "serving/infra_validator/probe.py": {"InfraValidator"},
    "serving/directory/publishing.py": {"Pusher"},
    "training/architectures/cnn.py": TRAINING,
    "preprocessing.py": {"Transform"},
    "evaluation/predicted_examples.py": {"BulkInferrer"},
    "release/release_checks.py": {"ReleaseGate"},
    "metrics.py": {"ReleaseGate", "ModelReport"},
    "validation/drift.py": {"DataReport", "DataGate"},
    "pages/page.py": {"DataReport", "ModelReport"},
    "pages/templates/page.css": {"DataReport", "ModelReport"},
    "pages/finding_kinds.py": {"DataReport", "ModelReport"},
    "data_report/data_page.py": {"DataReport"},
    "data_report/templates/data_report.html": {"DataReport"},
    "reporting/templates/report.css": {"ModelReport"},
}
"""Which steps run again when a file changes."""

FILES = {
    "__init__.py": "",
    "features.py": "KEY = 1",
    "ingestion/__init__.py": "from components.ingestion import names",
    "ingestion/names.py": "",
    "ingestion/executor.py": "def do():\n    from components.shared import record",
    "ingestion/page.py": "import components.page",
    "shared/record.py": "from . import relative\nfrom ..features import KEY",
    "shared/relative.py": "import components.shared.record",
    "shared/unused.py": "raise RuntimeError",
    "page.py": "",
    "preprocessing.py": "import os\nfrom components.ingestion.page import look",
    "templates/page.css": "",
}
PARTS_OF_EXECUTOR = (
    "__init__.py",
    "features.py",
    "ingestion/__init__.py",
    "ingestion/names.py",
    "ingestion/executor.py",
    "shared/record.py",
    "shared/relative.py",
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of which every import is of another kind."""
    root = tmp_path / "components"
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).write_text(text)
    monkeypatch.setattr(caching, "PACKAGE", root)
    return root


@pytest.mark.parametrize("name", sorted(FILES))
def test_changes_with_what_is_imported_anywhere_and_with_nothing_else(package, name):
    before = caching.code_fingerprint("ingestion.executor")
    with (package / name).open("a") as file:
        file.write("\n# changed")
    is_changed = caching.code_fingerprint("ingestion.executor") != before
    assert is_changed == (name in PARTS_OF_EXECUTOR)


def test_a_package_is_all_that_lies_in_it(package):
    before = caching.code_fingerprint("shared")
    (package / "shared" / "unused.py").write_text("changed")
    assert caching.code_fingerprint("shared") != before


def test_templates_count_where_they_are_asked_for(package):
    plain, with_templates = (
        caching.code_fingerprint("page", templates=asked) for asked in (False, True)
    )
    (package / "templates" / "page.css").write_text("changed")
    assert caching.code_fingerprint("page") == plain
    assert caching.code_fingerprint("page", templates=True) != with_templates


def test_the_order_of_modules_is_of_no_account(package):
    names = ("preprocessing", "ingestion.executor")
    assert caching.code_fingerprint(*names) == caching.code_fingerprint(*reversed(names))


def test_stays_when_the_package_lies_elsewhere(package, monkeypatch):
    before = caching.code_fingerprint("ingestion.executor")
    elsewhere = package.parent / "elsewhere" / "components"
    shutil.copytree(package, elsewhere)
    monkeypatch.setattr(caching, "PACKAGE", elsewhere)
    assert caching.code_fingerprint("ingestion.executor") == before


def test_refuses_what_is_not_a_module(package):
    with pytest.raises(ValueError, match="ingest") as caught:
        caching.code_fingerprint("ingestion", "ingest")
    assert str(caught.value) == "A step must be a module of components. Received: 'ingest'."


def fingerprints():
    """Of each step of a pipeline that has all of them."""
    tune = {"tune.trials": 2, "tune.space": {"learning_rate": [0.0001, 0.01]}}
    config = changed({"train.warm_start": "serving", "export.formats": "onnx", **tune})
    found = {}
    for name, step in compile_steps(config).items():
        values = parameters(step)
        own = {**values, **(values.get("custom_config") or {})}
        if "code_fingerprint" in own:
            found[name] = str(own["code_fingerprint"])
    return found


def test_which_steps_a_file_reaches(tmp_path, monkeypatch):
    """Fault E: hand-kept lists left out what a step uses, and had style sheets train anew."""
    copy = tmp_path / "components"
    shutil.copytree(caching.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = fingerprints()
    monkeypatch.setattr(caching, "PACKAGE", copy)
    assert fingerprints() == before
    reached = {}
    for name in STEPS_OF:
        original = (copy / name).read_bytes()
        (copy / name).write_bytes(original + b"\n")
        after = fingerprints()
        reached[name] = {step for step in before if after[step] != before[step]}
        (copy / name).write_bytes(original)
    assert reached == STEPS_OF


def test_only_the_step_of_a_page_reads_what_it_makes():
    """A page that looks different runs no other step: its output is nobody's input."""
    sources = {
        source.producer_node_query.id
        for step in compile_steps().values()
        for given in step.inputs.inputs.values()
        for source in given.channels
    }
    assert "DataReport" in compile_steps()["DataGate"].upstream_nodes
    assert "DataReport" not in sources
    assert "DataGate" in sources


def test_files_among_options_count_by_what_they_hold(tmp_path):
    weights = tmp_path / "a.h5"
    weights.write_bytes(b"one")
    options = {"weights": str(weights), "alpha": 0.5, "other": "imagenet"}
    # The beginning of the SHA-256 of "one".
    assert caching.file_fingerprints(options) == {"weights": "7692c3ad3540bb80"}
    weights.write_bytes(b"two")
    assert caching.file_fingerprints(options) == {"weights": "3fc4ccfe745870e2"}
