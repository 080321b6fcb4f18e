"""What ingestion knows of an image: one record, filled step by step; or why there is none.

data_folder.py  its name, its class and its predefined split
examine.py      what is measured of it
splits.py       its split
"""

import dataclasses
from typing import NamedTuple


class ImageRecord(NamedTuple):
    """One image.

    A tuple, since it is pickled a dozen times on its way through Beam: a frozen dataclass takes as
    long for that as it takes to decode a small image.

    Attributes:
        filename: Path below the data folder, "/" between its parts.
        class_text: Name of the class folder.
        given_split: The predefined split: that of its owner; None in a flat folder.
        sha256: Hexadecimal digest of the file.
        size: Bytes of the file.
        format: By content: "jpeg", "png" and so on.
        height: Pixels, upright.
        width: Pixels, upright.
        channels: 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha, as stored.
        treatment: Why it has to be transcoded; empty if it can stay as it is.
        brightness: Mean of gray, 0 to 1.
        contrast: Standard deviation of gray, 0 to 0.5.
        sharpness: Variance of the Laplacian of gray in 0 to 255, from 0.
        entropy: Bits of the histogram of gray, 0 to 8.
        signature: What near-duplicates are found by; empty if there is too little to see.
        structure: Digest of the structure of a JPEG or PNG: TensorFlow decodes all files that
            share it, or none; empty if that cannot be told.
        has_metadata: Whether it may say how its pixels are meant, in a way of which the graph that
            serves a model has to be asked; `structure` leaves that out.
    """

    filename: str
    class_text: str
    given_split: str | None
    sha256: str = ""
    size: int = 0
    format: str = ""
    height: int = 0
    width: int = 0
    channels: int = 0
    treatment: str = ""
    brightness: float = 0.0
    contrast: float = 0.0
    sharpness: float = 0.0
    entropy: float = 0.0
    signature: bytes = b""
    structure: bytes = b""
    has_metadata: bool = False

    def rejected(self, reason: str, detail: str) -> "Rejection":
        """Why it is not used."""
        return Rejection(self.filename, self.class_text, reason, detail)


@dataclasses.dataclass(frozen=True, order=True, slots=True)
class Rejection:
    """A file that is rejected.

    Attributes:
        filename: Path below the data folder.
        class_text: Name of the class folder; empty for a file outside of any.
        reason: One of a few fixed phrases, to be counted.
        detail: What exactly was found.
    """

    filename: str
    class_text: str
    reason: str
    detail: str = ""
