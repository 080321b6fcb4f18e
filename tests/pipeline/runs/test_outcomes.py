import dataclasses
import json

import pytest

from pipeline.config import PipelineConfig
from pipeline.runs import outcomes
from pipeline.runs.outcomes import failed, finished, interrupted, record_outcome
from tests.pipeline.local.fake_worker import FINISHED

CONFIG = PipelineConfig("photos")


def make_run(number):
    folder = f"output/photos/runs/{number}"
    return folder, f"{folder}/run.log"


def write_metrics(tmp_path):
    report = tmp_path / "output/photos/artifacts/1/report.html"
    report.parent.mkdir(parents=True)
    accuracy = {"value": 0.9, "low": 0.8, "high": 0.95, "images": 10, "right": 9}
    report.with_name("metrics.json").write_text(json.dumps({"accuracy": accuracy}))
    return dataclasses.replace(FINISHED, model_report=str(report))


def test_every_run_is_in_the_index(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = write_metrics(tmp_path)
    makers = (
        lambda log: finished(log, run),
        lambda log: failed(log, "In Trainer: <script>alert(1)</script>"),
        interrupted,
    )
    for number, make in enumerate(makers):
        folder, log = make_run(number)
        (tmp_path / folder).mkdir(parents=True)
        index = record_outcome(CONFIG, folder, make(log))
    # One that goes on, and one whose last word was cut off.
    (tmp_path / "output/photos/runs/8").mkdir()
    (tmp_path / "output/photos/runs/9").mkdir()
    (tmp_path / "output/photos/runs/9/outcome.json").write_text('{"time')
    index = record_outcome(CONFIG, folder, interrupted(log))
    assert index == "output/photos/index.html"
    page = (tmp_path / index).read_text()
    assert 'href="artifacts/1/report.html"' in page
    assert 'href="runs/0/run.log"' in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page
    assert not (tmp_path / "output/photos/index.html.unfinished").exists()
    read = list(outcomes._read_outcomes(str(tmp_path / "output/photos/runs")))
    assert [entry.outcome for entry in read] == ["pushed", "failed", "interrupted"]
    assert (read[0].accuracy, read[0].low, read[0].high, read[0].test_images) == (
        0.9,
        0.8,
        0.95,
        10,
    )
    assert (read[0].version, read[0].text) == ("1", FINISHED.verdict)


@pytest.mark.parametrize("is_killed", [False, True])
@pytest.mark.parametrize("model", ["serving/photos/1", ""])
def test_a_run_that_had_nothing_to_do_adds_no_row(tmp_path, monkeypatch, model, is_killed):
    """Fault D10: each repetition was a row of its own, "pushed" or "refused" once more."""
    monkeypatch.chdir(tmp_path)
    run = dataclasses.replace(write_metrics(tmp_path), model=model)
    again = dataclasses.replace(run, is_unchanged=True)
    # The first may be missing, as one that was killed behind its last step.
    runs = [again, again] if is_killed else [run, again, again]
    for number, each in enumerate(runs):
        folder, log = make_run(number)
        (tmp_path / folder).mkdir(parents=True)
        index = record_outcome(CONFIG, folder, finished(log, each))
    page = (tmp_path / index).read_text()
    assert page.count('<th scope="row">') == 1
    if not is_killed:
        assert page.count('class="whisker"') == 1
        assert f"3 runs: 1 {'pushed' if model else 'refused'}, 2 unchanged." in page
