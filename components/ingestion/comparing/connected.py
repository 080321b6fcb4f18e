"""Pairs -> groups: what is connected by pairs, over however many others, is one group."""

from collections.abc import Iterable

import apache_beam as beam
import numpy as np

from components.ingestion.gathering import ApplyToAll

Pair = tuple[str, str]


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


class ConnectedComponents(beam.PTransform):
    """Pairs of names -> one dictionary, name to smallest name of its group, on one worker."""

    def expand(self, pairs: beam.PCollection) -> beam.PCollection:
        """Takes (str, str), and returns one dict[str, str], also of no pairs."""
        return pairs | "Connect" >> ApplyToAll(connected_components)
