"""The artifacts of a run -> what each step did, and the summary of all."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from components.evaluation.results import read_evaluation
from components.features import EVAL_SPLIT, SPLITS, TEST_SPLIT, TRAIN_SPLIT
from components.ingestion.accounting import REJECTS_FILE
from components.ingestion.reporting.audit import AUDIT_FILE, Audit
from components.ingestion.reporting.findings import KINDS
from components.ingestion.reporting.report.writer import REPORT_FILE
from components.release.verdict import COUNT, PASSED, Check, Verdict
from components.release.verdict import read_verdict as read_release_verdict
from components.release.wording import bound, measured
from components.reporting.files import REPORT_FILE as MODEL_REPORT_FILE
from components.serving.pusher import SERVED_ALREADY
from components.serving.serving_facts import read_facts
from components.training_history import read_history
from components.validation.findings import merge_splits, read_verdict
from pipeline.runs.finished import RunFinished
from pipeline.runs.pushed import check_pushed
from pipeline.runs.records import StepRecord, kind_of, records_of, span_of

Records = Mapping[str, StepRecord]
INGESTION = "ImageFolderExampleGen"


def describe_step(step: str, records: Records) -> str:
    """Says in a few words what a step did.

    Args:
        step: Name of the step in TFX.
        records: The steps of the run so far, this one included.
    """
    descriptions: dict[str, Callable[[Records], str]] = {
        "ImageFolderExampleGen": lambda _: _describe_ingestion(_audit(records[step])),
        "StatisticsGen": lambda _: f"of {', '.join(SPLITS)}",
        "ImportSchemaGen": lambda _: "the frozen schema",
        "ExampleValidator": lambda _: "images compared with the schema",
        "StatisticsResolver": _describe_baseline_statistics,
        "DataGate": _describe_gate,
        "Transform": lambda _: "images of one size, labels",
        "WarmStart": _describe_warm_start,
        "Tuner": _describe_search,
        "Trainer": _describe_training,
        "BaselineResolver": _describe_baseline,
        "Evaluator": _describe_evaluation,
        "BulkInferrer": _describe_answers,
        "InfraValidator": _describe_serving,
        "ReleaseGate": _describe_verdict,
        "ModelReport": lambda _: f"{MODEL_REPORT_FILE}, model card, metrics",
        "Pusher": _describe_push,
    }
    return descriptions[kind_of(step)](records)


def summarize(records: Records) -> RunFinished:
    """Sums up a run of which all steps are done.

    Raises:
        PipelineError: What it released, now or earlier, is not there.
    """
    ingested = records_of(records, INGESTION)
    audits = [_audit(record) for record in ingested.values()]
    rejects = [_file(record, REJECTS_FILE) for record in ingested.values()]
    evaluation = records["Evaluator"].outputs["evaluation"].uri
    verdict = _verdict(records)
    model = _pushed_model(records)
    standing = check_pushed(model) if model else []
    if _served_already(records):
        standing = [*standing, "This very model served already, so that none was published."]
    history = _history(records)
    epochs, kept = history["epochs"], history["kept_epoch"] - 1
    return RunFinished(
        found=sum(audit.found for audit in audits),
        duplicates=sum(audit.duplicates for audit in audits),
        rejected=sum(audit.rejected for audit in audits),
        ignored=sum(audit.ignored for audit in audits),
        rejects_file=", ".join(
            path for path, audit in zip(rejects, audits, strict=True) if audit.rejected
        ),
        findings=_count_findings(audits),
        warnings=_warnings(records),
        # Those of older spans were shown when they were new.
        report=_file(list(ingested.values())[-1], REPORT_FILE),
        split_sizes={split: sum(audit.split_size(split) for audit in audits) for split in SPLITS},
        accuracies={
            TRAIN_SPLIT: epochs["accuracy"][kept],
            EVAL_SPLIT: epochs["val_accuracy"][kept],
            TEST_SPLIT: read_evaluation(evaluation).accuracy,
        },
        checks=[
            (check.outcome, f"{check.title}: {measured(check)}, {bound(check)}")
            for check in verdict.checks
            if _matters(check)
        ],
        verdict=verdict.sentence,
        notes=[*([verdict.baseline_note] if verdict.baseline_note else []), *standing],
        model_report=os.path.join(records["ModelReport"].outputs["report"].uri, MODEL_REPORT_FILE),
        model=model,
        spans=[name for name in map(span_of, ingested) if name],
        # Whatever changes before it reaches the last step by the report on the model.
        is_unchanged=records["Pusher"].is_cached,
    )


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


def _count_findings(audits: Sequence[Audit]) -> dict[str, int]:
    """Findings by title, the worst kind first."""
    counts = {
        kind: sum(audit.findings[kind].count for audit in audits if kind in audit.findings)
        for kind in KINDS
    }
    return {KINDS[kind].title: count for kind, count in counts.items() if count}


def _describe_baseline_statistics(records: Records) -> str:
    if "statistics" in records["StatisticsResolver"].outputs:
        return "the images of the last pushed model"
    return "no earlier images to compare with"


def _describe_gate(records: Records) -> str:
    warnings = len(_warnings(records))
    return f"{warnings} warning{'s' if warnings != 1 else ''}" if warnings else "nothing found"


def _warnings(records: Records) -> list[str]:
    verdict = read_verdict(records["DataGate"].outputs["verdict"].uri)
    return [str(finding) for finding in merge_splits(verdict.warnings)]


def _describe_warm_start(records: Records) -> str:
    properties = records["WarmStart"].outputs["model"].properties
    if properties["refusal"]:
        return f"training begins anew: {properties['refusal']}"
    return f"version {properties['version']}, which serves"


def _describe_search(records: Records) -> str:
    folder = records["Tuner"].outputs["best_hyperparameters"].uri
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
        + "".join(
            f", export {name}: {'failed, see the report' if export['problem'] else 'made'}"
            for name, export in history.get("exports", {}).items()
        )
    )


def _describe_baseline(records: Records) -> str:
    return "the serving model" if _has_baseline(records) else "no earlier model to compare with"


def _has_baseline(records: Records) -> bool:
    # Not "model": what is found under two keys, ML Metadata notes under one of them.
    return "pushed_model" in records["BaselineResolver"].outputs


def _describe_evaluation(records: Records) -> str:
    result = read_evaluation(records["Evaluator"].outputs["evaluation"].uri)
    # No word on its blessing: ReleaseGate, which asks more, has the verdict.
    return f"accuracy {result.accuracy:.4f} on {result.images:,} test images"


def _describe_answers(records: Records) -> str:
    return f"answers of the model{' and of the serving one' if _has_baseline(records) else ''}"


def _describe_serving(records: Records) -> str:
    facts = read_facts(records["InfraValidator"].outputs["blessing"].uri)
    problems = len(facts.problems)
    return (
        f"{problems} problem{'s' if problems != 1 else ''} when served"
        if problems
        else "answers in a fresh process as it was evaluated"
    )


def _describe_verdict(records: Records) -> str:
    verdict = _verdict(records)
    passed = len(verdict.having(PASSED))
    outcome = "released" if verdict.is_released else "refused"
    if verdict.force_push and not verdict.is_released:
        outcome = "to be pushed by force"
    return f"{passed} of {len(verdict.checks)} checks passed: {outcome}"


def _describe_push(records: Records) -> str:
    model = _pushed_model(records)
    if not model:
        return "nothing: the model was refused"
    already = ", which served already" if _served_already(records) else ""
    return f"version {os.path.basename(model)}{already}"


def _history(records: Records) -> dict[str, Any]:
    return read_history(records["Trainer"].outputs["model_run"].uri)


def _matters(check: Check) -> bool:
    """Whether a check is worth a line: one that did not pass, or with a bound of the user."""
    is_of_class = "/" in check.name
    return check.outcome != PASSED or not (is_of_class or check.unit == COUNT)


def _verdict(records: Records) -> Verdict:
    return read_release_verdict(records["ReleaseGate"].outputs["verdict"].uri)


def _served_already(records: Records) -> bool:
    """Whether the model was published by an earlier run, and is the same file by file."""
    properties = records["Pusher"].outputs["pushed_model"].properties
    return bool(properties.get(SERVED_ALREADY))


def _pushed_model(records: Records) -> str:
    properties = records["Pusher"].outputs["pushed_model"].properties
    return str(properties["pushed_destination"]) if properties["pushed"] else ""
