"""What ingestion is told: frozen, and carried as JSON through TFX to where the work is done."""

import dataclasses
import json
from collections.abc import Mapping

from components.normalization.normalization_rules import ImageRules
from components.sandbox import Limits

MOVE = "move"
REFUSE = "refuse"
LEAK_POLICIES = (MOVE, REFUSE)
DEFAULT_DISTANCE = 8
"""Catches every crop that is promised; unrelated photos, and their crops, differ by 10 and more."""
LARGEST_DISTANCE = 16
"""A quarter of the bits, half as many as differ by chance: beyond, little is found by quarters."""


@dataclasses.dataclass(frozen=True)
class IngestionRules:
    """How a folder of images becomes records.

    Attributes:
        image: What is accepted and what becomes of it.
        split_weights: Share of train, eval and test, as whole numbers of any sum.
        max_seconds: What the examination of one file may take.
        max_reject_fraction: Share of the images that may be set aside, 0 to 1.
        near_duplicate_distance: Bits in which the hashes of near-duplicates may differ.
        leaks: What becomes of images that are nearly the same in two of the owner's splits: "move"
            them into the one that is measured on, or "refuse" the folder.
        group_pattern: Regular expression; images in whose path it finds the same text stay in one
            split. Empty for none.
    """

    image: ImageRules
    split_weights: Mapping[str, int]
    max_seconds: float
    max_reject_fraction: float
    near_duplicate_distance: int
    leaks: str
    group_pattern: str

    @property
    def limits(self) -> Limits:
        """What decoding a file may cost."""
        return Limits(self.image.max_megapixels, self.max_seconds)

    def split_rules(self) -> str:
        """What decides about the split of an image, as text to compare with that of another run."""
        return json.dumps([dict(self.split_weights), self.group_pattern], sort_keys=True)

    def to_json(self) -> str:
        """The rules as text that `from_json` reads."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "IngestionRules":
        """Reads what `to_json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "image": ImageRules(**values["image"])})
