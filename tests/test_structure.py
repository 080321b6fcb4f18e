"""Holds the direction of imports: runner_* -> pipeline -> components, and what is below them."""

import ast
import collections
import graphlib
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from components.training import architectures

REPOSITORY = pathlib.Path(__file__).parents[1]
STAGES = {
    "ingestion",
    "data_report",
    "validation",
    "preprocessing",
    "training",
    "evaluation",
    "serving",
    "release",
    "reporting",
}
SHARED = {
    "artifact_types",
    "audit",
    "beam_arguments",
    "caching",
    "config_checks",
    "declared_step",
    "errors",
    "features",
    "image_headers",
    "images",
    "lineage",
    "metrics",
    "normalization",
    "pages",
    "predictions",
    "progress",
    "resources",
    "split_records",
    "step_cost",
    "storage",
    "text",
    "training_history",
    "transformed_records",
    "sandbox",
}
STAGES_THAT_ANOTHER_NEEDS = {
    # Training ends with an export, and only serving knows what a served model looks like.
    ("training", "serving"),
    # A warm start recognizes images that the serving model has seen as ingestion finds copies.
    ("training", "ingestion"),
    # The page about the images shows what the gate will judge.
    ("data_report", "validation"),
    # The gate judges what the steps before it measured.
    ("release", "serving"),
    # The report shows what they found.
    ("reporting", "ingestion"),
    ("reporting", "validation"),
    ("reporting", "serving"),
    ("reporting", "release"),
}
HEAVY = ("keras", "tensorflow", "tfx")


def module_name(path: pathlib.Path, root: pathlib.Path) -> str:
    """`components/serving/__init__.py` -> "components.serving"."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(path: pathlib.Path, root: pathlib.Path) -> Iterator[str]:
    """Everything that a file imports, wherever in the file, by its full name."""
    folder = path.relative_to(root).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = folder[: len(folder) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def layer(module: str) -> str:
    """Where a module stands: "runner", "pipeline", "stage", "shared", "components" or ""."""
    top, _, rest = module.partition(".")
    if top.startswith("runner_"):
        return "runner"
    if top != "components" or not rest:
        return top if top in ("pipeline", "components") else ""
    return "stage" if stage(module) in STAGES else "shared"


def stage(module: str) -> str:
    return f"{module}..".split(".")[1]


def is_allowed(importing: str, imported: str) -> bool:
    """The rules; what is not ours may be imported by everyone."""
    if not layer(imported) or imported == "__future__":
        return True
    if layer(importing) == "stage" and layer(imported) == "stage":
        pair = (stage(importing), stage(imported))
        return pair[0] == pair[1] or pair in STAGES_THAT_ANOTHER_NEEDS
    return layer(imported) in {
        "runner": {"pipeline"},
        "pipeline": {"pipeline", "components", "stage", "shared"},
        "stage": {"shared"},
        "shared": {"shared"},
        "components": set(),
    }.get(layer(importing), set())


def wrong_imports(root: pathlib.Path) -> list[str]:
    """A line for each import against the rules, in the files of a repository."""
    paths = [*root.glob("runner_*.py")]
    for package in ("pipeline", "components"):
        paths += (root / package).rglob("*.py")
    return sorted(
        f"{module_name(path, root)} -> {name}"
        for path in paths
        for name in imported_names(path, root)
        if not is_allowed(module_name(path, root), name)
    )


def test_imports_go_one_way() -> None:
    assert wrong_imports(REPOSITORY) == []


def test_every_part_of_components_is_a_stage_or_shared() -> None:
    children = (REPOSITORY / "components").iterdir()
    names = {
        path.stem
        for path in children
        if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))
    }
    assert names == STAGES | SHARED | {"__init__"}


def test_no_stages_need_each_other() -> None:
    needs: dict[str, set[str]] = {}
    for stage_name, needed in STAGES_THAT_ANOTHER_NEEDS:
        needs.setdefault(stage_name, set()).add(needed)
    graphlib.TopologicalSorter(needs).prepare()


@pytest.mark.parametrize("package", ["components", "pipeline"])
def test_no_two_modules_of_a_package_have_one_name(package: str) -> None:
    names = collections.Counter(
        path.stem
        for path in (REPOSITORY / package).rglob("*.py")
        if path.stem not in ("__init__", "__main__")
    )
    assert [name for name, number in names.items() if number > 1] == []


def test_features_imports_nothing_of_ours() -> None:
    names = list(imported_names(REPOSITORY / "components/features.py", REPOSITORY))
    assert [name for name in names if layer(name)] == []


@pytest.mark.parametrize(
    ("file", "source", "expected"),
    [
        ("components/features.py", "import pipeline", "components.features -> pipeline"),
        (
            "components/serving/atomic_pusher.py",
            "from pipeline import config",
            "components.serving.atomic_pusher -> pipeline.config",
        ),
        (
            "components/serving/atomic_pusher.py",
            "def push():\n    from components.training import fit",
            "components.serving.atomic_pusher -> components.training.fit",
        ),
        (
            "components/evaluation/evaluator_config.py",
            "from ..validation import data_gate",
            "components.evaluation.evaluator_config -> components.validation.data_gate",
        ),
        (
            "components/preprocessing.py",
            "from components.ingestion.tf_example import image_format",
            "components.preprocessing -> components.ingestion.tf_example.image_format",
        ),
        (
            "components/images.py",
            "from components.serving.directory import layout",
            "components.images -> components.serving.directory.layout",
        ),
        ("components/images.py", "import runner_local", "components.images -> runner_local"),
        ("components/__init__.py", "from . import images", "components -> components.images"),
        ("pipeline/dag.py", "import runner_local", "pipeline.dag -> runner_local"),
        ("runner_x.py", "from components import images", "runner_x -> components.images"),
    ],
)
def test_finds_an_import_against_the_rules(
    file: str, source: str, expected: str, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    assert wrong_imports(tmp_path) == [expected]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("runner_x.py", "import sys\nfrom pipeline.dag import create_pipeline"),
        ("pipeline/dag.py", "from components.serving.atomic_pusher import AtomicPusher"),
        ("components/training/run_fn.py", "from components.serving.signatures import export_model"),
        ("components/training/run_fn.py", "from components.training import data, fit"),
        ("components/serving/predictor.py", "from components import features, images"),
        ("components/images.py", "from __future__ import annotations\nimport tensorflow as tf"),
    ],
)
def test_accepts_an_import_within_the_rules(file: str, source: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    assert wrong_imports(tmp_path) == []


def run_python(code: str, folder: pathlib.Path) -> str:
    """What Python prints, in a process that knows only what is installed and its own folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stderr == ""
    return finished.stdout


def test_packages_can_be_imported_from_anywhere(tmp_path: pathlib.Path) -> None:
    code = "import components, pipeline; print(components.__file__, pipeline.__file__, sep='\\n')"
    assert run_python(code, tmp_path).splitlines() == [
        str(REPOSITORY / "components/__init__.py"),
        str(REPOSITORY / "pipeline/__init__.py"),
    ]


@pytest.mark.parametrize("module", [*architectures.available(), "interface"])
def test_importing_a_trainer_imports_nothing_heavy(module: str) -> None:
    code = (
        f"import sys, components.training.architectures.{module}\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert run_python(code, REPOSITORY) == "[]\n"
