"""Statistics of several spans -> what is asked of all of them together.

Without TensorFlow: only the protocol buffers are read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from components.validation.distributions import Statistics, number_of_images, value_counts

OfSplits = Mapping[str, Statistics]
"""Statistics of one span, by split."""


def add_up(spans: Sequence[OfSplits], key: str) -> dict[str, Statistics]:
    """Adds up how many images have each value of a text feature.

    Args:
        spans: Of each span.
        key: The feature.

    Returns:
        Statistics of that feature alone, by split; those of a single span as they are.
    """
    if len(spans) == 1:
        return dict(spans[0])
    splits = dict.fromkeys(split for span in spans for split in span)
    return {
        split: _add_up([span[split] for span in spans if split in span], key) for split in splits
    }


def _add_up(statistics: Iterable[Statistics], key: str) -> Statistics:
    counts: Counter[str] = Counter()
    images = 0
    for found in statistics:
        counts.update(value_counts(found, key))
        images += number_of_images(found)
    added = Statistics()
    dataset = added.datasets.add(num_examples=images)
    feature = dataset.features.add()
    feature.path.step.append(key)
    for value, count in sorted(counts.items()):
        feature.string_stats.rank_histogram.buckets.add(label=value, sample_count=count)
    return added
