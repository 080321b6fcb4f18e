"""What becomes of a model after its push: another version, a rollback, force; and the notebook."""

import subprocess

import nbformat
import pytest
from nbclient import NotebookClient

from tests.e2e.pipeline_runs import GRAY_28, REPOSITORY, SAMPLE, SECONDS, Workplace

pytestmark = pytest.mark.e2e

FLAGS = (
    *GRAY_28,
    "--train.epochs=4",
    "--evaluate.min_accuracy=0.6",
    "--evaluate.max_accuracy_loss=0.2",
)
OTHER = (*FLAGS, "--train.epochs=5")
"""Another model of the same images."""
Finished = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace(tmp_path_factory.mktemp("releases"), SAMPLE)


@pytest.fixture(scope="module")
def two_runs(workplace: Workplace) -> list[Finished]:
    return [workplace.run(*FLAGS), workplace.run(*OTHER)]


def test_a_new_model_is_compared_with_the_serving_one(
    two_runs: list[Finished], workplace: Workplace
) -> None:
    assert [run.returncode for run in two_runs] == [0, 0], two_runs[1].stdout
    assert "No other model was serving to compare with." in two_runs[0].stdout
    assert "Change of accuracy against the serving model: " in two_runs[1].stdout
    assert len(workplace.versions) == 2
    index = (workplace.folder / "output" / workplace.name / "index.html").read_text()
    assert index.count("Released: all ") == 2


def test_a_version_is_rolled_back_and_does_not_come_back(
    two_runs: list[Finished], workplace: Workplace
) -> None:
    del two_runs
    first, second = workplace.versions
    rolled_back = workplace.releases("rollback", "--reason", "takes bags for shirts")
    third = workplace.versions[-1]
    assert rolled_back.stdout.startswith(
        f"Version {third} serves: it is version {first} again. Rolled back: {second}."
    )
    refused = workplace.run(*OTHER)
    assert refused.returncode == 3, refused.stdout
    assert f"rolled back: 1 (Version {second} was rolled back on " in refused.stdout
    assert "takes bags for shirts" in refused.stdout
    # It was trained before, and evaluated against the very model that serves again.
    states = workplace.states()
    assert (states["Trainer"], states["Evaluator"]) == ("CACHED", "CACHED")
    assert workplace.versions == [first, second, third]
    forced = workplace.run(*OTHER, "--force-push", "they look alike")
    assert forced.returncode == 0, forced.stdout
    assert "Pushed by force (they look alike)." in forced.stdout
    actions = [event["origin"]["action"] for event in workplace.release_log()]
    assert actions == ["push", "push", "rollback", "forced push"]
    assert workplace.releases("verify").returncode == 0


def test_the_notebook_shows_the_evaluation(
    two_runs: list[Finished], workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    del two_runs
    monkeypatch.setenv("EVALUATION_OUTPUT", str(workplace.folder / "output" / workplace.name))
    notebook = nbformat.read(REPOSITORY / "notebooks/evaluation.ipynb", as_version=4)
    # A notebook in the repository holds no results.
    assert [cell.outputs for cell in notebook.cells if cell.cell_type == "code"] == [[]] * 6
    # Where JupyterLab starts it.
    place = {"metadata": {"path": REPOSITORY / "notebooks"}}
    NotebookClient(notebook, timeout=SECONDS, resources=place).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"][1:]
    shown = [
        next(output.data for output in cell.outputs if output.output_type == "execute_result")
        for cell in cells
    ]
    metrics, confusion, *views = shown
    assert "all images" in metrics["text/plain"]
    assert "Ankle boot" in metrics["text/plain"]
    assert "Trouser" in confusion["text/plain"]
    components = ("tfma-nb-slicing-metrics", "tfma-nb-plot", "tfma-nb-time-series")
    for view, component in zip(views, components, strict=True):
        assert f"&lt;{component} id=view&gt;" in view["text/html"]
