"""Answers -> what is wrong with them: with the numbers, and with the names of the classes."""

import collections
import dataclasses
import math
from collections.abc import Iterator, Sequence, Set

import numpy as np

from components.features import TOP_K
from components.serving.infra_validator.probe_process import Request, Response, Session
from components.serving.serving_facts import GoldenResult, ServingFacts
from components.text import escape_unprintable

TOLERANCE = 1e-3
"""Of a probability: other batch sizes and other kernels add up in another order."""
MOST_NAMED = 3
REFUSAL = "Each file must be one that this model sees as in training. Received: 0: "
"""How `broken_files` begins where it refuses a file that is alone."""


@dataclasses.dataclass(frozen=True)
class Samples:
    """Chosen test images.

    Attributes:
        names: Their files.
        images: Their bytes, as they lie in the records.
        probabilities: float32 [images, classes], the evaluation's predictions.
        class_names: In the order of the probabilities, as the evaluation read them.
    """

    names: tuple[str, ...]
    images: tuple[bytes, ...]
    probabilities: np.ndarray
    class_names: tuple[str, ...]


def judge_golden(requests: Sequence[Request], responses: Sequence[Response]) -> list[GoldenResult]:
    """Holds each response to what is known before.

    Args:
        requests: As of `golden_requests`.
        responses: To them, in their order; those that are missing are a problem of the session.
    """
    asked = list(zip(requests, responses, strict=False))
    by_name = {request.name: response.probabilities for request, response in asked}
    return [
        GoldenResult(
            request.name,
            len(request.images),
            find_problem(request, response, by_name.get(request.same_as)),
        )
        for request, response in asked
    ]


def find_problem(request: Request, response: Response, expected: np.ndarray | None = None) -> str:
    """What is wrong with one response, in a sentence; empty if nothing is.

    Args:
        request: What was asked.
        response: What came back.
        expected: float [1 or images, classes], what should have come back, if that is known.
    """
    found = response.probabilities
    if request.is_broken:
        return "" if found is None else "It must refuse a broken image. Received: probabilities."
    if found is None and request.may_be_refused and REFUSAL in response.error:
        return ""
    if found is None:
        return f"It failed: {response.error}."
    if found.ndim != 2 or len(found) != len(request.images):
        return f"It must return a row for each image. Received: {len(found)} rows."
    if not np.isfinite(found).all():
        return "Its probabilities must be numbers. Received: NaN or infinity."
    sums = found.sum(axis=1)
    if (found < -TOLERANCE).any():
        return f"Its probabilities must be from 0 to 1. Received: {found.min():g}."
    if (np.abs(sums - 1) > TOLERANCE).any():
        return f"Its probabilities must add up to 1. Received: {sums[np.abs(sums - 1).argmax()]:g}."
    if expected is not None and _difference(found, expected) > TOLERANCE:
        return (
            "It must predict the same for a picture in another form. Received: a difference "
            f"of {_difference(found, expected):.4f}."
        )
    return find_naming_problem(response)


def judge_session(
    session: Session,
    golden: Sequence[Request],
    samples: Samples,
    sample_requests: Sequence[Request],
    latencies: Sequence[Request],
    model_bytes: int,
) -> ServingFacts:
    """Everything that was asked, and what became of it.

    Args:
        session: With the responses to all requests, in the order of the next arguments.
        golden: The requests whose outcome is known.
        samples: Test images, with what the evaluation said.
        sample_requests: The requests that ask about these.
        latencies: The requests that are there to be timed; samples in batches of their sizes are
            timed, too.
        model_bytes: Size of the model.
    """
    first, second = len(golden), len(golden) + len(sample_requests)
    judged = judge_golden(golden, session.responses[:first])
    sampled = session.responses[first:second]
    problems = [session.problem] if session.problem else []
    problems += _summarize(judged)
    problems += _compare(samples, sample_requests, sampled)
    return ServingFacts(
        problems=tuple(problems),
        golden=tuple(judged),
        compared_images=sum(len(response.top_class) for response in sampled),
        largest_difference=_largest_difference(samples, sampled),
        load_seconds=session.load_seconds,
        model_bytes=model_bytes,
        latencies=_sort_by_size(
            {len(request.images) for request in latencies},
            [*sample_requests, *latencies],
            session.responses[first:],
        ),
    )


def _sort_by_size(
    sizes: Set[int], requests: Sequence[Request], responses: Sequence[Response]
) -> dict[str, tuple[float, ...]]:
    """Milliseconds of all calls of some sizes of a batch."""
    times: dict[int, list[float]] = collections.defaultdict(list)
    for request, response in zip(requests, responses, strict=False):
        times[len(request.images)] += response.milliseconds
    return {str(size): tuple(found) for size, found in times.items() if size in sizes}


