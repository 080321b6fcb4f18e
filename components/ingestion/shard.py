"""What workers do of writing, without TensorFlow: an image -> its record, a shard -> its file.

Records that cannot be made in the worker of a shard wait for it in a file: they may be many and
large, a shard of photos in a format that TensorFlow lacks takes gigabytes.
"""

import dataclasses
import itertools
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from components.features import AS_FOUND
from components.ingestion.examine import Item, read_image, read_item
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.tf_example import TFRecordWriter, serialize_record
from components.normalization.normalization_rules import ImageRules
from components.normalization.normalize import normalize
from components.normalization.opening import UnusableImageError
from components.storage import remove_file, removing_if_failed

Outcome: TypeAlias = tuple[bytes, str] | Rejection
"""Of an image: its record, serialized, and its treatment; or why there is none."""

SAMPLE = 8
SAMPLE_BYTES = 65_536
"""Of so many records, and of so many bytes, to find out whether compression is worth it."""

_COMPRESSION = 1
_WORTH_IT = 0.9
"""Share of the size that has to remain at most."""


class Transcoding(NamedTuple):
    """An image that is transcoded.

    Attributes:
        item: Its file.
        is_refused: Whether TensorFlow does not decode the file as it is.
    """

    item: Item
    is_refused: bool

    @property
    def image(self) -> ImageRecord:
        """What is known of it."""
        return self.item[1]


class Stored(NamedTuple):
    """A record that was made already, in a file.

    Attributes:
        start: Its first byte.
        size: Bytes.
        treatment: Of the image.
    """

    start: int
    size: int
    treatment: str


@dataclasses.dataclass(frozen=True, slots=True)
class Shard:
    """What a worker has to know.

    Attributes:
        path: Of the file to write, which no other attempt at this shard writes.
        root: The data folder.
        rules: What is accepted.
        images: In the order of their records.
        store: Path of the records that were made already, for this attempt.
        stored: Where these are, or why there is none, by file name; all other images stay as they
            are found.
    """

    path: str
    root: str
    rules: ImageRules
    images: Sequence[ImageRecord]
    store: str
    stored: Mapping[str, Stored | Rejection]


def transcode(rules: ImageRules, task: Transcoding) -> Outcome:
    """Makes the record of one image, unless it proves unusable."""
    found = read_item(rules, task.item)
    if isinstance(found, Rejection):
        return found
    try:
        normalized = normalize(found, rules, lambda _: not task.is_refused)
    except UnusableImageError as error:
        return task.image.rejected(error.reason, error.detail)
    record = serialize_record(task.image, normalized.encoded, normalized.treatment)
    return record, normalized.treatment


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


def write_shard(shard: Shard) -> list[str | Rejection]:
    """Writes the file of a shard, and removes the one of the records that were made already.

    Returns:
        For each image its treatment, or why it has no record.

    Raises:
        OSError: It cannot be written.
    """
    try:
        return write_records(shard.path, _outcomes(shard))
    finally:
        remove_file(shard.store)


def _outcomes(shard: Shard) -> Iterator[Outcome]:
    for image in shard.images:
        if image.filename in shard.stored:
            yield read_stored(shard.store, shard.stored[image.filename])
        else:
            yield _as_found(shard, image)


def _as_found(shard: Shard, image: ImageRecord) -> Outcome:
    encoded = read_image(shard.root, shard.rules, image)
    if isinstance(encoded, Rejection):
        return encoded
    return serialize_record(image, encoded, AS_FOUND), AS_FOUND


def write_records(path: str, outcomes: Iterable[Outcome]) -> list[str | Rejection]:
    """Writes a file of records, which is gone if that fails; result as of `write_shard`."""
    waiting = iter(outcomes)
    first = list(itertools.islice(waiting, SAMPLE))
    results: list[str | Rejection] = []
    with removing_if_failed(path), TFRecordWriter(path, _compression(first)) as writer:
        for outcome in itertools.chain(first, waiting):
            if isinstance(outcome, Rejection):
                results.append(outcome)
            else:
                record, treatment = outcome
                writer.write(record)
                results.append(treatment)
    return results


def _compression(sample: Iterable[Outcome]) -> int:
    """Compresses what wins by it.

    Photos are compressed already: to try it again takes longer than all the rest. Of a small
    image's record, a half is names.
    """
    records = b"".join(outcome[0] for outcome in sample if not isinstance(outcome, Rejection))
    records = records[:SAMPLE_BYTES]
    is_worth_it = len(zlib.compress(records, _COMPRESSION)) < _WORTH_IT * len(records)
    return _COMPRESSION if is_worth_it else 0
