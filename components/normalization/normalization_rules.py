"""What is accepted as an image, and what becomes of what TensorFlow would decode otherwise."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

FIRST_FRAME = "first_frame"
REJECT = "reject"
ANIMATIONS = (FIRST_FRAME, REJECT)
CHANNELS = (1, 3)
MOST_MEGAPIXELS = 178.0
"""TensorFlow decodes at most 2**29 values of pixels, Pillow twice its `MAX_IMAGE_PIXELS`: in RGB
both are 178.9 megapixels."""


@dataclasses.dataclass(frozen=True)
class ImageRules:
    """How files are normalized; a model is used with those that it was trained with.

    Attributes:
        channels: What the model takes: 1 for gray, 3 for RGB.
        animations: What becomes of files with more than one frame: "first_frame" or "reject".
        background: The color behind transparent pixels, "#rrggbb".
        max_megapixels: Images with more are refused, above 0 and at most 178.

    Raises:
        ValueError: One of them is none of these.
    """

    channels: int
    animations: str = FIRST_FRAME
    background: str = "#ffffff"
    max_megapixels: float = 100.0

    def __post_init__(self) -> None:
        if isinstance(self.channels, bool) or self.channels not in CHANNELS:
            raise ValueError(
                f"channels must be 1 for gray or 3 for RGB. Received: {self.channels!r}."
            )
        if self.animations not in ANIMATIONS:
            raise ValueError(
                f"animations must be one of {', '.join(ANIMATIONS)}. Received: {self.animations!r}."
            )
        if not isinstance(self.background, str) or not _is_color(self.background):
            raise ValueError(
                "background must be a color such as #ffffff: # and six hexadecimal digits. "
                f"Received: {self.background!r}."
            )
        if not _is_number(self.max_megapixels) or not 0 < self.max_megapixels <= MOST_MEGAPIXELS:
            raise ValueError(
                f"max_megapixels must be above 0 and at most {MOST_MEGAPIXELS:g}, the most that "
                f"TensorFlow and Pillow decode. Received: {self.max_megapixels!r}."
            )

    @property
    def max_bytes(self) -> int:
        """Size of the largest file that is read: four channels of 16 bits, not compressed."""
        return round(self.max_megapixels * 1e6 * 8)

    def to_dict(self) -> dict[str, Any]:
        """The rules as JSON has them."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ImageRules":
        """Reads what `to_dict` made.

        Raises:
            ValueError: A rule is missing, unknown or wrong.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(values, Mapping) or set(values) != names:
            raise ValueError(
                f"Image rules must be an object with the keys {', '.join(sorted(names))}. "
                f"Received: {values!r}."
            )
        return cls(**values)


def _is_color(text: str) -> bool:
    return re.fullmatch("#[0-9a-fA-F]{6}", text) is not None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
