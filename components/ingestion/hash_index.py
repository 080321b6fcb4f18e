"""All images whose hash differs from a given one in a few bits, without comparing with all.

Multi-index hashing: if two hashes of 64 bits differ in 3 bits or fewer, one of their four quarters
is the same, and if they differ in 6, that is still likely. The index holds all hashes sorted by
each quarter, the other three behind it, and a search looks at those with the same quarter only:
at most `REACH` of them on either side of where the hash itself would stand, so that 10,000 images
that look the same cost no more than others.

Source: M. Norouzi, A. Punjani, D. J. Fleet, "Fast Exact Search in Hamming Space with Multi-Index
Hashing", IEEE TPAMI 36(6), 2014, https://arxiv.org/abs/1307.2982.
"""

import dataclasses

import numpy as np

REACH = 32
"""Hashes looked at on either side; so at most 64 for each quarter of each hash searched for."""

MOST_CANDIDATES = 4
"""Of the images found for one image, the nearest that are kept: so many by its first hash, its own,
and so many by the others. Else many copies of an image would hide its crops. With more, what looks
alike by chance grows together: with 8 the largest group of 70,000 pictures of clothes has 232
instead of 79."""

_QUARTERS = 4
_QUARTER_BITS = 16
# Images searched for at once: by 49 hashes and 64 neighbors of each, 20 MB at the very worst.
_AT_ONCE = 64
_COLUMN_BITS = 7
_BELOW_POSITION = 2 * _COLUMN_BITS
_POSITION_BITS = 31
_NO_RESULT = -1


@dataclasses.dataclass(frozen=True)
class Candidates:
    """What a search found.

    Attributes:
        rows: int64 [p], which image was searched for.
        columns: int64 [p], which of its hashes was nearest.
        found: int64 [p], which image was found, in the order in which `make_index` took them.
    """

    rows: np.ndarray
    columns: np.ndarray
    found: np.ndarray


