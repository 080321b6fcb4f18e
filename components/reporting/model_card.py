"""A summary of a model for those who may use it, in Markdown.

The parts are those of Mitchell et al., Model Cards for Model Reporting, 2019, under the headings
that Hugging Face gives them. What no pipeline can know, such as what the model is meant for, is
left to be filled in, and says so.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence

from components.metrics import ClassMetrics, Proportion
from components.pages.finding_kinds import FINDING_KINDS
from components.pages.page import plural
from components.release.release_verdict import format_value
from components.reporting.run_facts import RunFacts
from components.text import (
    escape_unprintable,
    format_bytes,
    format_percent,
    format_ratio,
    format_seconds,
)

MOST_CLASSES = 100
MOST_NAMES = 50
WORST_CLASSES = 5
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~!$^@]|:(?=/)|(?<=[^\W\d])\.(?=\w))")
"""What begins emphasis, code, links, headings, cells, formulas or mentions; with the colons and
points of addresses, which would become links. CommonMark 0.31, Backslash escapes."""

_FRONT = """---
library_name: keras
pipeline_tag: image-classification
metrics:
- accuracy
---"""


def write_card(facts: RunFacts) -> str:
    """The model card as Markdown."""
    parts = (
        _FRONT,
        f"# {escape(facts.pipeline)}",
        _summary(facts),
        _details(facts),
        _uses(),
        _limitations(facts),
        _start(),
        _training(facts),
        _evaluation(facts),
        _release(facts),
        _specification(facts),
    )
    return "\n\n".join(parts) + "\n"


def _summary(facts: RunFacts) -> str:
    lines = [f"**{facts.verdict.headline}.** {escape(facts.verdict.explanation)}"]
    if facts.verdict.force_push:
        lines.append(f"**Reason for a push by force:** {escape(facts.verdict.force_push)}")
    if facts.verdict.reset_baseline:
        lines.append(
            f"**Reason for a reset of the baseline:** {escape(facts.verdict.reset_baseline)}"
        )
    return "\n\n".join(lines)


def _details(facts: RunFacts) -> str:
    names = facts.metrics.predictions.model.class_names
    shown = ", ".join(map(escape, names[:MOST_NAMES]))
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    history = facts.history
    facts_listed = [
        f"Classifies an image as one of {plural(len(names), 'class', 'classes')}: {shown}{more}",
        f"Trainer: {escape(str(history.get('trainer', 'unknown')))}",
        f"Parameters: {escape(_count(history.get('parameters')))}",
        f"Run: {escape(facts.run or 'unknown')}",
        f"Data fingerprint: `{facts.data_fingerprint}`",
    ]
    return f"## Model details\n\n{bullets(facts_listed)}"


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "unknown"


def _uses() -> str:
    return (
        "## Uses\n\n"
        "To be filled in by its owner: what the model is meant for, by whom, and what it must not "
        "be used for. It predicts one of its classes for every image, also for one that shows none "
        "of them."
    )


def _limitations(facts: RunFacts) -> str:
    return f"## Bias, risks and limitations\n\n{bullets(_limits(facts))}"


def _limits(facts: RunFacts) -> Iterator[str]:
    metrics, confusion = facts.metrics, facts.metrics.confusion
    measured = [each for each in metrics.classes if each.support]
    worst = sorted(measured, key=lambda each: (each.recall.value, each.name))[:WORST_CLASSES]
    if worst:
        named = "; ".join(f"{escape(each.name)} {_in_words(each.recall)}" for each in worst)
        yield f"The lowest recall of a class: {named}"
    untested = [escape(each.name) for each in metrics.classes if not each.support]
    if untested:
        yield f"Without test images, so that nothing is known of them: {', '.join(untested[:20])}"
    for pair in confusion.mistaken[:WORST_CLASSES]:
        class_text, predicted = (escape(confusion.names[position]) for position in pair)
        yield f"{class_text} is taken for {predicted}: {plural(confusion.count(pair), 'image')}"
    yield (
        f"Expected calibration error {format_ratio(metrics.calibration.error)}: so far are "
        "probabilities from the proportions of correct predictions, on average"
    )
    if facts.label_errors.rows:
        number = plural(len(facts.label_errors.rows), "test image")
        yield f"{number} may have a wrong label, which these metrics include"


def _start() -> str:
    return (
        "## How to get started\n\n"
        "The SavedModel's signature `serving_default` takes files as they are, as `image_bytes`, "
        "and returns `probabilities`, `class_names` and `top_class`."
    )


def _training(facts: RunFacts) -> str:
    audit = facts.audit
    splits = ", ".join(f"{audit.split_size(split):,} {escape(split)}" for split in audit.images)
    data = [
        f"Data folder: {escape(audit.data_folder)}",
        f"{plural(audit.found, 'file')} found, {audit.used:,} used ({splits}), "
        f"{audit.rejected:,} rejected, {audit.duplicates:,} duplicates"
        + (f"; {audit.ignored:,} more ignored" if audit.ignored else ""),
        *(
            f"{FINDING_KINDS[kind].title}: {plural(found.count, 'case')}"
            for kind, found in audit.findings.items()
        ),
        *(f"Warning: {escape(str(finding))}" for finding in facts.data_warnings[:20]),
    ]
    phases = [
        f"{escape(str(phase['name']))}: {plural(int(phase['epochs']), 'epoch')} in "
        f"{format_seconds(float(phase['seconds']))}"
        for phase in facts.history.get("phases", ())
    ]
    settings = json.dumps(facts.history.get("settings", {}), indent=2)
    return (
        f"## Training details\n\n### Training data\n\n{bullets(data)}\n\n"
        f"### Training procedure\n\n{bullets(phases)}\n\n{_code(settings)}"
    )


def _code(text: str) -> str:
    """A block of code that its content cannot end: no line of JSON begins with a tilde."""
    return f"~~~json\n{text}\n~~~"


def _evaluation(facts: RunFacts) -> str:
    metrics = facts.metrics
    top_3 = metrics.top_3_accuracy
    overall = (
        ("Accuracy", _in_words(metrics.accuracy)),
        *([] if top_3 is None else [("Top-3 accuracy", format_ratio(top_3))]),
        ("Loss (cross-entropy, nats)", format_ratio(metrics.loss)),
        ("Expected calibration error", format_ratio(metrics.calibration.error)),
    )
    return (
        "## Evaluation\n\n"
        f"On {plural(len(metrics.predictions), 'test image')} that no training has seen. In "
        f"brackets, Wilson's intervals with {format_percent(facts.verdict.confidence)} "
        "confidence.\n\n"
        f"{table(('metric', 'value'), overall)}\n\n### By class\n\n{_classes(metrics.classes)}"
    )


def _classes(classes: Sequence[ClassMetrics]) -> str:
    rows = [
        (escape(each.name), f"{each.support:,}", _in_words(each.recall), _in_words(each.precision))
        for each in classes[:MOST_CLASSES]
    ]
    shown = table(("class", "images", "recall", "precision"), rows)
    more = len(classes) - MOST_CLASSES
    return f"{shown}\n\n{more:,} more classes are in `metrics.json`." if more > 0 else shown


def _in_words(of: Proportion) -> str:
    if not of.trials:
        return "no images"
    return f"{format_ratio(of.value)} ({format_ratio(of.low)} to {format_ratio(of.high)})"


def _release(facts: RunFacts) -> str:
    shown = facts.verdict.checks[:MOST_CLASSES]
    rows = [
        (
            escape(check.title),
            format_value(check.value, check.unit),
            check.threshold,
            check.outcome,
        )
        for check in shown
    ]
    more = len(facts.verdict.checks) - len(shown)
    note = f"\n\n{more:,} more checks are in `metrics.json`." if more else ""
    return f"## Release checks\n\n{table(('check', 'value', 'threshold', 'outcome'), rows)}{note}"


def _specification(facts: RunFacts) -> str:
    lines = [
        f"Size: {format_bytes(facts.serving.model_bytes)}",
        *(
            f"Latency of {plural(row.batch, 'image')} a call: {row.median:.1f} ms (median)"
            for row in facts.latencies
        ),
        *(f"{escape(library)} {escape(version)}" for library, version in facts.versions.items()),
    ]
    return f"## Technical specifications\n\n{bullets(lines)}"


def escape(text: str) -> str:
    """A name as Markdown that renders as the name, whatever it holds, on one line."""
    return _SPECIAL.sub(r"\\\1", html.escape(escape_unprintable(text), quote=False))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, as GitHub and Hugging Face render it; cells must be Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(items: Iterable[str]) -> str:
    """A list; items must be Markdown already."""
    return "\n".join(f"- {item}" for item in items)
