"""Images that a model was trained on, found again among those that a new one is measured on.

A model that begins with the weights of another knows what that one was trained on. They are the
same as ingestion finds copies: the same bytes, near-duplicates, or one group by their names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from components.features import TRAIN_SPLIT
from components.ingestion.earlier_spans import EarlierImage, read_signatures, signature_files
from components.ingestion.groups import group_name
from components.ingestion.ingestion_rules import IngestionRules
from components.ingestion.manifest import MANIFEST_FILE, read_used
from components.ingestion.near_duplicates import (
    BATCH_SIZE,
    Batch,
    Pair,
    find_pairs,
    make_batch,
    make_gallery,
)
from components.progress import Progress
from components.storage import folder_exists, list_files

Images = Mapping[str, EarlierImage]
"""Images by their digests."""


def find_unknown(records: Iterable[str]) -> list[str]:
    """The folders of records, of some, whose images cannot be recognized (any more).

    Args:
        records: Folders that ingestion wrote.
    """
    return [folder for folder in records if not _is_known(folder)]


def find_seen(
    records: Sequence[str], trained_on: Sequence[str], rules: IngestionRules
) -> dict[str, str]:
    """Finds what a model has seen among the images that a new one is measured on.

    Args:
        records: Folders of the new model's records.
        trained_on: Folders of the records of which the train split was trained on.
        rules: Of ingestion, for what is alike.

    Returns:
        For each such image of eval or test, by its name, the name of one that was trained on.
    """
    measured = _by_digest(image for image in _read_all(records) if image.split != TRAIN_SPLIT)
    files = signature_files(trained_on)
    progress = Progress("parts of the images that the serving model was trained on", len(files))
    found: dict[str, str] = {}
    compared: set[str] = set()
    # One part after the other, so that memory does not grow with what was ever trained on.
    for path in files:
        trained = (image for image in read_signatures(path) if image.split == TRAIN_SPLIT)
        # Run after run is trained on the same images.
        seen = _by_digest(image for image in trained if image.sha256 not in compared)
        compared.update(seen)
        for here, there in _alike(measured, seen, rules):
            found.setdefault(measured[here].path, seen[there].path)
        progress.advance()
    return dict(sorted(found.items()))


def _is_known(folder: str) -> bool:
    if not folder_exists(folder) or MANIFEST_FILE not in list_files(folder):
        return False
    there = {image.sha256 for image in _read_all([folder])}
    return all(row.sha256 in there for row in read_used(folder))


def _read_all(records: Sequence[str]) -> Iterator[EarlierImage]:
    for path in signature_files(records):
        yield from read_signatures(path)


def _by_digest(images: Iterable[EarlierImage]) -> Images:
    return {image.sha256: image for image in images}


def _alike(measured: Images, seen: Images, rules: IngestionRules) -> Iterator[Pair]:
    """Pairs of digests, of an image that is measured on and one that was seen."""
    yield from ((digest, digest) for digest in measured.keys() & seen.keys())
    yield from _of_one_group(measured, seen, rules.group_pattern)
    distance = rules.near_duplicate_distance
    # Both ways, for of two images either may be a crop of the other.
    for searched, others in ((measured, seen), (seen, measured)):
        gallery = make_gallery(_batches(others))
        for batch in _batches(searched):
            for first, second in find_pairs(batch, gallery, distance):
                is_first = first in measured and second in seen
                yield (first, second) if is_first else (second, first)


def _of_one_group(measured: Images, seen: Images, pattern: str) -> Iterator[Pair]:
    groups = {group_name(image.path, pattern): digest for digest, image in seen.items()}
    for digest, image in measured.items():
        group = group_name(image.path, pattern)
        if group and group in groups:
            yield (digest, groups[group])


def _batches(images: Images) -> Iterator[Batch]:
    comparable = [(digest, image.signature) for digest, image in images.items() if image.signature]
    for start in range(0, len(comparable), BATCH_SIZE):
        yield make_batch(comparable[start : start + BATCH_SIZE])
