import numpy as np

from components.ingestion.hash_index import MOST_CANDIDATES, REACH, make_index

HASHES = np.random.RandomState(0).randint(0, 2**63, 3000, dtype=np.uint64)
IDENTITIES = np.arange(3000, dtype=np.uint64) + np.uint64(10_000)


def search(queries, limit, own=None, index=None):
    """Searches each query on its own; returns (row, column, found) as a list of tuples."""
    index = index or make_index(HASHES, IDENTITIES)
    queries = np.array(queries, np.uint64)
    queries = queries if queries.ndim == 2 else queries[:, None]
    own = np.zeros(len(queries), np.uint64) if own is None else own
    found = index.search(queries, own, np.full(len(queries), limit))
    return list(zip(found.rows.tolist(), found.columns.tolist(), found.found.tolist(), strict=True))


def flip(hash_value, *bits):
    for bit in bits:
        hash_value ^= np.uint64(1 << bit)
    return hash_value


def test_an_equal_hash_is_found():
    assert search(HASHES[[5, 2000]], 0) == [(0, 0, 5), (1, 0, 2000)]


def test_three_bits_are_always_found():
    bits = np.random.RandomState(1).randint(0, 64, (3000, 3))
    queries = [flip(value, *set(row)) for value, row in zip(HASHES, bits.tolist(), strict=True)]
    assert search(queries, 3) == [(row, 0, row) for row in range(3000)]


def test_a_limit_is_kept():
    query = [flip(HASHES[7], 0, 1)]
    assert search(query, 2) == [(0, 0, 7)]
    assert search(query, 1) == []


def test_bits_in_all_quarters_are_missed():
    assert search([flip(HASHES[7], 0, 16, 32, 48)], 4) == []


def test_an_image_does_not_find_itself():
    assert search(HASHES[:3], 0, own=IDENTITIES[:3]) == []


def test_the_nearest_column_is_told():
    query = [[flip(HASHES[7], 0, 1), HASHES[8], flip(HASHES[7], 3)]]
    assert search(query, 4) == [(0, 1, 8), (0, 2, 7)]


def test_only_the_nearest_are_kept():
    near = np.array([flip(HASHES[0], *range(count)) for count in range(8)], np.uint64)
    index = make_index(near, np.arange(8, dtype=np.uint64) + np.uint64(1))
    found = [image for _, _, image in search(HASHES[:1], 16, index=index)]
    assert found == list(range(MOST_CANDIDATES))


def test_ten_thousand_equal_hashes_are_not_all_looked_at():
    count = 10_000
    index = make_index(np.full(count, 7, np.uint64), np.arange(count, dtype=np.uint64))
    for quarter in range(4):
        asked, _ = index._neighbors(quarter, np.full(5, 7, np.uint64))
        assert len(asked) <= 5 * 2 * REACH
    own = np.arange(count, dtype=np.uint64)
    found = search(np.full(count, 7), 0, own=own, index=index)
    # All are connected by way of the first.
    assert {row for row, _, image in found if image == 0} == set(range(1, count))


def test_the_order_of_the_images_does_not_matter():
    backwards = make_index(HASHES[::-1], IDENTITIES[::-1])
    queries = HASHES[:500] ^ np.uint64(5)
    found = [
        (row, column, 2999 - image) for row, column, image in search(queries, 20, None, backwards)
    ]
    assert found == search(queries, 20)


def test_an_empty_index_and_an_empty_search():
    assert search(HASHES[:3], 64, index=make_index(HASHES[:0], IDENTITIES[:0])) == []
    assert search(HASHES[:0], 64) == []
