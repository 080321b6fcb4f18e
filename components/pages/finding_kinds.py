"""How the kinds of findings of an audit are called, what each means, and what to do about it."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from components import audit


@dataclasses.dataclass(frozen=True)
class FindingKind:
    """A kind of findings, as its user sees it.

    Attributes:
        title: Two or three words.
        meaning: What it is, what was done about it, and what to do.
        is_critical: It changes what is trained on or what an evaluation is worth; else a hint.
    """

    title: str
    meaning: str
    is_critical: bool = False


FINDING_KINDS: Mapping[str, FindingKind] = MappingProxyType(
    {
        audit.REJECTED: FindingKind(
            "Rejected files",
            "Files that cannot be used, and were rejected. Fix those that should be images, and "
            "remove the others.",
        ),
        audit.CONFLICT: FindingKind(
            "Conflicting classes",
            "The same image lies in more than one class. All its copies were rejected: keep the "
            "one in the right class.",
            is_critical=True,
        ),
        audit.LEAK: FindingKind(
            "Leaks between splits",
            "The same or nearly the same image lies in two of your splits, so that a model would "
            "be measured on what it has seen. Remove one of the two.",
            is_critical=True,
        ),
        audit.LOOK_ALIKE: FindingKind(
            "Near-duplicates in two classes",
            "Images that are nearly the same have different classes. One of the labels may be "
            "wrong: look at both.",
        ),
        audit.DUPLICATE: FindingKind(
            "Duplicates",
            "Copies of an image in the same class. One is used, the others are left out: nothing "
            "has to be done.",
        ),
        audit.NEAR_DUPLICATE: FindingKind(
            "Near-duplicates",
            "Nearly the same image several times, such as resized, recompressed or cropped. All "
            "are used, in the same split: remove some if they outweigh the others.",
        ),
        audit.GROUP: FindingKind(
            "Groups",
            "Images that belong together by their file names. They are used in the same split: "
            "check that the pattern finds the groups that you mean.",
        ),
        audit.CLASS_BALANCE: FindingKind(
            "Class balance",
            "A class has few images or none in a split, or its proportion differs between the "
            "splits. Add images of these classes, or split anew.",
        ),
        audit.DARK: FindingKind(
            "Dark images",
            "Nearly all of the picture is black or almost so. Look whether anything can be "
            "recognized. Files of 16 bits a sample that hold numbers of 12 bits or fewer are among "
            "them, as their numbers are used as they are: multiply them, by 16 for 12 bits.",
        ),
        audit.BRIGHT: FindingKind(
            "Bright images",
            "Nearly all of the picture is white or almost so. Look whether anything can be "
            "recognized.",
        ),
        audit.BLURRY: FindingKind(
            "Blurry images",
            "The picture has no sharp edges. Look whether it is out of focus or was enlarged.",
        ),
        audit.LOW_INFORMATION: FindingKind(
            "Images with little to see",
            "The picture is of nearly one color. Look whether it is blank.",
        ),
        audit.ODD_SIZE: FindingKind(
            "Odd sizes",
            "Far larger or smaller than most of the images. Look whether thumbnails or scans got "
            "among them.",
        ),
        audit.ODD_ASPECT: FindingKind(
            "Odd shapes",
            "Far longer than most of the images, and squeezed when all are resized to one shape. "
            "Crop them, or leave them out.",
        ),
        audit.IGNORED_FILE: FindingKind(
            "Ignored files",
            "Hidden files, and what file managers, network storage and archives leave beside "
            "images. They are not counted as found: nothing has to be done.",
        ),
    }
)


def count_findings(audits: Iterable[audit.Audit]) -> dict[str, int]:
    """Findings of one span or several by title, the worst kind first."""
    counts: collections.Counter[str] = collections.Counter()
    for each in audits:
        counts.update({kind: found.count for kind, found in each.findings.items()})
    return {FINDING_KINDS[kind].title: counts[kind] for kind in audit.KINDS if counts[kind]}
