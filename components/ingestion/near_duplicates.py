"""Which images are near-duplicates of each other: a search that never compares all with all.

Signatures are packed into batches, as an element costs Beam more than an image costs NumPy. Batches
are files, since Beam's runner in one process would hold four of each. Every worker reads all of
them and makes the gallery, with the index of their hashes: 400 bytes an image. It is searched for
the hashes of the images and of their crops, a thousand images at once, and what is found, a few
candidates an image, is verified on the thumbnails.

    signatures -> batches -------------+
                  batches -> gallery --+--> pairs

Found are copies that were recompressed (JPEG quality 30 and better), rescaled (a quarter to twice
the size, as long as 32 pixels remain), made lighter, darker or gray, or cropped by up to 5 % on
each side or 10 % on one side of each direction, and combinations of these. Not found are mirror
images, rotations, larger crops, two different crops of an image that is not there itself, and crops
of plain pictures (see `components.ingestion.crops`). `benchmarks/near_duplicates.py`
measures it.

Whether two images are near-duplicates is decided by these two alone, but for crowded
neighborhoods: of the images whose hashes are near, only the nearest `MOST_CANDIDATES` are
verified, so that neither time nor groups grow out of hand. There a new image may take the place of
an old one. It may also join two groups, by being a near-duplicate of both.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam
import numpy as np

from components.ingestion.crops import (
    PLAIN_DETAIL,
    hashes_of_crops,
    is_crop,
    measure_detail,
    richness,
    tolerated_difference,
)
from components.ingestion.hash_index import Candidates, HashIndex, make_index
from components.ingestion.ingestion_rules import LARGEST_DISTANCE
from components.ingestion.packing import pack, unpack
from components.ingestion.perceptual_hash import unpack_signatures
from components.storage import make_folder, read_file, write_file

PLAIN_DISTANCE = 4
"""For plain pictures: those that differ by more are never as alike as these have to be."""

BATCH_SIZE = 1_000
"""Images of a file, which are searched for at once."""

Pair = tuple[str, str]


class NearDuplicatePairs(beam.PTransform):
    """Lists of (key, signature) -> pairs of keys, the smaller first, each pair once or twice.

    Twice if either image was found by the other: who connects them does not mind. Which pairs there
    are depends on the elements alone, not on their order. Of images that look the same in
    great number not every pair is given, but enough to connect them.
    """

    def __init__(self, distance: int, folder: str):
        """Checks the setting.

        Args:
            distance: Bits of 64 by which the hashes of near-duplicates, or the hash of one and that
                of a crop of the other, may differ, 0 to `LARGEST_DISTANCE`. 0: only equal hashes,
                and no crops. Larger distances find more candidates; all are verified on thumbnails.
            folder: Where the batches lie while the pipeline runs; every worker must reach it. It
                is made, and left to be removed.

        Raises:
            ValueError: The distance is out of range.
        """
        super().__init__()
        if not 0 <= distance <= LARGEST_DISTANCE:
            raise ValueError(
                f"The distance of near-duplicates must be 0 to {LARGEST_DISTANCE} bits. "
                f"Received: {distance}."
            )
        self._distance = distance
        self._folder = folder

    def expand(self, signatures: beam.PCollection) -> beam.PCollection:
        """Takes lists of (str, bytes): unique keys, and what `perceptual_signatures` makes."""
        batches = signatures | "WriteBatches" >> beam.FlatMap(write_batches, self._folder)
        return batches | "FindPairs" >> beam.ParDo(
            _FindPairs(self._distance, self._folder), beam.pvalue.AsIter(batches)
        )


@dataclasses.dataclass(frozen=True)
class Batch:
    """Images, one a row.

    Attributes:
        keys: n names.
        identities: uint64 [n], digests of the names.
        hashes: uint64 [n].
        thumbnails: uint8 [n, 16, 16].
        details: float32 [n], as `measure_detail` measures it.
    """

    keys: Sequence[str]
    identities: np.ndarray
    hashes: np.ndarray
    thumbnails: np.ndarray
    details: np.ndarray

    @property
    def size(self) -> int:
        """Number of images."""
        return len(self.keys)


@dataclasses.dataclass(frozen=True)
class Gallery:
    """All images, and where to find them by their hashes."""

    images: Batch
    index: HashIndex


def make_batch(elements: Sequence[tuple[str, bytes]]) -> Batch:
    """Makes a batch of (key, signature) pairs."""
    keys = [key for key, _ in elements]
    hashes, thumbnails = unpack_signatures([signature for _, signature in elements])
    digests = b"".join(
        hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        for key in keys
    )
    # Among ten million names two share 64 bits with a probability of 3 in a million, and then these
    # two are not compared.
    identities = np.frombuffer(digests, np.uint64)
    return Batch(keys, identities, hashes, thumbnails, measure_detail(thumbnails))


def write_batches(elements: Sequence[tuple[str, bytes]], folder: str) -> Iterator[str]:
    """Writes (key, signature) pairs into a folder, but for those that cannot be compared.

    Yields:
        The name of each batch there.
    """
    comparable = [element for element in elements if element[1]]
    make_folder(folder)
    for start in range(0, len(comparable), BATCH_SIZE):
        packed = pack(make_batch(comparable[start : start + BATCH_SIZE]))
        # By its content: what is worked on again may be cut into other batches.
        name = hashlib.blake2b(packed, digest_size=16).hexdigest()
        write_file(folder, name, packed)
        yield name


def make_gallery(batches: Iterable[Batch]) -> Gallery:
    """Puts batches together, none of them included, and makes their index."""
    listed = [make_batch([]), *batches]
    images = Batch(
        [key for batch in listed for key in batch.keys],
        np.concatenate([batch.identities for batch in listed]),
        np.concatenate([batch.hashes for batch in listed]),
        np.concatenate([batch.thumbnails for batch in listed]),
        np.concatenate([batch.details for batch in listed]),
    )
    return Gallery(images, make_index(images.hashes, images.identities))


class _FindPairs(beam.DoFn):
    """Searches for the near-duplicates of batches, in a gallery that each worker makes once."""

    def __init__(self, distance: int, folder: str):
        super().__init__()
        self._distance = distance
        self._folder = folder
        self._gallery: Gallery | None = None

    def process(self, name: str, names: Iterable[str]) -> Iterator[Pair]:
        if self._gallery is None:
            every = tuple(names)
            self._gallery = make_gallery(map(self._read, every))
            self._left = len(every)
        yield from find_pairs(self._read(name), self._gallery, self._distance)
        self._left -= 1
        if not self._left:
            # A worker alone has searched for all, and the steps behind need the memory.
            self._gallery = None

    def _read(self, name: str) -> Batch:
        batch: Batch = unpack(read_file(self._folder, name))
        return batch


def find_pairs(batch: Batch, gallery: Gallery, distance: int) -> Iterator[Pair]:
    """Finds the near-duplicates of a batch's images.

    Args:
        batch: Images of the gallery, each to be compared with what may be a crop of it.
        gallery: All images.
        distance: As of `NearDuplicatePairs`.

    Yields:
        Pairs of keys, the smaller first.
    """
    can_be_cropped = (batch.details > PLAIN_DETAIL) & (distance > 0)
    for are_cropped in (False, True):
        rows = np.flatnonzero(can_be_cropped == are_cropped)
        hashes = batch.hashes[rows, None]
        if are_cropped:
            crops = hashes_of_crops(batch.thumbnails[rows])[:, 1:]
            hashes = np.concatenate([hashes, crops], axis=1)
        limits = _limits(batch.details[rows], distance)
        candidates = gallery.index.search(hashes, batch.identities[rows], limits)
        yield from _verify(batch, rows[candidates.rows], gallery.images, candidates)


def _limits(details: np.ndarray, distance: int) -> np.ndarray:
    """Bits by which each image's hash may differ: the less detail, the fewer."""
    least = min(distance, PLAIN_DISTANCE)
    return least + np.minimum(1, 2 * richness(details)) * (distance - least)


