import html
import json
import types

import numpy as np
import pytest

from components.errors import PipelineError
from pipeline import notebook
from pipeline.notebook import (
    REPOSITORY,
    evaluated_model,
    find_evaluations,
    frame,
    metric_table,
    output_folder,
)


def test_relative_folders_start_at_the_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (REPOSITORY / "notebooks/evaluation.ipynb").is_file()
    assert output_folder("output/flowers") == str(REPOSITORY / "output/flowers")
    assert output_folder(str(tmp_path)) == str(tmp_path)


def test_the_evaluated_model_is_where_the_output_is_now():
    result = types.SimpleNamespace(
        model_location="output/flowers/artifacts/Trainer/model/8/Format-Serving"
    )
    assert evaluated_model(result, "/elsewhere/flowers") == (
        "/elsewhere/flowers/artifacts/Trainer/model/8/Format-Serving"
    )


def test_evaluations_in_their_order(tmp_path):
    folder = tmp_path / "artifacts/Evaluator/evaluation"
    for name in ("9", "10", "2", "notes"):
        (folder / name).mkdir(parents=True)
        (folder / name / "eval_config.json").touch()
    # Of a step that failed.
    (folder / "11").mkdir()
    found = find_evaluations(str(tmp_path))
    assert [path.rpartition("/")[2] for path in found] == ["2", "9", "10"]


def test_no_evaluations(tmp_path):
    with pytest.raises(PipelineError) as raised:
        find_evaluations(str(tmp_path))
    assert str(raised.value) == (
        f"A pipeline must have evaluated a model. Received: {tmp_path} without evaluations. Run "
        "the pipeline first, or set EVALUATION_OUTPUT to its folder, <output>/<name>."
    )


def metrics(**values: float) -> dict:
    """As TFMA has them: by output, by sub-key, by name."""
    return {"": {"": {name: {"doubleValue": value} for name, value in values.items()}}}


def test_all_images_come_first_then_the_classes_by_name():
    slices = [
        ((("image/class/text", "dog"),), metrics(example_count=2.0, accuracy=0.5)),
        ((), metrics(example_count=5.0, accuracy=0.8, loss=0.25)),
        ((("image/class/text", "Cat"),), metrics(example_count=3.0, accuracy=1.0)),
    ]
    table = metric_table(types.SimpleNamespace(slicing_metrics=slices))
    assert list(table.index) == ["all images", "Cat", "dog"]
    assert table["example_count"].tolist() == [5.0, 3.0, 2.0]
    assert table["accuracy"].tolist() == [0.8, 1.0, 0.5]
    np.testing.assert_array_equal(table["loss"], [0.25, np.nan, np.nan])


class PlotViewer:
    """As TFMA's, of the same name."""

    config = {"title": "</script><script>alert(1)</script>"}
    data = {"values": [1, 2]}


def test_a_viewer_has_its_script_and_data_with_it():
    shown = frame(PlotViewer(), height=300)
    assert shown.startswith('<iframe style="width: 100%; height: 300px; border: 0" srcdoc="')
    page = html.unescape(shown.partition('srcdoc="')[2].removesuffix('"></iframe>'))
    assert "<tfma-nb-plot id=view></tfma-nb-plot>" in page
    assert 'view.data = {"values": [1, 2]};' in page
    # Three scripts would mean that a name ended one of the two.
    assert page.count("</script>") == 2
    escaped = json.dumps(PlotViewer.config).replace("<", "\\u003c")
    assert f"view.config = {escaped};" in page
    assert len(page) > 1_000_000


def test_what_is_no_viewer():
    with pytest.raises(PipelineError) as raised:
        frame("text")
    assert str(raised.value) == (
        "A viewer must be one of SlicingMetricsViewer, TimeSeriesViewer, PlotViewer, as tfma.view "
        "makes them. Received: str."
    )


def test_an_environment_without_the_views(monkeypatch, tmp_path):
    monkeypatch.setattr(notebook.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(PipelineError) as raised:
        frame(PlotViewer())
    assert str(raised.value) == (
        f"TFMA's views must be installed. Received: {tmp_path}/{notebook.SCRIPT}: No such file or "
        "directory. Set the environment up with `make set-up`."
    )
