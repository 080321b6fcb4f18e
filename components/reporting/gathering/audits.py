"""The audits of several spans -> one."""

import collections
from collections.abc import Iterable, Mapping, Sequence

from components.ingestion.reporting.audit import Audit, FindingsOfKind
from components.ingestion.reporting.findings import KINDS


def add_up(audits: Sequence[Audit]) -> Audit:
    """Adds up audits, of one span or of several.

    Args:
        audits: At least one, the oldest first.

    Returns:
        Their sum. What cannot be added is left out: examples, sizes and qualities. They are in the
        audit of each span.
    """
    return Audit(
        data_folder=", ".join(audit.data_folder for audit in audits),
        found=sum(audit.found for audit in audits),
        used=sum(audit.used for audit in audits),
        rejected=sum(audit.rejected for audit in audits),
        duplicates=sum(audit.duplicates for audit in audits),
        images=_add_images(audits),
        reasons=_add_counts(audit.reasons for audit in audits),
        formats=_add_counts(audit.formats for audit in audits),
        treatments=_add_counts(audit.treatments for audit in audits),
        sizes={},
        quality={},
        findings=_add_findings(audits),
        ignored=sum(audit.ignored for audit in audits),
    )


def _add_images(audits: Iterable[Audit]) -> dict[str, dict[str, int]]:
    sums: dict[str, collections.Counter[str]] = {}
    for audit in audits:
        for split, counts in audit.images.items():
            # Not `+=`, which forgets classes without images.
            sums.setdefault(split, collections.Counter()).update(counts)
    return {split: dict(sorted(counts.items())) for split, counts in sums.items()}


def _add_counts(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: collections.Counter[str] = collections.Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def _add_findings(audits: Sequence[Audit]) -> dict[str, FindingsOfKind]:
    found = {}
    for kind in KINDS:
        parts = [audit.findings[kind] for audit in audits if kind in audit.findings]
        if parts:
            found[kind] = FindingsOfKind(
                count=sum(part.count for part in parts),
                files=sum(part.files for part in parts),
                examples=(),
            )
    return found
