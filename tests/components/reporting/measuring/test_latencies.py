import dataclasses

from components.reporting.measuring.latencies import Latency, measure_latencies
from tests.components.release.made_up import GOOD_FACTS


def test_the_smallest_batch_first():
    latencies = {"64": (30.0, 10.0), "1": tuple(float(number) for number in range(100, 0, -1))}
    facts = dataclasses.replace(GOOD_FACTS, latencies=latencies)
    assert measure_latencies(facts) == (
        Latency(batch=1, calls=100, median=50.5, slow=95.0, an_image=50.5),
        Latency(batch=64, calls=2, median=20.0, slow=30.0, an_image=0.3125),
    )


def test_nothing_was_measured():
    assert measure_latencies(dataclasses.replace(GOOD_FACTS, latencies={"1": ()})) == ()
