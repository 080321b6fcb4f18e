import types

import pytest

from components.errors import PipelineError
from pipeline.notebook.evaluations import (
    REPOSITORY,
    evaluated_model,
    find_evaluations,
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
