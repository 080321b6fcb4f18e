"""The artifacts of a run -> what each step did, and the summary of all."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from tfx.utils import path_utils

from components.audit import AUDIT_FILE, Audit
from components.data_report.data_page import DATA_PAGE_FILE
from components.errors import PipelineError
from components.features import EVAL_SPLIT, SPLITS, TEST_SPLIT, TRAIN_SPLIT
from components.ingestion.accounting import REJECTS_FILE
from components.metrics import Metrics, Proportion
from components.pages.finding_kinds import count_findings
from components.predictions import read_predictions
from components.release.release_verdict import COUNT, PASSED, Check, ModelVerdict
from components.release.release_verdict import read_verdict as read_release_verdict
from components.reporting.report_files import REPORT_FILE as MODEL_REPORT_FILE
from components.serving.atomic_pusher import SERVED_ALREADY
from components.serving.directory.layout import find_serving
from components.serving.directory.log import REMOVAL, Event, read_events, rollbacks_of
from components.serving.directory.publishing import is_whole
from components.serving.directory.release import find_release
from components.serving.exports.export_formats import read_exports
from components.serving.serving_facts import read_facts
from components.text import escape_unprintable
from components.training_history import read_history
from components.validation.validation_result import merge_splits, read_verdict
from pipeline.runs.records import StepRecord, kind_of, records_of, span_of
from pipeline.runs.summary import RunSummary

Records = Mapping[str, StepRecord]
INGESTION = "ImageFolderExampleGen"
REPORT = "DataReport"


def describe_step(step: str, records: Records) -> str:
    """Says in a few words what a step did.

    Args:
        step: Name of the step in TFX.
        records: The steps of the run so far, this one included.
    """
    if kind_of(step) == INGESTION:
        return _describe_ingestion(_audit(records[step]))
    described = _DESCRIPTIONS[kind_of(step)]
    return described if isinstance(described, str) else described(records)


def summarize(records: Records) -> RunSummary:
    """Sums up a run of which all steps are done.

    Raises:
        PipelineError: What it released, now or earlier, is not there.
    """
    ingested = records_of(records, INGESTION)
    audits = [_audit(record) for record in ingested.values()]
    verdict = _verdict(records)
    model = _pushed_model(records)
    return RunSummary(
        found=sum(audit.found for audit in audits),
        duplicates=sum(audit.duplicates for audit in audits),
        rejected=sum(audit.rejected for audit in audits),
        ignored=sum(audit.ignored for audit in audits),
        rejects_file=", ".join(
            _file(record, REJECTS_FILE)
            for record, audit in zip(ingested.values(), audits, strict=True)
            if audit.rejected
        ),
        findings=count_findings(audits),
        warnings=_warnings(records),
        report=data_page(records[REPORT]),
        split_sizes={split: sum(audit.split_size(split) for audit in audits) for split in SPLITS},
        accuracies=_accuracies(records),
        checks=[
            (check.outcome, f"{check.title}: {check.measured}, {check.threshold}")
            for check in verdict.checks
            if _matters(check)
        ],
        verdict=verdict.sentence,
        notes=_notes(verdict, model, records),
        model_report=os.path.join(_folder(records, "ModelReport", "report"), MODEL_REPORT_FILE),
        model=model,
        spans=[name for name in map(span_of, ingested) if name],
        # Whatever changes before it reaches the last step by the report on the model.
        is_unchanged=records["Pusher"].is_cached,
    )


def _accuracies(records: Records) -> dict[str, float]:
    history = _history(records)
    epochs, kept = history["epochs"], history["kept_epoch"] - 1
    return {
        TRAIN_SPLIT: epochs["accuracy"][kept],
        EVAL_SPLIT: epochs["val_accuracy"][kept],
        TEST_SPLIT: _test_accuracy(records).value,
    }


def _notes(verdict: ModelVerdict, model: str, records: Records) -> list[str]:
    """What else to know about the verdict, and about the model as it serves now."""
    notes = [verdict.baseline_note] if verdict.baseline_note else []
    notes += check_pushed(model) if model else []
    if _served_already(records):
        notes.append("This very model served already, so that none was published.")
    return notes


def data_page(reported: StepRecord) -> str:
    """The page about the images of a run whose DataReport is done."""
    return os.path.join(reported.outputs["report"].uri, DATA_PAGE_FILE)


def _describe_ingestion(audit: Audit) -> str:
    parts = [f"{audit.split_size(split):,} {split}" for split in SPLITS]
    left_out = {"duplicates": audit.duplicates, "rejected": audit.rejected}
    parts += [f"{count:,} {name}" for name, count in left_out.items() if count]
    ignored = f"; {audit.ignored:,} more ignored" if audit.ignored else ""
    return f"{audit.found:,} found: {', '.join(parts)}{ignored}"


def _audit(ingested: StepRecord) -> Audit:
    return Audit.read(_file(ingested, AUDIT_FILE))


def _file(ingested: StepRecord, name: str) -> str:
    return os.path.join(ingested.outputs["examples"].uri, name)


def _folder(records: Records, step: str, output: str) -> str:
    return records[step].outputs[output].uri


def _describe_baseline_statistics(records: Records) -> str:
    if "statistics" in records["StatisticsResolver"].outputs:
        return "the images of the last pushed model"
    return "no earlier images to compare with"


def _describe_gate(records: Records) -> str:
    warnings = len(_warnings(records))
    return f"{warnings} warning{'s' if warnings != 1 else ''}" if warnings else "nothing found"


def _warnings(records: Records) -> list[str]:
    verdict = read_verdict(_folder(records, "DataGate", "verdict"))
    return [str(finding) for finding in merge_splits(verdict.warnings)]


def _describe_warm_start(records: Records) -> str:
    properties = records["WarmStart"].outputs["model"].properties
    if properties["refusal"]:
        return f"training starts from scratch: {properties['refusal']}"
    return f"version {properties['version']}, which serves"


def _describe_search(records: Records) -> str:
    folder = _folder(records, "Tuner", "best_hyperparameters")
    with open(os.path.join(folder, "best_hyperparameters.txt"), encoding="utf-8") as file:
        values = json.load(file)["values"]
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _describe_training(records: Records) -> str:
    history = _history(records)
    accuracy = history["epochs"]["val_accuracy"][history["kept_epoch"] - 1]
    warm_start = history["warm_start"]
    return (
        f"{history['trainer']}, {history['parameters']:,} parameters, eval accuracy {accuracy:.4f}"
        + (f", warm start: {warm_start}" if warm_start != "none" else "")
    )


def _describe_exports(records: Records) -> str:
    model = _folder(records, "Exporter", "model")
    return ", ".join(
        f"{name} {'failed, see the report' if export['problem'] else 'made'}"
        for name, export in read_exports(path_utils.serving_model_path(model)).items()
    )


def _history(records: Records) -> dict[str, Any]:
    return read_history(_folder(records, "Trainer", "model_run"))


def _has_baseline(records: Records) -> bool:
    # Not "model": what is found under two keys, ML Metadata notes under one of them.
    return "pushed_model" in records["BaselineResolver"].outputs


def _describe_baseline(records: Records) -> str:
    return "the serving model" if _has_baseline(records) else "no earlier model to compare with"


def _describe_predictions(records: Records) -> str:
    return f"predictions of the model{' and the serving one' if _has_baseline(records) else ''}"


def _describe_evaluation(records: Records) -> str:
    accuracy = _test_accuracy(records)
    # No word on its blessing: ReleaseGate, which asks more, has the verdict.
    return f"accuracy {accuracy.value:.4f} on {accuracy.trials:,} test images"


def _test_accuracy(records: Records) -> Proportion:
    predictions = read_predictions(_folder(records, "BulkInferrer", "predictions"))
    # The interval is not shown.
    return Metrics(predictions, confidence=0.95).accuracy


def _describe_serving(records: Records) -> str:
    problems = len(read_facts(_folder(records, "InfraValidator", "blessing")).problems)
    if problems:
        return f"{problems} problem{'s' if problems != 1 else ''} when served"
    return "predicts in a fresh process as it was evaluated"


def _verdict(records: Records) -> ModelVerdict:
    return read_release_verdict(_folder(records, "ReleaseGate", "verdict"))


def _describe_verdict(records: Records) -> str:
    verdict = _verdict(records)
    passed = len(verdict.having(PASSED))
    outcome = "released" if verdict.is_released else "refused"
    if verdict.force_push and not verdict.is_released:
        outcome = "to be pushed by force"
    return f"{passed} of {len(verdict.checks)} checks passed: {outcome}"


def _matters(check: Check) -> bool:
    """Whether a check is worth a line: one that did not pass, or with a bound of the user."""
    return check.outcome != PASSED or not (check.is_of_class or check.unit == COUNT)


def _pushed_model(records: Records) -> str:
    properties = records["Pusher"].outputs["pushed_model"].properties
    return str(properties["pushed_destination"]) if properties["pushed"] else ""


def _served_already(records: Records) -> bool:
    """Whether the model was published by an earlier run, and is the same file by file."""
    return bool(records["Pusher"].outputs["pushed_model"].properties.get(SERVED_ALREADY))


def _describe_push(records: Records) -> str:
    model = _pushed_model(records)
    if not model:
        return "nothing: the model was refused"
    already = ", which served already" if _served_already(records) else ""
    return f"version {os.path.basename(model)}{already}"


_DESCRIPTIONS: Mapping[str, str | Callable[[Records], str]] = {
    "StatisticsGen": f"of {', '.join(SPLITS)}",
    "ImportSchemaGen": "the frozen schema",
    "ExampleValidator": "images compared with the schema",
    "StatisticsResolver": _describe_baseline_statistics,
    REPORT: DATA_PAGE_FILE,
    "DataGate": _describe_gate,
    "Transform": "images of one size, labels",
    "WarmStart": _describe_warm_start,
    "Tuner": _describe_search,
    "Trainer": _describe_training,
    "Exporter": _describe_exports,
    "BaselineResolver": _describe_baseline,
    "BulkInferrer": _describe_predictions,
    "Evaluator": _describe_evaluation,
    "InfraValidator": _describe_serving,
    "ReleaseGate": _describe_verdict,
    "ModelReport": f"{MODEL_REPORT_FILE}, model card, metrics",
    "Pusher": _describe_push,
}


def check_pushed(folder: str) -> list[str]:
    """Checks that a version is there, and was not taken out of use.

    Args:
        folder: `<serving>/<name>/<version>`, as the Pusher noted it, now or earlier.

    Returns:
        What to know besides: nothing, or which other version serves.

    Raises:
        PipelineError: It is gone, damaged, or rolled back.
    """
    model_folder, version = os.path.dirname(folder), int(os.path.basename(folder))
    events = read_events(model_folder)
    release = find_release(model_folder, version)
    if release is None or not is_whole(model_folder, version):
        removals = [e for e in events if e.version == version and e.origin.action == REMOVAL]
        how = f": {_describe_event(removals[-1])}" if removals else ""
        raise PipelineError(
            "A released version must be whole in the serving directory when its run ends. "
            f"Received: {folder}, which is missing or was changed{how}. Run again, which pushes "
            "the model again; what is done is cached."
        )
    if withdrawals := rollbacks_of(model_folder, release.model_digest):
        raise PipelineError(
            "A released model must not have been rolled back when its run ends. Received: "
            f"{folder}: {_describe_event(withdrawals[-1])}. The gate refuses it from now on; "
            "--force-push REASON overrules that."
        )
    return _what_serves(model_folder, version, release.model_digest, events)


def _what_serves(
    model_folder: str, version: int, model_digest: str, events: list[Event]
) -> list[str]:
    serving = find_serving(model_folder)
    if serving is None or serving == version:
        return []
    release = find_release(model_folder, serving)
    if release is not None and release.model_digest == model_digest:
        return [f"It serves as version {serving}, which is the same model."]
    how = [_describe_event(event) for event in events if event.version == serving]
    what = f", {how[0]}" if how else ""
    return [f"Version {version} is there and does not serve: version {serving} does{what}."]


def _describe_event(event: Event) -> str:
    """Such as "a rollback by ann@host at ...: takes bags for shirts"."""
    origin = event.origin
    reason = f": {escape_unprintable(origin.reason)}" if origin.reason else ""
    return f"a {origin.action} by {escape_unprintable(origin.actor)} at {event.time}{reason}"
