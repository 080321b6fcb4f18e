"""Every file found is used, rejected or a duplicate: checked, and written down."""

import dataclasses
import os
from collections.abc import Iterable

from components.audit import LEAK, Audit
from components.errors import PipelineError, command
from components.features import SPLITS
from components.ingestion.data_folder import IGNORED, OUTSIDE
from components.ingestion.image_record import Rejection
from components.ingestion.ingestion_rules import REFUSE, IngestionRules
from components.storage import open_text, replacing, write_rows
from components.text import to_cell

REJECTS_FILE = "rejects.csv"


def check_account(audit: Audit, rules: IngestionRules, is_span: bool = False) -> None:
    """Proves that a set can be learnt from and measured with.

    Args:
        audit: Of the set.
        rules: What it is held to.
        is_span: It is a part of what is learnt from, so that classes may be missing in it; the gate
            of validation looks at all spans together.

    Raises:
        PipelineError: Too many images were rejected, images leak between the splits where that is
            refused, or a class has no usable image in one of the splits.
    """
    _check_rejects(audit, rules.max_reject_fraction)
    if rules.leaks == REFUSE:
        _check_leaks(audit)
    if not is_span:
        _check_classes(audit)


def write_rejects(rejections: Iterable[Rejection], folder: str) -> None:
    """Writes the rejections as CSV with a header, sorted by file name, beside the records.

    Ignored files are among them in the manifest alone.
    """
    path = os.path.join(folder, REJECTS_FILE)
    with replacing(path) as unfinished, open_text(unfinished, "w") as file:
        write_rows(file, [("path", "class", "reason", "detail")])
        rejected = sorted(one for one in rejections if one.reason not in IGNORED)
        rows = map(dataclasses.astuple, rejected)
        write_rows(file, (tuple(map(to_cell, row)) for row in rows))


def _check_rejects(audit: Audit, most: float) -> None:
    # A file beside the class folders, such as a README, is not meant to be learnt from.
    reasons = {name: n for name, n in audit.reasons.items() if name != OUTSIDE}
    rejected = sum(reasons.values())
    images = audit.found - (audit.rejected - rejected)
    if rejected <= most * images:
        return
    table = "\n".join(f"  {count:>8,}  {reason}" for reason, count in reasons.items())
    raise PipelineError(
        f"At most {most:.1%} of the images may be rejected (ingest.max_reject_fraction). Received: "
        f"{rejected:,} of {images:,} rejected, {rejected / images:.1%}:\n{table}\n"
        f"{_name_each(audit)} Mend or remove these files; or raise ingest.max_reject_fraction."
    )


def _check_leaks(audit: Audit) -> None:
    leaks = audit.findings.get(LEAK)
    if not leaks or not leaks.count:
        return
    shown = "\n".join(
        f"  {', '.join(finding.filenames)}: {finding.detail}" for finding in leaks.examples[:10]
    )
    raise PipelineError(
        "No image may lie, even nearly the same, in two splits (ingest.leaks is refuse). Received: "
        f"{leaks.count:,} such groups:\n{shown}\n{_name_each(audit)} Remove the copies; or let "
        "them be moved with ingest.leaks move."
    )


def _check_classes(audit: Audit) -> None:
    missing = [
        f"{name!r} in {split}"
        for split in SPLITS
        for name in audit.classes
        if not audit.images[split].get(name)
    ]
    if not missing:
        return
    more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in audit.reasons.items())
    raise PipelineError(
        "Every class needs images in train, eval and test. Received: "
        f"{audit.found:,} files, {audit.rejected:,} rejected{f' ({reasons})' if reasons else ''}, "
        f"{audit.duplicates:,} duplicates, and no usable image of {', '.join(missing[:10])}{more}. "
        "Add images of these classes (with 100 each an empty split is unlikely), or make the "
        "split's share larger."
    )


def _name_each(audit: Audit) -> str:
    return f"`{command('pipeline.audit', audit.data_folder)}` names each of them."