def _summarize(judged: Sequence[GoldenResult]) -> Iterator[str]:
    """Each problem once, however many requests have it."""
    names: dict[str, list[str]] = {}
    for result in judged:
        if result.problem:
            names.setdefault(result.problem, []).append(result.name)
    for problem, (first, *others) in names.items():
        more = f" and {len(others)} more of {len(judged)} requests" if others else ""
        yield f"{first}{more}: {problem}"


def _compare(
    samples: Samples, requests: Sequence[Request], responses: Sequence[Response]
) -> Iterator[str]:
    named = [response for response in responses if response.class_names]
    renaming = find_renaming(named[0], samples.class_names) if named else ""
    if renaming:
        # The numbers of other classes cannot be compared.
        yield renaming
        return
    start, different = 0, []
    for request, response in zip(requests, responses, strict=False):
        rows = slice(start, start + len(request.images))
        start = rows.stop
        problem = find_problem(request, response)
        if problem or response.probabilities is None:
            yield f"{request.name}: {problem}"
            continue
        gaps = np.abs(response.probabilities - samples.probabilities[rows]).max(axis=1)
        different += [samples.names[rows][row] for row in np.flatnonzero(gaps > TOLERANCE)]
    if different:
        names = ", ".join(escape_unprintable(name) for name in different[:MOST_NAMED])
        yield (
            "It must predict as in the evaluation. Received: other probabilities for "
            f"{len(different)} of {len(samples.names)} test images: {names}"
            f"{', ...' if len(different) > 3 else ''}."
        )


def _largest_difference(samples: Samples, responses: Sequence[Response]) -> float:
    rows = [response.probabilities for response in responses if response.probabilities is not None]
    found = np.concatenate(rows) if rows else np.zeros((0, 0))
    if not len(found) or found.shape != samples.probabilities.shape:
        return math.nan
    return _difference(found, samples.probabilities)


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max()) if found.size else 0.0


def find_naming_problem(response: Response) -> str:
    """What is wrong with the names in a response, in a sentence; empty if nothing is.

    Args:
        response: With probabilities; they are numbers.
    """
    found = response.probabilities
    if found is None or not len(found):
        return ""
    if len(response.class_names) != found.shape[1]:
        return (
            f"It must name each of its {found.shape[1]} classes. Received: "
            f"{len(response.class_names)} names."
        )
    ranked = -np.sort(-found, axis=1)
    if not _are_of(found, response, [(name,) for name in response.top_class], ranked[:, :1]):
        return "Its top_class must be the most probable class. Received: another one."
    ranked = ranked[:, :TOP_K]
    if not _are_of(found, response, response.top_k_classes, ranked):
        return (
            f"Its top_k_classes must be the {ranked.shape[1]} most probable classes, in their "
            "order. Received: others."
        )
    if not np.array_equal(np.asarray(response.top_k_probabilities), ranked):
        return "Its top_k_probabilities must be those of top_k_classes. Received: others."
    return ""


def find_renaming(response: Response, class_names: Sequence[str]) -> str:
    """Whether a response names the classes in another way than the evaluation, in a sentence.

    Args:
        response: With names.
        class_names: The evaluation's.
    """
    if len(response.class_names) != len(class_names):
        return (
            f"It must have the {len(class_names)} classes of the evaluation. Received: "
            f"{len(response.class_names)}."
        )
    for place, names in enumerate(zip(response.class_names, class_names, strict=True)):
        given, expected = names
        if given != expected:
            return (
                "It must name the classes as the evaluation does. Received: "
                f"{escape_unprintable(given)} instead of {escape_unprintable(expected)} "
                f"as class {place}."
            )
    return ""


def _are_of(
    found: np.ndarray, response: Response, names: Sequence[Sequence[str]], expected: np.ndarray
) -> bool:
    """Whether named classes, [images, k], have the expected probabilities, float [images, k].

    Compared by their probabilities, since equal ones may come in any order.
    """
    places = {name: place for place, name in enumerate(response.class_names)}
    chosen = [[places.get(name, -1) for name in row] for row in names]
    if [len(row) for row in chosen] != [expected.shape[1]] * len(found):
        return False
    positions = np.array(chosen, np.int64)
    given = np.take_along_axis(found, positions, axis=1)
    return bool((positions >= 0).all()) and np.array_equal(given, expected)
