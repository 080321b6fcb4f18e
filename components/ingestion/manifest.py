"""`manifest.csv`: every file found, and what became of it."""

import collections
import contextlib
import csv
import heapq
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from components.ingestion.data_folder import IGNORED
from components.ingestion.duplicates import SAME_PIXELS, Duplicate
from components.ingestion.image_record import Rejection
from components.ingestion.packing import ApplyToAll, Gather, unpack_all
from components.storage import make_folder, open_text, replacing, unfinished_name, write_rows
from components.text import from_cell, to_cell

MANIFEST_FILE = "manifest.csv"
PART_SIZE = 40_000
"""Rows that are sorted in memory at once, about 20 MB."""


class Row(NamedTuple):
    """One file.

    Attributes:
        path: Below the data folder.
        sha256: Hexadecimal digest of the file; empty for a rejected one.
        class_text: Name of the class folder.
        split: train, eval or test; empty for a file that is not used.
        treatment: "as found", "transcoded to png: ...", "duplicate of ...", "rejected: ...",
            "ignored: ...".
    """

    path: str
    sha256: str
    class_text: str
    split: str
    treatment: str


_DUPLICATE = "duplicate of "
HEADER = ("path", "sha256", "class", "split", "treatment")


def row_of_duplicate(duplicate: Duplicate) -> Row:
    """The row of a file that is there already."""
    left_out = duplicate.image
    treatment = f"{_DUPLICATE}{duplicate.kept}: {duplicate.match}"
    return Row(left_out.filename, left_out.sha256, left_out.class_text, "", treatment)


def row_of_rejection(rejection: Rejection) -> Row:
    """The row of a file that is rejected."""
    outcome = "ignored" if rejection.reason in IGNORED else "rejected"
    treatment = f"{outcome}: {rejection.reason}"
    return Row(rejection.filename, "", rejection.class_text, "", treatment)


class WriteManifest(beam.PTransform):
    """Writes lists of rows as one CSV file with a header, sorted by path; yields its path."""

    def __init__(self, folder: str, work_folder: str, rows_expected: int):
        """Describes what to write.

        Args:
            folder: Where the file will be.
            work_folder: For its parts, which may be merged again. It is made, and left to be
                removed.
            rows_expected: How many there may be.
        """
        super().__init__()
        self._folder = folder
        self._work_folder = work_folder
        self._parts = 1 + rows_expected // PART_SIZE

    def expand(self, collections: Any) -> beam.PCollection:
        """Sorts parts of bounded size, then merges them.

        Args:
            collections: A tuple of collections of lists; said as a type, Beam would warn that it
                cannot check it.
        """
        gathered = [
            rows | f"GatherByPart[{number}]" >> beam.ParDo(Gather(self._part_of))
            for number, rows in enumerate(collections)
        ]
        return (
            gathered
            | "AllParts" >> beam.Flatten()
            | "GroupByPart" >> beam.GroupByKey()
            | "WritePart" >> beam.MapTuple(self._write_part)
            | "MergeParts" >> ApplyToAll(self._merge)
        )

    def _part_of(self, row: Row) -> int:
        return zlib.crc32(row.path.encode()) % self._parts

    def _write_part(self, part: int, gathered: Iterable[bytes]) -> str:
        make_folder(self._work_folder)
        # Another attempt writes another, and that is merged whose name Beam went on with.
        path = unfinished_name(os.path.join(self._work_folder, f"manifest-{part:05d}.csv"))
        with open_text(path, "w") as file:
            write_rows(file, sorted(tuple(map(to_cell, row)) for row in unpack_all(gathered)))
        return path

    def _merge(self, parts: list[str]) -> str:
        path = os.path.join(self._folder, MANIFEST_FILE)
        with contextlib.ExitStack() as opened:
            files = [opened.enter_context(open_text(part, "r")) for part in parts]
            merged = opened.enter_context(open_text(opened.enter_context(replacing(path)), "w"))
            write_rows(merged, [HEADER])
            if len(files) == 1:
                # As most folders have it: nothing to merge.
                shutil.copyfileobj(files[0], merged)
            else:
                write_rows(merged, heapq.merge(*map(csv.reader, files)))
        return path


def read_manifest(folder: str) -> Iterator[Row]:
    """Reads what `WriteManifest` wrote."""
    with open_text(os.path.join(folder, MANIFEST_FILE), "r") as file:
        rows = csv.reader(file)
        next(rows)
        yield from (Row(*map(from_cell, row)) for row in rows)


def read_used_and_copies(folder: str) -> Iterator[Row]:
    """The rows of the images that are in a split, and of other files of the same pixels as these.

    Yields:
        Of the latter the split that their pixels are in: they are what remains when the file that
        was used is removed.
    """
    copies = collections.defaultdict(list)
    for row in read_manifest(folder):
        kept = row.treatment.removeprefix(_DUPLICATE).removesuffix(f": {SAME_PIXELS}")
        if row.treatment == f"{_DUPLICATE}{kept}: {SAME_PIXELS}":
            copies[kept].append(row)
    for row in read_used(folder):
        yield row
        yield from (copy._replace(split=row.split) for copy in copies.get(row.path, ()))


def read_used(folder: str) -> Iterator[Row]:
    """Reads the rows of the images that are in a split."""
    return (row for row in read_manifest(folder) if row.split)
