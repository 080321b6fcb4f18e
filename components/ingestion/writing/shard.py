"""The images of a shard -> its TFRecord file: what a worker does, without TensorFlow."""

import dataclasses
import itertools
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from components.features import AS_FOUND
from components.ingestion.data_folder import Rejection
from components.ingestion.examining.examination import Examination
from components.ingestion.writing.record import serialize_record
from components.ingestion.writing.rereading import read_again
from components.ingestion.writing.store import Outcome, Stored, read_stored
from components.ingestion.writing.tfrecord import TFRecordWriter
from components.normalization.normalization_rules import ImageRules
from components.storage import remove_file, removing_if_failed

SAMPLE = 8
SAMPLE_BYTES = 65_536
"""Of so many records, and of so many bytes, to find out whether compression is worth it."""

_COMPRESSION = 1
_WORTH_IT = 0.9
"""Share of the size that has to remain at most."""


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
    images: Sequence[Examination]
    store: str
    stored: Mapping[str, Stored | Rejection]


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


def _as_found(shard: Shard, image: Examination) -> Outcome:
    encoded = read_again(shard.root, shard.rules, image)
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
