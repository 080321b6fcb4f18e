"""`metrics.json`: the report for machines.

    format              1; another number when keys change their meaning
    pipeline, run       str, as the report names them
    verdict             released: bool; sentence, policy, baseline, baseline_note, reset_baseline,
                        force_push: str; confidence: of all intervals
    checks              of each: name, title, outcome, direction, unit, method, detail: str; value,
                        low, high, bound: float
    images              test, found, used, rejected, duplicates: int; splits: {split: int}
    accuracy            value, low, high: 0 to 1; right, images: int
    top_3_accuracy      0 to 1; null for three classes or fewer, where none could be wrong
    loss                mean cross-entropy, nats
    calibration         expected_error, mean_confidence: 0 to 1; bins: of each start, end, images,
                        mean_confidence, and accuracy as above
    classes             {class: {images: int, recall, precision: as accuracy}}
    confusions          of each pair of different classes that occurs, the most frequent first, at
                        most 10,000: class, answer (the predicted class): str; images: int
    mistakes            int
    label_errors        suspected: int; note: str
    changes             against the serving model: gained, lost, both_right, both_wrong,
                        unknown_images: int; only_new, only_old: [class]; null without one
    serving             servable: bool; problems: [str]; model_bytes: int; load_seconds: float;
                        latency_milliseconds: {batch: {calls: int, median, within_95_percent}}
    data_fingerprint    hexadecimal SHA-256
    versions            {library: version}
    steps               of each artifact: step, run, execution, type, number, milliseconds,
                        peak_memory_bytes

What is unknown is null: JSON has no NaN.
"""

import dataclasses
import json
from typing import Any

from components.metrics import Calibration, ConfusionMatrix, ModelComparison, Proportion
from components.release.release_verdict import without_nan
from components.reporting.run_facts import RunFacts

FORMAT = 1
MOST_CONFUSIONS = 10_000
VERDICT_KEYS = (
    "sentence",
    "policy",
    "confidence",
    "baseline",
    "baseline_note",
    "reset_baseline",
    "force_push",
)
STEP_KEYS = ("step", "run", "execution", "number", "milliseconds", "peak_memory_bytes")
CHANGES_KEYS = ("both_right", "both_wrong", "unknown_images", "only_new", "only_old")


def metrics_to_json(facts: RunFacts) -> str:
    """The report for machines as JSON of several lines; see the top of this file for its keys."""
    values = without_nan(collect_metrics(facts))
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def collect_metrics(facts: RunFacts) -> dict[str, Any]:
    """The same in Python's types, with NaN for what is unknown."""
    metrics = facts.metrics
    return {
        "format": FORMAT,
        "pipeline": facts.pipeline,
        "run": facts.run,
        "verdict": _verdict(facts),
        "checks": [dataclasses.asdict(check) for check in facts.verdict.checks],
        "images": _images(facts),
        "accuracy": _proportion(metrics.accuracy),
        "top_3_accuracy": metrics.top_3_accuracy,
        "loss": metrics.loss,
        "calibration": _calibration(metrics.calibration),
        "classes": {
            each.name: {
                "images": each.support,
                "recall": _proportion(each.recall),
                "precision": _proportion(each.precision),
            }
            for each in metrics.classes
        },
        "confusions": _confusions(metrics.confusion),
        "mistakes": len(metrics.mistakes),
        "label_errors": {
            "suspected": len(facts.label_errors.rows),
            "note": facts.label_errors.note,
        },
        "changes": _changes(metrics.comparison),
        "serving": _serving(facts),
        "data_fingerprint": facts.data_fingerprint,
        "versions": dict(facts.versions),
        "steps": [
            {"type": origin.type_name, **{key: getattr(origin, key) for key in STEP_KEYS}}
            for origin in facts.origins
        ],
    }


def _verdict(facts: RunFacts) -> dict[str, Any]:
    verdict = facts.verdict
    return {
        "released": verdict.is_released,
        **{name: getattr(verdict, name) for name in VERDICT_KEYS},
    }


def _images(facts: RunFacts) -> dict[str, Any]:
    audit = facts.audit
    return {
        "test": len(facts.metrics.predictions),
        "found": audit.found,
        "used": audit.used,
        "rejected": audit.rejected,
        "duplicates": audit.duplicates,
        "ignored": audit.ignored,
        "splits": {split: audit.split_size(split) for split in audit.images},
    }


def _proportion(of: Proportion) -> dict[str, Any]:
    return {
        "value": of.value,
        "low": of.low,
        "high": of.high,
        "right": of.successes,
        "images": of.trials,
    }


def _calibration(calibration: Calibration) -> dict[str, Any]:
    return {
        "expected_error": calibration.error,
        "mean_confidence": calibration.mean_confidence,
        "bins": [
            {
                "start": each.start,
                "end": each.end,
                "images": each.accuracy.trials,
                "mean_confidence": each.mean_confidence,
                "accuracy": _proportion(each.accuracy),
            }
            for each in calibration.bins
        ],
    }


def _confusions(confusion: ConfusionMatrix) -> list[dict[str, Any]]:
    return [
        {
            "class": confusion.names[pair[0]],
            "answer": confusion.names[pair[1]],
            "images": confusion.count(pair),
        }
        for pair in confusion.mistaken[:MOST_CONFUSIONS]
    ]


def _changes(comparison: ModelComparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    return {
        "gained": len(comparison.gained),
        "lost": len(comparison.lost),
        **{name: getattr(comparison, name) for name in CHANGES_KEYS},
    }


def _serving(facts: RunFacts) -> dict[str, Any]:
    serving = facts.serving
    return {
        "servable": serving.is_servable,
        "problems": list(serving.problems),
        "model_bytes": serving.model_bytes,
        "load_seconds": serving.load_seconds,
        "latency_milliseconds": {
            str(row.batch): {
                "calls": row.calls,
                "median": row.median,
                "within_95_percent": row.slow,
            }
            for row in facts.latencies
        },
    }
