"""The steps as far as the gate, each by TFX's launcher and with its cache."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from components import caching
from components.errors import PipelineError
from components.validation.schema import pin_schema
from pipeline import dag
from pipeline.config import PipelineConfig, from_dict
from pipeline.execution import StepRunner, infer_schema, this_machine
from pipeline.paths import output_folder
from pipeline.runs.records import CACHED, COMPUTED
from pipeline.runs.results import data_page
from tests.image_files import make_image_folder

pytestmark = pytest.mark.e2e

GATE = "DataGate"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> PipelineConfig:
    folder = tmp_path_factory.mktemp("steps")
    make_image_folder(folder / "pets", {"cat": 60, "dog": 60})
    places = {name: str(folder / name) for name in ("output", "serving")}
    settings = {"data": str(folder / "pets"), "schema": str(folder / "pets.pbtxt"), **places}
    config = from_dict({**settings, "image": {"channels": 1}})
    Path(output_folder(config)).mkdir(parents=True)
    return config


@pytest.fixture
def components(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the code, by whose digests TFX's cache goes."""
    copy = tmp_path / "components"
    shutil.copytree(caching.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(caching, "PACKAGE", copy)
    return copy


def run(config: PipelineConfig, name: str) -> tuple[Mapping[str, str], str]:
    """What became of each step up to the gate, and the page about the images."""
    machine = this_machine(config)
    if not Path(config.schema).exists():
        runner = StepRunner(dag.create_data_pipeline(config, machine), f"{name}-schema")
        records = {step: runner.run(step).record for step in runner.steps}
        infer_schema(records, config.schema)
    schema = pin_schema(config.schema, f"{config.output}/schemas")
    runner = StepRunner(dag.create_pipeline(config, machine, schema), name)
    steps = runner.steps[: runner.steps.index(GATE) + 1]
    results = {step: runner.run(step) for step in steps}
    worked = {step: result.work for step, result in results.items() if "Resolver" not in step}
    return worked, data_page(results["DataReport"].record)


def test_a_changed_template_makes_the_page_anew_and_nothing_else(
    config: PipelineConfig, components: Path
) -> None:
    first, page = run(config, "first")
    assert first["DataReport"] == first[GATE] == COMPUTED
    assert "120 files found" in Path(page).read_text()
    style = components / "data_report" / "templates" / "data_report.html"
    style.write_text(f"{style.read_text()}\n")
    again, _ = run(config, "again")
    assert again == {**dict.fromkeys(first, CACHED), "DataReport": COMPUTED}
    style = components / "pages" / "templates" / "page.css"
    style.write_text(f"{style.read_text()}\n")
    again, other_page = run(config, "once more")
    assert again == {**dict.fromkeys(first, CACHED), "DataReport": COMPUTED}
    assert other_page != page


def test_a_run_that_the_gate_stops_names_its_page(config: PipelineConfig) -> None:
    make_image_folder(Path(config.data), {"hen": 40}, first_seed=500)
    with pytest.raises(PipelineError) as stopped:
        run(config, "stopped")
    message, _, page = str(stopped.value).rpartition("\nReport on the images: ")
    assert message.startswith("The images must be as expected. Received:\n")
    shown = Path(page).read_text()
    assert "The run stops." in shown
    assert "hen" in shown
