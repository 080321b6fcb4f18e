"""Manifests -> one digest of all images that are used."""

import hashlib
from collections.abc import Iterable

from components.ingestion.writing.manifest import Row, read_used


def data_fingerprint(folders: Iterable[str]) -> str:
    """Digest of which images are used, and as what.

    Args:
        folders: Of the records of each span, with their manifests.

    Returns:
        A hexadecimal SHA-256 over path, digest, class and split of every image, that depends
        neither on the order of spans nor on the place of the data folder.
    """
    # Digests of rows take a third of the memory of the rows, and none of the time of sorting them.
    rows = sorted(_digest(row) for folder in folders for row in read_used(folder))
    return hashlib.sha256(b"".join(rows)).hexdigest()


def _digest(row: Row) -> bytes:
    # No path has a zero byte.
    fields = (row.path, row.sha256, row.class_text, row.split)
    return hashlib.sha256("\0".join(fields).encode("utf-8", "surrogatepass")).digest()
