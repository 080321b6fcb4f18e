import dataclasses

from components.reporting.page.serving import LatencyRow, make_latency_rows
from tests.components.release.made_up import GOOD_FACTS


def test_the_smallest_batch_first():
    latencies = {"64": (30.0, 10.0), "1": tuple(float(number) for number in range(100, 0, -1))}
    facts = dataclasses.replace(GOOD_FACTS, latencies=latencies)
    assert make_latency_rows(facts) == (
        LatencyRow(batch=1, calls=100, median=50.5, slow=95.0, an_image=50.5),
        LatencyRow(batch=64, calls=2, median=20.0, slow=30.0, an_image=0.3125),
    )


def test_nothing_was_measured():
    assert make_latency_rows(dataclasses.replace(GOOD_FACTS, latencies={"1": ()})) == ()
