"""Records that were made already -> a file in which they wait until their shard is written.

They may be many and large: a shard of photos in a format that TensorFlow lacks takes gigabytes.
"""

import dataclasses
from typing import TypeAlias

from components.ingestion.data_folder import Rejection

Outcome: TypeAlias = tuple[bytes, str] | Rejection
"""Of an image: its record, serialized, and its treatment; or why there is none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """A record in the file.

    Attributes:
        start: Its first byte.
        size: Bytes.
        treatment: Of the image.
    """

    start: int
    size: int
    treatment: str


def store(path: str, outcome: Outcome) -> Stored | Rejection:
    """Appends a record to a local file, which is made if it is not there.

    Returns:
        What `read_stored` needs, or the rejection that there is instead.
    """
    if isinstance(outcome, Rejection):
        return outcome
    record, treatment = outcome
    with open(path, "ab") as file:
        start = file.tell()
        file.write(record)
    return Stored(start, len(record), treatment)


def read_stored(path: str, stored: Stored | Rejection) -> Outcome:
    """Reads what `store` took."""
    if isinstance(stored, Rejection):
        return stored
    with open(path, "rb") as file:
        file.seek(stored.start)
        return file.read(stored.size), stored.treatment
