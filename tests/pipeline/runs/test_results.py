"""What is said of a step that is done, from its artifacts."""

import dataclasses
import math

import pytest

from components.audit import Finding
from components.ingestion.image_record import Rejection
from components.metrics import Proportion
from components.release.release_verdict import AT_LEAST, ModelVerdict, make_check
from pipeline.runs import results
from pipeline.runs.records import StepArtifact, StepRecord
from pipeline.runs.results import describe_step, summarize
from tests.components.ingestion.made_up import make_audit, make_images

LEAST = {"direction": AT_LEAST, "method": "Wilson"}
VERDICT = ModelVerdict(
    is_released=False,
    sentence="Refused: no.",
    checks=(
        make_check("accuracy", "Accuracy", 0.5, 0.7, interval=(0.4, 0.6), **LEAST),
        make_check("withdrawals", "Times", 0, 0, unit="count"),
        make_check("recall/cat", "Recall of cat", math.nan, 0.5, interval=(0, 1), **LEAST),
        make_check("recall/dog", "Recall of dog", 0.9, 0.5, interval=(0.8, 1), **LEAST),
    ),
    test_images=12,
    baseline="",
    baseline_note="No model was serving.",
    policy="refuse",
    confidence=0.95,
)
PAIR = Finding("near_duplicate", ("cat/a", "cat/b"), ("cat", "cat"), ("", ""), "alike", 0.0)


@pytest.fixture
def ingested(tmp_path):
    """Two spans of 12 images and 24, the second with a rejection and a finding."""
    records = {}
    for number, rejections, findings in ((7, (), ()), (8, (Rejection("x", "cat", "y"),), (PAIR,))):
        folder = tmp_path / str(number)
        folder.mkdir()
        counts = {(split, "cat"): 4 * (number - 6) for split in ("train", "eval", "test")}
        make_audit(make_images(counts), rejections, findings).write(str(folder / "audit.json"))
        examples = StepArtifact(str(folder), {})
        records[f"ImageFolderExampleGen.span-{number}"] = StepRecord(
            "COMPLETE", {"examples": examples}
        )
    records["DataReport"] = StepRecord("COMPLETE", {"report": StepArtifact("d", {})})
    return records


def test_each_span_is_described_by_itself(ingested):
    assert describe_step("ImageFolderExampleGen.span-7", ingested) == (
        "12 found: 4 train, 4 eval, 4 test"
    )
    assert describe_step("ImageFolderExampleGen.span-8", ingested) == (
        "25 found: 8 train, 8 eval, 8 test, 1 rejected"
    )
    assert describe_step("StatisticsGen.span-8", ingested) == "of train, eval, test"


def test_the_summary_adds_up_over_the_spans(ingested, tmp_path, monkeypatch):
    accuracy = Proportion.of(6, 12, 0.95)
    monkeypatch.setattr(results, "_test_accuracy", lambda _: accuracy)
    monkeypatch.setattr(results, "_verdict", lambda _: VERDICT)
    monkeypatch.setattr(
        results,
        "_history",
        lambda _: {"kept_epoch": 1, "epochs": {"accuracy": [0.5], "val_accuracy": [0.5]}},
    )
    monkeypatch.setattr(results, "_warnings", lambda _: [])
    evaluator = StepRecord(
        "COMPLETE",
        {"evaluation": StepArtifact("e", {}), "blessing": StepArtifact("b", {"blessed": 0})},
    )
    pusher = StepRecord("COMPLETE", {"pushed_model": StepArtifact("p", {"pushed": 0})})
    report = StepRecord("COMPLETE", {"report": StepArtifact("r", {})})
    records = {**ingested, "Evaluator": evaluator, "ModelReport": report, "Pusher": pusher}
    finished = summarize(records)
    assert not finished.is_unchanged
    assert (finished.found, finished.rejected, finished.duplicates) == (37, 1, 0)
    assert finished.split_sizes == {"train": 12, "eval": 12, "test": 12}
    assert finished.findings["Near-duplicates"] == 1
    assert finished.spans == ["span-7", "span-8"]
    assert finished.report == "d/report.html"
    assert finished.rejects_file == str(tmp_path / "8" / "rejects.csv")
    assert finished.model_report == "r/report.html"
    assert (finished.verdict, finished.model) == ("Refused: no.", "")
    assert finished.notes == ["No model was serving."]
    # Of what passed, only what has a bound of the user's; of what did not, everything.
    assert finished.checks == [
        ("failed", "Accuracy: 0.5000 (0.4000 to 0.6000), at least 0.7000"),
        ("not enough evidence", "Recall of cat: not to be measured, at least 0.5000"),
    ]
    # Fault D10: of a run whose last step was cached too, it must be told that nothing changed.
    cached = {**records, "Pusher": dataclasses.replace(pusher, state="CACHED")}
    assert summarize(cached).is_unchanged


@pytest.mark.parametrize(
    ("force", "last_word"), [("", "refused"), ("a demonstration", "to be pushed by force")]
)
def test_one_verdict_on_a_screen(monkeypatch, force, last_word):
    """Fault D14: "Evaluator: blessed" stood above "refused"."""
    accuracy = Proportion.of(6, 12, 0.95)
    monkeypatch.setattr(results, "_test_accuracy", lambda _: accuracy)
    verdict = dataclasses.replace(VERDICT, force_push=force)
    monkeypatch.setattr(results, "_verdict", lambda _: verdict)
    blessing = StepArtifact("b", {"blessed": 1})
    outputs = {"evaluation": StepArtifact("e", {}), "blessing": blessing}
    records = {"Evaluator": StepRecord("COMPLETE", outputs)}
    assert describe_step("Evaluator", records) == "accuracy 0.5000 on 12 test images"
    assert describe_step("ReleaseGate", records) == f"2 of 4 checks passed: {last_word}"


@pytest.mark.parametrize(("already", "words"), [(0, ""), (1, ", which served already")])
def test_a_push_of_what_serves_is_told_from_one_that_publishes(already, words):
    """Fault D10: a new report on the serving model was told as a push of it."""
    properties = {"pushed": 1, "pushed_destination": "serving/a/7", "served_already": already}
    pusher = StepRecord("COMPLETE", {"pushed_model": StepArtifact("p", properties)})
    assert describe_step("Pusher", {"Pusher": pusher}) == f"version 7{words}"
