"""What is known of a whole data folder: one small value, however many images there are.

`components.ingestion.profile` makes it; the pages, `pipeline.audit` and the summary of a run show
it. How a kind of findings is called and explained stands in
`components.pages.finding_kinds`, since words must not ingest anew.
"""

import collections
import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from components.errors import PipelineError
from components.storage import open_text

AUDIT_FILE = "audit.json"

REJECTED = "rejected"
CONFLICT = "conflict"
LEAK = "leak"
LOOK_ALIKE = "look_alike"
DUPLICATE = "duplicate"
NEAR_DUPLICATE = "near_duplicate"
GROUP = "group"
CLASS_BALANCE = "class_balance"
DARK = "dark"
BRIGHT = "bright"
BLURRY = "blurry"
LOW_INFORMATION = "low_information"
ODD_SIZE = "odd_size"
ODD_ASPECT = "odd_aspect"
IGNORED_FILE = "ignored"
KINDS = (
    REJECTED,
    CONFLICT,
    LEAK,
    LOOK_ALIKE,
    DUPLICATE,
    NEAR_DUPLICATE,
    GROUP,
    CLASS_BALANCE,
    DARK,
    BRIGHT,
    BLURRY,
    LOW_INFORMATION,
    ODD_SIZE,
    ODD_ASPECT,
    IGNORED_FILE,
)
"""Kinds of findings in the order in which they are shown: the worst first."""
WITHOUT_PICTURES = (REJECTED, CLASS_BALANCE, IGNORED_FILE)
"""What was rejected must not be opened: it may have been made to harm who does."""
MOST_PICTURED = 12
"""Findings of a kind that are shown with pictures."""
MOST_PICTURES = 4
"""Of one finding."""

MOST_FILES_A_FINDING = 12
"""Files that a finding names; more would neither be read nor fit on a page."""
MOST_CHARACTERS_OF_DETAIL = 400


@dataclasses.dataclass(frozen=True)
class Finding:
    """One case: of one image, or of several that belong together.

    Attributes:
        kind: One of `KINDS`.
        filenames: The files, as paths below the data folder; of duplicates the one that is used
            first. `shortened` names at most twelve.
        class_texts: The class of each file in `filenames`; of class balance, the class itself.
        splits: The split of each file in `filenames`; of a leak, its owner's; empty where there is
            none.
        detail: What exactly was found.
        score: The higher, the worse; decides which examples are shown.
        files: How many files it is about, also those that it does not name; without it, as many as
            it names.
    """

    kind: str
    filenames: tuple[str, ...]
    class_texts: tuple[str, ...]
    splits: tuple[str, ...]
    detail: str
    score: float
    files: int = -1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}. Received: {self.kind!r}.")
        if self.files < 0:
            # The only way to fill in a field of a frozen class that depends on another one.
            object.__setattr__(self, "files", len(self.filenames))

    def shortened(self) -> "Finding":
        """The same with as much of it as a person reads, so that it can be kept in memory."""
        return dataclasses.replace(
            self,
            filenames=self.filenames[:MOST_FILES_A_FINDING],
            class_texts=self.class_texts[:MOST_FILES_A_FINDING],
            splits=self.splits[:MOST_FILES_A_FINDING],
            detail=self.detail[:MOST_CHARACTERS_OF_DETAIL],
        )


def badness(finding: Finding) -> tuple[float, tuple[str, ...], tuple[str, ...], str]:
    """A sort key: the worst first, and an order that depends on nothing but what was found."""
    return (-finding.score, finding.filenames, finding.class_texts, finding.detail)


@dataclasses.dataclass(frozen=True)
class Distribution:
    """What is kept of a distribution.

    Attributes:
        minimum: The smallest value.
        lower_quartile: A quarter of the values are not above it; exact as in `Histogram`.
        median: Half of the values are not above it.
        upper_quartile: Three quarters of the values are not above it.
        maximum: The largest value.
        edges: Lower ends of the bars, and the upper end of the last one; ascending.
        counts: Values of each bar; one fewer than `edges`.
    """

    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.counts) + 1:
            raise ValueError(
                "A distribution must have one edge more than counts. Received: "
                f"{len(self.edges)} edges and {len(self.counts)} counts."
            )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Distribution":
        """Reads what `dataclasses.asdict` and JSON made of it."""
        return cls(**{**values, "edges": tuple(values["edges"]), "counts": tuple(values["counts"])})


@dataclasses.dataclass(frozen=True)
class FindingsOfKind:
    """What was found of one kind.

    Attributes:
        count: Number of findings.
        files: Number of files that they are about; one that two are about counts twice.
        examples: The worst, at most 30, the worst first.
    """

    count: int
    files: int
    examples: tuple[Finding, ...]


