"""What can be wrong with a set of images: the kinds, in words, and one case of a kind."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

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

MOST_FILES_A_FINDING = 12
"""Files that a finding names; more would neither be read nor fit on a page."""
MOST_CHARACTERS_OF_DETAIL = 400


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of findings, as its user sees it.

    Attributes:
        title: Two or three words.
        meaning: What it is, what was done about it, and what to do.
        is_grave: It changes what is trained on or what an evaluation is worth; else a hint.
    """

    title: str
    meaning: str
    is_grave: bool = False


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        REJECTED: Kind(
            "Rejected files",
            "Files that cannot be used, and were set aside. Mend those that should be images, and "
            "remove the others.",
        ),
        CONFLICT: Kind(
            "Conflicting classes",
            "The same image lies in more than one class. All its copies were set aside: keep the "
            "one in the right class.",
            is_grave=True,
        ),
        LEAK: Kind(
            "Leaks between splits",
            "The same or nearly the same image lies in two of your splits, so that a model would "
            "be measured on what it has seen. Remove one of the two.",
            is_grave=True,
        ),
        LOOK_ALIKE: Kind(
            "Look-alikes in two classes",
            "Images that are nearly the same have different classes. One of the labels may be "
            "wrong: look at both.",
        ),
        DUPLICATE: Kind(
            "Duplicates",
            "Copies of an image in the same class. One is used, the others are left out: nothing "
            "has to be done.",
        ),
        NEAR_DUPLICATE: Kind(
            "Near-duplicates",
            "Nearly the same image several times, such as resized, recompressed or cropped. All "
            "are used, in the same split: remove some if they outweigh the others.",
        ),
        GROUP: Kind(
            "Groups",
            "Images that belong together by their file names. They are used in the same split: "
            "check that the pattern finds the groups that you mean.",
        ),
        CLASS_BALANCE: Kind(
            "Class balance",
            "A class has few images or none in a split, or its share differs between the splits. "
            "Add images of these classes, or split anew.",
        ),
        DARK: Kind(
            "Dark images",
            "Nearly all of the picture is black or almost so. Look whether anything can be "
            "recognized. Files of 16 bits a sample that hold numbers of 12 bits or fewer are among "
            "them, as their numbers are used as they are: multiply them, by 16 for 12 bits.",
        ),
        BRIGHT: Kind(
            "Bright images",
            "Nearly all of the picture is white or almost so. Look whether anything can be "
            "recognized.",
        ),
        BLURRY: Kind(
            "Blurry images",
            "The picture has no sharp edges. Look whether it is out of focus or was enlarged.",
        ),
        LOW_INFORMATION: Kind(
            "Images with little to see",
            "The picture is of nearly one color. Look whether it is blank.",
        ),
        ODD_SIZE: Kind(
            "Odd sizes",
            "Far larger or smaller than most of the images. Look whether thumbnails or scans got "
            "among them.",
        ),
        ODD_ASPECT: Kind(
            "Odd shapes",
            "Far longer than most of the images, and squeezed when all are resized to one shape. "
            "Crop them, or leave them out.",
        ),
        IGNORED_FILE: Kind(
            "Ignored files",
            "Hidden files, and what file managers, network storage and archives leave beside "
            "images. They are not counted as found: nothing has to be done.",
        ),
    }
)
"""In the order in which they are shown: the worst first."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One case: of one image, or of several that belong together.

    Attributes:
        kind: A key of `KINDS`.
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
