import dataclasses
import io
import itertools
import sys

import pytest
from rich.console import Console

from components.progress import StepProgress
from pipeline.local import console as console_module
from pipeline.local.console import RunConsole
from pipeline.local.events import (
    Notice,
    RunFailed,
    StepFinished,
    StepStarted,
)
from pipeline.runs.summary import RunSummary

GIB = 1024**3
TRAINED = StepFinished(
    "Trainer", 7, 10, 1234.56, 3 * GIB // 2, False, "cnn, 93,322 parameters, eval accuracy 0.9012"
)
CACHED = StepFinished("DataGate", 5, 10, 0.1, GIB, True, "no anomalies")
RELEASED = RunSummary(
    found=70_002,
    duplicates=0,
    rejected=2,
    rejects_file="out/[red]x/rejects.csv",
    findings={"Near-duplicates": 1_234, "Dark images": 4},
    warnings=["image/brightness in eval: [red]x"],
    report="out/[red]x/report.html",
    split_sizes={"train": 56_000, "eval": 7_000, "test": 7_000},
    accuracies={"train": 0.95, "eval": 0.91, "test": 0.9},
    checks=[
        ["passed", "Accuracy: 0.9000 (0.8928 to 0.9068), at least 0.8500"],
        ["not enough evidence", "Recall of [red]x: 0.9000 (0.7 to 0.97), at least 0.8000"],
    ],
    verdict="Released: [red]x.",
    notes=["The serving model does not know [red]x."],
    model_report="out/[red]x/model/report.html",
    model="my serving/[red]x/1795327453",
    ignored=3,
)
TABLE = """
┏━━━━━━━┳━━━━━━━━┳━━━━━━━━━━┓
┃ split ┃ images ┃ accuracy ┃
┡━━━━━━━╇━━━━━━━━╇━━━━━━━━━━┩
│ train │ 56,000 │   0.9500 │
│ eval  │  7,000 │   0.9100 │
│ test  │  7,000 │   0.9000 │
└───────┴────────┴──────────┘
"""


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that goes on by a minute whenever somebody looks."""
    minutes = itertools.count(step=60)
    monkeypatch.setattr(console_module.time, "monotonic", lambda: float(next(minutes)))


@pytest.fixture(autouse=True)
def python(monkeypatch, tmp_path):
    """An interpreter below the current directory, as `make run` has it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))


def printed(*events, is_terminal=False, end=lambda shown: None) -> str:
    """What a terminal of 100 columns, or a file, shows of a run."""
    console = Console(file=io.StringIO(), width=100, force_terminal=is_terminal, no_color=True)
    with RunConsole(console, "out/[red]x/run.log") as shown:
        for event in events:
            shown.show(event)
    end(shown)
    return console.file.getvalue()


def test_a_released_run():
    out = printed(
        Notice("The schema was frozen into [red]x."),
        StepStarted("DataGate", 5, 10),
        CACHED,
        StepStarted("Trainer", 7, 10),
        StepProgress(1, 5, "epochs", ""),
        TRAINED,
        end=lambda shown: shown.print_summary(RELEASED),
    )
    assert out == (
        "The schema was frozen into [red]x.\n"
        " 5/10 DataGate                cached           no anomalies\n"
        " 7/10 Trainer               1234.6 s  1.5 GiB  "
        "cnn, 93,322 parameters, eval accuracy 0.9012\n"
        f"{TABLE}"
        "70,002 files found: 70,000 used, 0 duplicates, 2 rejected (and 3 ignored): "
        "see out/[red]x/rejects.csv\n"
        "Found: Near-duplicates: 1,234; Dark images: 4\n"
        "warning image/brightness in eval: [red]x\n"
        "Report on the images: out/[red]x/report.html\n"
        "passed               Accuracy: 0.9000 (0.8928 to 0.9068), at least 0.8500\n"
        "not enough evidence  Recall of [red]x: 0.9000 (0.7 to 0.97), at least 0.8000\n"
        "The serving model does not know [red]x.\n"
        "Released: [red]x. Version 1795327453: my serving/[red]x/1795327453\n"
        "Report on the model: out/[red]x/model/report.html\n"
        "Predict: .venv/bin/python -P -m pipeline.predict --model 'my serving/[red]x' IMAGE...\n"
        "60 s in all. Log: out/[red]x/run.log\n"
    )


