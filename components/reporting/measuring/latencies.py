"""How long a loaded model takes to answer, by the size of the batch."""

import dataclasses
import statistics
from collections.abc import Sequence

from components.serving.serving_facts import ServingFacts

SLOW = 0.95
"""Share of the calls that are not slower than what is called slow."""


@dataclasses.dataclass(frozen=True)
class Latency:
    """The calls with one size of batch.

    Attributes:
        batch: Images a call.
        calls: How many were measured.
        median: Milliseconds.
        slow: Milliseconds that 95 of 100 calls do not exceed.
        an_image: Median in milliseconds divided by the images.
    """

    batch: int
    calls: int
    median: float
    slow: float
    an_image: float


def measure_latencies(facts: ServingFacts) -> tuple[Latency, ...]:
    """Sums up the calls, the smallest batch first."""
    sizes = sorted((int(size), times) for size, times in facts.latencies.items() if times)
    return tuple(_make_row(size, sorted(times)) for size, times in sizes)


def _make_row(batch: int, times: Sequence[float]) -> Latency:
    median = statistics.median(times)
    # The smallest measured value of which it is true.
    position = -(-round(SLOW * 100) * len(times) // 100) - 1
    return Latency(batch, len(times), median, times[position], median / batch)
