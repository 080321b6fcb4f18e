"""What is known of a whole data folder: one small value, however many images there are.

`components.ingestion.reporting.summary` makes it, `components.ingestion.reporting.report` shows it.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from components.errors import PipelineError
from components.ingestion.reporting.distributions import Distribution
from components.ingestion.reporting.findings import KINDS, Finding
from components.storage import open_text

AUDIT_FILE = "audit.json"


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
        rejected: Files set aside, also those of conflicts.
        duplicates: Copies left out, since another copy is used.
        images: Used images by split and class, also classes and splits that have none; classes
            sorted.
        reasons: Rejected files by reason, the most frequent first.
        formats: Used images by format, the most frequent first.
        treatments: Used images that are transcoded by the reason why, the most frequent first.
        sizes: Of the used images: "width" and "height" in pixels, "bytes".
        quality: Of the used images: "brightness", "contrast", "sharpness" and "entropy", as
            `components.ingestion.examining.quality` has them.
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
    def grave_kinds(self) -> tuple[str, ...]:
        """The kinds found that change what is trained on or what an evaluation is worth."""
        return tuple(kind for kind in self.findings if KINDS[kind].is_grave)

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