def test_the_lines_of_steps_fit_100_columns():
    longest = (
        "70,000 found: 55,999 train, 7,002 eval, 6,999 test",
        "mobilenet_v2, 2,270,794 parameters, eval accuracy 0.9012",
        "accuracy 0.9012 on 6,999 test images: blessed",
    )
    for result in longest[::2]:
        line = printed(dataclasses.replace(TRAINED, step="ImageFolderExampleGen", result=result))
        assert len(line.rstrip("\n")) <= 100
    # Longer ones are not broken: a terminal does that better than a file.
    assert printed(dataclasses.replace(TRAINED, result=longest[1])).count("\n") == 1


def test_the_columns_stand_for_the_long_names_of_spans():
    names = ("ImageFolderExampleGen.span-12", "Trainer", "StatisticsGen.span-12")
    lines = printed(*(dataclasses.replace(TRAINED, step=name) for name in names)).splitlines()
    assert {line.index("1234.6 s") for line in lines} == {len(" 7/10 " + names[0] + " ")}


def test_a_run_of_spans():
    spans = dataclasses.replace(RELEASED, spans=["span-3", "span-4"], findings={}, warnings=[])
    out = printed(end=lambda shown: shown.print_summary(spans))
    assert (
        "70,002 files found: 70,000 used, 0 duplicates, 2 rejected (and 3 ignored): "
        "see out/[red]x/rejects.csv\n"
        "Of span-3, span-4\n"
        "Report on the images of span-4: out/[red]x/report.html\n"
    ) in out


def test_a_refused_run():
    failed = ["failed", "Accuracy: 0.9000 (0.8928 to 0.9068), at least 0.9500"]
    changes = {"checks": [failed], "verdict": "Refused: [red]x.", "model": "", "notes": []}
    refused = dataclasses.replace(RELEASED, rejected=0, **changes)
    out = printed(end=lambda shown: shown.print_summary(refused))
    assert out.endswith(
        "failed               Accuracy: 0.9000 (0.8928 to 0.9068), at least 0.9500\n"
        "Refused: [red]x. The model is not pushed.\n"
        "Report on the model: out/[red]x/model/report.html\n"
        "60 s in all. Log: out/[red]x/run.log\n"
    )


def test_an_interpreter_elsewhere_is_named_by_its_path(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    out = printed(end=lambda shown: shown.print_summary(RELEASED))
    assert "Predict: /usr/bin/python3 -P -m pipeline.predict --model 'my serving/[red]x'" in out


@pytest.mark.parametrize(
    ("failed", "shown"),
    [
        (
            RunFailed("The images must be [bold]right[/].\n  - they are not", False),
            "The images must be [bold]right[/].\n  - they are not\n",
        ),
        (
            RunFailed("ValueError: bad shape", True),
            "ValueError: bad shape\nThis is an unexpected error; please report it, with the log.\n",
        ),
    ],
)
@pytest.mark.parametrize("step", ["", "DataGate"])
def test_a_failed_run(failed, shown, step):
    started = [StepStarted(step, 5, 10)] if step else []
    where = f" in {step}" if step else ""
    assert printed(*started, end=lambda console: console.print_failure(failed)) == (
        f"\nThe run failed{where}.\n{shown}Log: out/[red]x/run.log\n"
    )


@pytest.mark.parametrize(
    ("progress", "detail"),
    [
        (StepProgress(1234, 2000, "images", "[red]x"), "1,234/2,000 images [red]x"),
        (StepProgress(1234, 0, "images", ""), "1,234 images"),
    ],
)
def test_a_terminal_shows_a_bar(progress, detail):
    out = printed(StepStarted("Trainer", 7, 10), progress, is_terminal=True)
    assert " 7/10 Trainer" in out
    assert detail in out
    assert detail not in printed(StepStarted("Trainer", 7, 10), progress)