@dataclasses.dataclass(frozen=True)
class Audit:
    """What is known of a data folder.

    Attributes:
        data_folder: As its user wrote it.
        found: Files below the folder, without those that are ignored.
        used: Images to train, watch or test with.
        rejected: Files that cannot be used, also those of conflicts.
        duplicates: Copies left out, since another copy is used.
        images: Used images by split and class, also classes and splits that have none; classes
            sorted.
        reasons: Rejected files by reason, the most frequent first.
        formats: Used images by format, the most frequent first.
        treatments: Used images that are transcoded by the reason why, the most frequent first.
        sizes: Of the used images: "width" and "height" in pixels, "bytes".
        quality: Of the used images: "brightness", "contrast", "sharpness" and "entropy", as
            `components.ingestion.quality` has them.
        findings: By kind, the worst kind first; without the kinds of which nothing was found.
        ignored: Files beside these that are hidden, or left by other programs.
    """

    data_folder: str
    found: int
    used: int
    rejected: int
    duplicates: int
    images: Mapping[str, Mapping[str, int]]
    reasons: Mapping[str, int]
    formats: Mapping[str, int]
    treatments: Mapping[str, int]
    sizes: Mapping[str, Distribution]
    quality: Mapping[str, Distribution]
    findings: Mapping[str, FindingsOfKind]
    ignored: int = 0

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.findings if kind not in KINDS]
        if unknown:
            raise ValueError(f"findings must be of {', '.join(KINDS)}. Received: {unknown}.")
        sums = {
            "found": (self.found, self.used + self.rejected + self.duplicates),
            "used": (self.used, sum(self.split_size(split) for split in self.images)),
            "rejected": (self.rejected, sum(self.reasons.values())),
        }
        wrong = [f"{name} {total}, parts {parts}" for name, (total, parts) in sums.items()]
        if any(total != parts for total, parts in sums.values()):
            raise RuntimeError(
                "Every file must be used, rejected or a duplicate, and counted once. Received: "
                f"{'; '.join(wrong)}; {self.used} used, {self.duplicates} duplicates."
            )

    @property
    def classes(self) -> tuple[str, ...]:
        """All class names, sorted."""
        return tuple(sorted({name for counts in self.images.values() for name in counts}))

    @property
    def pictured(self) -> list[str]:
        """The files of which a page shows a picture, each once, those of the worst kind first."""
        names = (
            name
            for kind, found in self.findings.items()
            if kind not in WITHOUT_PICTURES
            for finding in found.examples[:MOST_PICTURED]
            for name in finding.filenames[:MOST_PICTURES]
        )
        return list(dict.fromkeys(names))

    def split_size(self, split: str) -> int:
        """Used images of a split."""
        return sum(self.images[split].values())

    def class_size(self, class_text: str) -> int:
        """Used images of a class."""
        return sum(counts.get(class_text, 0) for counts in self.images.values())

    def to_dict(self) -> dict[str, Any]:
        """The audit in the types that JSON has."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Audit":
        """Reads what `to_dict` and JSON made of an audit.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: It is not that.
        """
        return cls(
            **{
                **values,
                "sizes": _distributions(values["sizes"]),
                "quality": _distributions(values["quality"]),
                "findings": {
                    kind: FindingsOfKind(
                        found["count"], found["files"], tuple(map(_finding, found["examples"]))
                    )
                    for kind, found in values["findings"].items()
                },
            }
        )

    def to_json(self) -> str:
        """The audit as JSON of several lines; "?" for halves of characters, which JSON has not."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
        return text.encode("utf-8", "replace").decode()

    def write(self, path: str) -> None:
        """Writes the audit as JSON.

        Raises:
            OSError: It cannot be written.
        """
        with open_text(path, "w") as file:
            file.write(self.to_json())

    @classmethod
    def read(cls, path: str) -> "Audit":
        """Reads what `write` wrote.

        Raises:
            PipelineError: It cannot be read, or is something else.
        """
        try:
            with open_text(path, "r") as file:
                return cls.from_dict(json.loads(file.read()))
        except OSError as error:
            reason = str(error.strerror)
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            reason = f"{type(error).__name__}: {error}".rstrip(".")
        raise PipelineError(
            f"An audit must be a file as `python -m pipeline.audit --json FILE` writes it. "
            f"Received: {path}: {reason}. Audit the data folder again."
        )


def _distributions(values: Mapping[str, Any]) -> dict[str, Distribution]:
    return {name: Distribution.from_dict(value) for name, value in values.items()}


def _finding(values: Mapping[str, Any]) -> Finding:
    lists = {name: tuple(values[name]) for name in ("filenames", "class_texts", "splits")}
    return Finding(**{**values, **lists})


def add_up(audits: Sequence[Audit]) -> Audit:
    """Adds up audits, of one span or of several.

    Args:
        audits: At least one, the oldest first.

    Returns:
        Their sum. What cannot be added is left out: examples, sizes and qualities. They are in the
        audit of each span.
    """
    totals = {
        name: sum(getattr(audit, name) for audit in audits)
        for name in ("found", "used", "rejected", "duplicates", "ignored")
    }
    return Audit(
        **totals,
        data_folder=", ".join(audit.data_folder for audit in audits),
        images=_add_images(audits),
        reasons=_add_counts(audit.reasons for audit in audits),
        formats=_add_counts(audit.formats for audit in audits),
        treatments=_add_counts(audit.treatments for audit in audits),
        sizes={},
        quality={},
        findings=_add_findings(audits),
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
