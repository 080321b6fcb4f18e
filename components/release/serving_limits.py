"""Whether the model can be served: it answers as it was evaluated, is small and fast enough."""

from collections.abc import Iterator, Mapping

import numpy as np

from components.release.intervals import ORDER_STATISTICS, median_interval
from components.release.outcomes import check_at_most, check_exact
from components.release.rules import ReleaseRules
from components.release.verdict import COUNT, Check
from components.serving.serving_facts import ServingFacts

MEGABYTE = 1_000_000


def check_serving(facts: ServingFacts, rules: ReleaseRules) -> Iterator[Check]:
    """Yields the checks of the model as a server would load it.

    Args:
        facts: What InfraValidator found.
        rules: With the limits of size and latency.
    """
    yield check_exact(
        "serving_problems",
        "Problems when it is loaded and asked in a fresh process",
        len(facts.problems),
        0,
        " ".join(facts.problems)
        or f"{len(facts.golden)} golden requests, and {facts.compared_images:,} test images "
        "answered as in the evaluation.",
        COUNT,
    )
    yield check_exact(
        "model_size",
        "Size of the model",
        facts.model_bytes / MEGABYTE,
        rules.max_model_megabytes,
        unit="MB",
    )
    alone = np.array(facts.latencies.get("1", ()), np.float64)
    # A model that cannot be loaded has no latency, and a problem that says so.
    if len(alone):
        yield check_at_most(
            "latency",
            "Latency of one image, median",
            float(np.median(alone)),
            median_interval(alone, rules.confidence),
            rules.max_latency_milliseconds,
            ORDER_STATISTICS,
            f"{len(alone):,} calls of serving_default on this machine, after warming up.",
            "ms",
        )


def check_exports(problems: Mapping[str, str]) -> Iterator[Check]:
    """Yields the checks of the exports without which a model is not released.

    Args:
        problems: Why there is no export of each required format; empty if there is one.
    """
    for name, problem in problems.items():
        yield check_exact(
            f"export/{name}",
            f"Problems with the required export {name}",
            1 if problem else 0,
            0,
            problem,
            COUNT,
        )
