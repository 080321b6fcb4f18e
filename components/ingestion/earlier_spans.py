"""The images of earlier spans, as later ones have to know them.

Beside the records of a span lies what is needed to recognize its images again: a few hundred bytes
of each, in parts that are read one by one. A span is ingested after those before it and cannot
change them any more: what is in them already, byte for byte, is left out; what is nearly in them,
also equal pixels in another file of the same class, goes where they are. What was left out stays so
when the span that has it is not used any more.
"""

import base64
import csv
import dataclasses
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam

from components.ingestion.image_record import ImageRecord
from components.storage import (
    folder_exists,
    list_files,
    make_folder,
    open_text,
    replacing,
    write_rows,
)

SIGNATURES_FOLDER = "signatures"
PART_SIZE = 50_000
"""Images a part on average, which are sorted in memory: 25 MB."""
HEADER = ("sha256", "class", "split", "given_split", "span", "path", "signature")


@dataclasses.dataclass(frozen=True, order=True, slots=True)
class EarlierImage:
    """An image that a span before this one uses.

    Attributes:
        sha256: Hexadecimal digest of the file.
        class_text: Name of the class folder.
        split: train, eval or test.
        owners_split: The predefined split; empty in a flat span.
        span: Name of the folder of its span; empty if it was in none.
        path: Below that folder.
        signature: What near-duplicates are found by; empty if there is too little to see.
    """

    sha256: str
    class_text: str
    split: str
    owners_split: str
    span: str
    path: str
    signature: bytes

    @property
    def filename(self) -> str:
        """Its path as seen from the span that is ingested."""
        return f"../{self.span}/{self.path}"

    @property
    def given_split(self) -> str:
        """The split that it leaks out of: the predefined one, or that which it got."""
        return self.owners_split or self.split


class WriteSignatures(beam.PTransform):
    """Writes lists of (split, ImageRecord), of images that are used, as CSV files, each sorted."""

    def __init__(self, folder: str, span: str, images_expected: int):
        """Describes what to write.

        Args:
            folder: Of the records.
            span: Name of the folder of the span; empty for a folder without spans.
            images_expected: How many there may be.
        """
        super().__init__()
        self._folder = os.path.join(folder, SIGNATURES_FOLDER)
        self._span = span
        self._parts = 1 + images_expected // PART_SIZE

    def expand(self, assigned: beam.PCollection) -> beam.PCollection:
        """Yields the paths of the files; there is none for no image."""
        return (
            assigned
            | "EachAssigned" >> beam.FlatMap(lambda pairs: pairs)
            | "SignatureByPart" >> beam.MapTuple(self._by_part)
            | "SignaturesOfPart" >> beam.GroupByKey()
            | "WriteSignatures" >> beam.MapTuple(self._write)
        )

    def _by_part(self, split: str, image: ImageRecord) -> tuple[int, tuple[str, ...]]:
        row = (
            image.sha256,
            image.class_text,
            split,
            image.given_split or "",
            self._span,
            image.filename,
            base64.b64encode(image.signature).decode(),
        )
        return zlib.crc32(image.sha256.encode()) % self._parts, row

    def _write(self, part: int, rows: Iterable[tuple[str, ...]]) -> str:
        make_folder(self._folder)
        path = os.path.join(self._folder, f"part-{part:05d}-of-{self._parts:05d}.csv")
        with replacing(path) as unfinished, open_text(unfinished, "w") as file:
            write_rows(file, [HEADER, *sorted(rows)])
        return path


def signature_files(records: Iterable[str]) -> list[str]:
    """The files that `WriteSignatures` wrote beside records.

    Args:
        records: Folders of the records of spans.
    """
    folders = [os.path.join(folder, SIGNATURES_FOLDER) for folder in records]
    # A span of which no image is used has none.
    there = [folder for folder in folders if folder_exists(folder)]
    return [os.path.join(folder, name) for folder in there for name in list_files(folder)]


def read_signatures(path: str) -> Iterator[EarlierImage]:
    """Reads one of these files, a row at a time."""
    with open_text(path, "r") as file:
        rows = csv.reader(file)
        next(rows)
        for sha256, class_text, split, owners_split, span, path_in_span, signature in rows:
            decoded = base64.b64decode(signature)
            yield EarlierImage(sha256, class_text, split, owners_split, span, path_in_span, decoded)


@dataclasses.dataclass(frozen=True)
class EarlierSpans:
    """The images of earlier spans.

    They are read anew for each purpose: else Beam would hold all of them in memory, several times.

    Attributes:
        pipeline: Where to.
        files: Where they are.
    """

    pipeline: beam.Pipeline
    files: Sequence[str]

    @property
    def most_images(self) -> int:
        """About how many there may be."""
        return len(self.files) * PART_SIZE

    def read(self, purpose: str) -> beam.PCollection:
        """Yields each EarlierImage."""
        return (
            self.pipeline
            | f"EarlierSpans[{purpose}]" >> beam.Create(self.files)
            | f"ReadEarlierSpans[{purpose}]" >> beam.FlatMap(read_signatures)
        )