def _verify(
    batch: Batch, rows: np.ndarray, images: Batch, candidates: Candidates
) -> Iterator[Pair]:
    found = candidates.found
    tolerated = tolerated_difference(np.minimum(batch.details[rows], images.details[found]))
    are_near = is_crop(
        batch.thumbnails[rows], images.thumbnails[found], candidates.columns, tolerated
    )
    for row, other in zip(rows[are_near].tolist(), found[are_near].tolist(), strict=True):
        first, second = sorted((batch.keys[row], images.keys[other]))
        yield first, second


def connected_components(pairs: Iterable[Pair]) -> dict[str, str]:
    """Names each group by its smallest member.

    Args:
        pairs: Members of one group each, in any order. They are held in memory: about 300 bytes a
            pair, names of 60 letters included.

    Returns:
        For every name in a pair, sorted, the smallest name of its group.
    """
    # Not above: a folder without near-duplicates needs no half second of SciPy.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components as label_components

    table = np.array(list(pairs), dtype=object).reshape(-1, 2)
    names, numbers = np.unique(table.reshape(-1), return_inverse=True)
    first, second = numbers.reshape(-1, 2).T
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(names),) * 2)
    _, labels = label_components(graph, directed=False)
    # The names are sorted: the first of a group is its smallest.
    smallest = np.unique(labels, return_index=True)[1]
    return dict(zip(names.tolist(), names[smallest[labels]].tolist(), strict=True))
