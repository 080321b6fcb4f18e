"""Every file found is used or rejected: counted, checked, and written down."""

import collections
import csv
import dataclasses
import io
import json
import os
from collections.abc import Collection, Iterable, Mapping

import tensorflow as tf

from components.errors import PipelineError
from components.features import SPLITS
from components.ingestion.folder import Rejection

ACCOUNT_FILE = "account.json"
REJECTS_FILE = "rejects.csv"


@dataclasses.dataclass(frozen=True)
class Account:
    """What became of the files of a data folder.

    Attributes:
        found: Files below the folder.
        rejected: Files that were set aside.
        used: Number of records by split and class.
        reasons: Number of rejections by reason.
    """

    found: int
    rejected: int
    used: Mapping[str, Mapping[str, int]]
    reasons: Mapping[str, int]

    def split_size(self, split: str) -> int:
        """Number of records of a split."""
        return sum(self.used[split].values())

    def check(self) -> None:
        """Proves that nothing was lost and that every class can be learnt and measured.

        Raises:
            RuntimeError: Found is not written plus rejected, a defect of this package.
            PipelineError: A class has no usable image in one of the splits.
        """
        written = sum(self.split_size(split) for split in SPLITS)
        if self.found != written + self.rejected:
            raise RuntimeError(
                "Every file must be written or rejected. Received: "
                f"{self.found} found, {written} written, {self.rejected} rejected."
            )
        missing = [
            f"{name!r} in {split}"
            for split in SPLITS
            for name, count in self.used[split].items()
            if not count
        ]
        if missing:
            raise PipelineError(self._without_images(missing))

    def _without_images(self, missing: list[str]) -> str:
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.reasons.items())
        return (
            "Every class needs images in train, eval and test. Received: "
            f"{self.found} files, {self.rejected} rejected{f' ({reasons})' if reasons else ''}, "
            f"and no usable image of {', '.join(missing[:10])}{more}. Add images of these "
            "classes (with 100 each an empty split is unlikely), or make the split's share larger."
        )

    def write(self, folder: str) -> None:
        """Writes the account beside the records."""
        with tf.io.gfile.GFile(os.path.join(folder, ACCOUNT_FILE), "w") as file:
            file.write(json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False))

    @classmethod
    def read(cls, folder: str) -> "Account":
        """Reads what `write` wrote."""
        with tf.io.gfile.GFile(os.path.join(folder, ACCOUNT_FILE)) as file:
            return cls(**json.loads(file.read()))


def make_account(
    found: int,
    classes: Iterable[str],
    used: Mapping[tuple[str, str], int],
    rejections: Collection[Rejection],
) -> Account:
    """Sums up.

    Args:
        found: Files below the folder.
        classes: All class names.
        used: Number of records by (split, class).
        rejections: All files set aside.
    """
    names = sorted(classes)
    reasons = collections.Counter(sorted(rejection.reason for rejection in rejections))
    return Account(
        found=found,
        rejected=len(rejections),
        used={split: {name: used.get((split, name), 0) for name in names} for split in SPLITS},
        reasons=dict(reasons.most_common()),
    )


def write_rejects(rejections: Iterable[Rejection], folder: str) -> None:
    """Writes the rejections as CSV with a header, sorted by file name, beside the records."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "class", "reason", "detail"])
    writer.writerows(dataclasses.astuple(rejection) for rejection in sorted(rejections))
    with tf.io.gfile.GFile(os.path.join(folder, REJECTS_FILE), "w") as file:
        file.write(text.getvalue())