@dataclasses.dataclass(frozen=True)
class HashIndex:
    """Hashes in four orders; 60 bytes an image, and 2 MB.

    Attributes:
        images: int32 [n], which image it is, in the order of the hashes.
        identities: uint64 [n], its identity.
        hashes: For each quarter, uint64 [n], sorted, with that quarter in front.
        orders: For each quarter, int32 [n], positions of these in `images`.
        borders: For each quarter, int64 [65,537], where each value of the quarter begins.
    """

    images: np.ndarray
    identities: np.ndarray
    hashes: tuple[np.ndarray, ...]
    orders: tuple[np.ndarray, ...]
    borders: tuple[np.ndarray, ...]

    def search(self, queries: np.ndarray, own: np.ndarray, limits: np.ndarray) -> Candidates:
        """Finds, for each image, others whose hash is near one of its own.

        Args:
            queries: uint64 [m, k]: k hashes, at most 64, of each of m images.
            own: uint64 [m]: the identity of each, not to be found again.
            limits: Any number type [m]: bits by which the hashes of each may differ.

        Returns:
            For each image the nearest, whatever the order in which the index was filled:
            `MOST_CANDIDATES` whose hash is nearest to its first, and as many of the others.
        """
        starts = range(0, len(own), _AT_ONCE)
        parts = [
            self._search(*(table[start : start + _AT_ONCE] for table in (queries, own, limits)))
            for start in starts
        ]
        rows = [part.rows + start for part, start in zip(parts, starts, strict=True)]
        return Candidates(
            np.concatenate([np.empty(0, np.int64), *rows]),
            np.concatenate([np.empty(0, np.int64), *(part.columns for part in parts)]),
            np.concatenate([np.empty(0, np.int64), *(part.found for part in parts)]),
        )

    def _search(self, queries: np.ndarray, own: np.ndarray, limits: np.ndarray) -> Candidates:
        rows, columns = np.indices(queries.shape).reshape(2, -1)
        packed = []
        for quarter in range(_QUARTERS):
            values = _rotate(queries, quarter).reshape(-1)
            asked, place = self._neighbors(quarter, values)
            bits = np.bitwise_count(self.hashes[quarter][place] ^ values[asked])
            near = np.flatnonzero(bits <= limits[rows[asked]])
            asked, bits = asked[near], bits[near]
            position = self.orders[quarter][place[near]]
            results = _pack(rows[asked], position, bits, columns[asked])
            packed.append(results[self.identities[position] != own[rows[asked]]])
        return self._nearest(np.sort(np.concatenate(packed)))

    def _neighbors(self, quarter: int, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (which of `values`, place in this quarter's order) that are to be compared."""
        front = (values >> np.uint64(64 - _QUARTER_BITS)).astype(np.int64)
        starts, ends = self.borders[quarter][front], self.borders[quarter][front + 1]
        crowded = np.flatnonzero(ends - starts > 2 * REACH)
        middles = np.searchsorted(self.hashes[quarter], values[crowded])
        starts[crowded] = np.maximum(starts[crowded], middles - REACH)
        ends[crowded] = np.minimum(ends[crowded], middles + REACH)
        counts = ends - starts
        asked = np.repeat(np.arange(len(values)), counts)
        first = np.cumsum(counts) - counts
        place = np.arange(len(asked)) + np.repeat(starts - first, counts)
        return asked, place

    def _nearest(self, packed: np.ndarray) -> Candidates:
        """Of sorted results each (row, position) once, and of each row and kind the nearest."""
        is_first = np.diff(packed >> _BELOW_POSITION, prepend=_NO_RESULT) != 0
        row, position, bits, column = _unpack(packed[is_first])
        kind = 2 * row + (column > 0)
        order = np.lexsort((position, bits, kind))
        kind = kind[order]
        rank = np.arange(len(kind)) - np.searchsorted(kind, kind)
        kept = order[rank < MOST_CANDIDATES]
        found = self.images[position[kept]].astype(np.int64)
        return Candidates(row[kept], column[kept], found)


def make_index(hashes: np.ndarray, identities: np.ndarray) -> HashIndex:
    """Makes the index of all hashes.

    Args:
        hashes: uint64 [n], n at most 2 ** 31.
        identities: uint64 [n], by which images of equal hash are put in order.
    """
    by_hash = np.lexsort((identities, hashes)).astype(np.int32)
    hashes = hashes[by_hash]
    rotated = [_rotate(hashes, quarter) for quarter in range(_QUARTERS)]
    orders = [np.argsort(values, kind="stable").astype(np.int32) for values in rotated]
    in_order = [values[order] for values, order in zip(rotated, orders, strict=True)]
    borders = [_borders(values) for values in in_order]
    return HashIndex(by_hash, identities[by_hash], tuple(in_order), tuple(orders), tuple(borders))


def _borders(values: np.ndarray) -> np.ndarray:
    fronts = (values >> np.uint64(64 - _QUARTER_BITS)).astype(np.int64)
    counts = np.bincount(fronts, minlength=1 << _QUARTER_BITS)
    return np.concatenate([[0], np.cumsum(counts)])


def _rotate(hashes: np.ndarray, quarter: int) -> np.ndarray:
    """Brings one quarter to the front of each hash."""
    if not quarter:
        return hashes
    bits = np.uint64(quarter * _QUARTER_BITS)
    return (hashes << bits) | (hashes >> (np.uint64(64) - bits))


def _pack(
    row: np.ndarray, position: np.ndarray, bits: np.ndarray, column: np.ndarray
) -> np.ndarray:
    """One number for each result, as sorting these takes a tenth of sorting four columns."""
    place = (row.astype(np.int64) << _POSITION_BITS) | position
    return (place << _BELOW_POSITION) | (bits.astype(np.int64) << _COLUMN_BITS) | column


def _unpack(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return (
        packed >> (_BELOW_POSITION + _POSITION_BITS),
        (packed >> _BELOW_POSITION) & ((1 << _POSITION_BITS) - 1),
        (packed >> _COLUMN_BITS) & ((1 << _COLUMN_BITS) - 1),
        packed & ((1 << _COLUMN_BITS) - 1),
    )
