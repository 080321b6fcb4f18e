"""What is wrong with responses, without a process that gives them."""

import dataclasses

import numpy as np
import pytest

from components.serving.infra_validator.probe_process import Request, Response, Session
from components.serving.infra_validator.response_checks import (
    Samples,
    find_naming_problem,
    find_problem,
    find_renaming,
    judge_golden,
    judge_session,
)

TWO = Request("two", (b"a", b"b"))


def response(*rows: tuple[float, ...]) -> Response:
    """What a model says that names its classes as it should."""
    found = np.array(rows)
    names = [["cat", "dog"] if row[0] >= row[1] else ["dog", "cat"] for row in rows]
    return Response(
        probabilities=found,
        class_names=("cat", "dog"),
        top_class=tuple(first for first, _ in names),
        top_k_classes=tuple(map(tuple, names)),
        top_k_probabilities=-np.sort(-found, axis=1),
        milliseconds=(9.0, 5.0, 4.0),
    )


@pytest.mark.parametrize(
    ("received", "expected", "problem"),
    [
        (response((0.5, 0.5), (0.9, 0.1)), None, ""),
        (response((0.5, 0.5), (0.5, 0.5)), [[0.5, 0.5]], ""),
        (response((0.5, 0.5), (0.5004, 0.4996)), [[0.5, 0.5]], ""),
        (
            Response(error="InvalidArgumentError: bad"),
            None,
            "It failed: InvalidArgumentError: bad.",
        ),
        (
            response((0.5, 0.5)),
            None,
            "It must return a row for each image. Received: 1 rows.",
        ),
        (
            response((0.5, 0.5), (float("nan"), 0.5)),
            None,
            "Its probabilities must be numbers. Received: NaN or infinity.",
        ),
        (
            response((0.5, 0.5), (0.5, 0.3)),
            None,
            "Its probabilities must add up to 1. Received: 0.8.",
        ),
        (
            response((0.5, 0.5), (1.5, -0.5)),
            None,
            "Its probabilities must be from 0 to 1. Received: -0.5.",
        ),
        (
            response((0.5, 0.5), (0.9, 0.1)),
            [[0.5, 0.5]],
            "It must predict the same for a picture in another form. Received: a difference "
            "of 0.4000.",
        ),
    ],
)
def test_problems(received, expected, problem):
    assert find_problem(TWO, received, expected and np.array(expected)) == problem


def test_a_broken_image_must_be_refused():
    broken = Request("text", (b"a", b"b"), is_broken=True)
    assert find_problem(broken, Response(error="InvalidArgumentError: bad")) == ""
    assert find_problem(broken, response((0.5, 0.5), (0.5, 0.5))) == (
        "It must refuse a broken image. Received: probabilities."
    )


def test_no_images_have_no_problem():
    nothing = Response(np.zeros((0, 0)), top_k_probabilities=np.zeros((0, 0)))
    assert find_problem(Request("no images", ()), nothing) == ""


def test_only_forms_of_one_picture_are_compared():
    requests = [
        Request("PNG", (b"x",), same_as="PNG"),
        Request("BMP", (b"x",), same_as="PNG"),
        Request("JPEG", (b"x",)),
    ]
    responses = [response((0.5, 0.5)), *[response((0.9, 0.1))] * 2]
    assert [bool(each.problem) for each in judge_golden(requests, responses)] == [
        False,
        True,
        False,
    ]


def test_a_session():
    golden = [Request("PNG", (b"x",))]
    samples = Samples(
        ("a.png", "<b>\n.png"), (b"a", b"b"), np.array([[0.5, 0.5], [0.9, 0.1]]), ("cat", "dog")
    )
    session = Session(
        1.5, (response((0.5, 0.5)), response((0.5, 0.5), (0.2, 0.8)), response((0.5, 0.5))), ""
    )
    # Of images in twos, the sample is timed as well.
    latency = Request("latency of 2", (b"a", b"b"), 5)
    facts = judge_session(session, golden, samples, [TWO], [latency], 1234)
    assert facts.problems == (
        "It must predict as in the evaluation. Received: other probabilities for 1 of 2 test "
        "images: <b>\\n.png.",
    )
    assert facts.largest_difference == pytest.approx(0.7)
    assert (facts.compared_images, facts.load_seconds, facts.model_bytes) == (2, 1.5, 1234)
    assert facts.latencies == {"2": (9.0, 5.0, 4.0, 9.0, 5.0, 4.0)}


def test_a_session_that_broke_off():
    golden = [Request("PNG", (b"x",)), Request("BMP", (b"x",))]
    samples = Samples((), (), np.zeros((0, 2), np.float32), ("cat", "dog"))
    facts = judge_session(
        Session(1.5, (response((0.5, 0.5)),), "It ended."), golden, samples, [], [], 1
    )
    assert facts.problems == ("It ended.",)
    assert [each.name for each in facts.golden] == ["PNG"]
    assert (facts.compared_images, facts.latencies) == (0, {})


def test_one_problem_of_many_requests_is_said_once():
    golden = [Request(name, (b"x",)) for name in ("PNG", "BMP", "GIF", "JPEG")]
    samples = Samples((), (), np.zeros((0, 2), np.float32), ("cat", "dog"))
    responses = (
        response((0.5, 0.6)),
        response((0.5, 0.5)),
        response((0.5, 0.6)),
        response((0.5, 0.7)),
    )
    assert judge_session(Session(1.5, responses, ""), golden, samples, [], [], 1).problems == (
        "PNG and 1 more of 4 requests: Its probabilities must add up to 1. Received: 1.1.",
        "JPEG: Its probabilities must add up to 1. Received: 1.2.",
    )


@pytest.mark.parametrize("names", [("dog", "cat"), ("cat",)])
def test_other_class_names_than_the_evaluations(names):
    samples = Samples(("a.png",), (b"a",), np.full((1, len(names)), 1 / len(names)), names)
    session = Session(1.5, (response((0.5, 0.5)),), "")
    facts = judge_session(session, [], samples, [Request("one", (b"a",))], [], 1)
    assert facts.problems == (
        "It must name the classes as the evaluation does. Received: cat instead of dog as class 0."
        if names == ("dog", "cat")
        else "It must have the 1 classes of the evaluation. Received: 2.",
    )


NAMES = tuple("abcdef")
GOOD = Response(
    probabilities=np.array([[0.1, 0.4, 0.2, 0.15, 0.05, 0.1]]),
    class_names=NAMES,
    top_class=("b",),
    top_k_classes=(("b", "c", "d", "f", "a"),),
    top_k_probabilities=np.array([[0.4, 0.2, 0.15, 0.1, 0.1]]),
)
TOP_K = "Its top_k_classes must be the 5 most probable classes, in their order. Received: others."


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        # Equally probable classes may come in any order.
        ({"top_k_classes": (("b", "c", "d", "a", "f"),)}, ""),
        ({"class_names": NAMES[:5]}, "It must name each of its 6 classes. Received: 5 names."),
        (
            {"top_class": ("c",)},
            "Its top_class must be the most probable class. Received: another one.",
        ),
        (
            {"top_class": ("unknown",)},
            "Its top_class must be the most probable class. Received: another one.",
        ),
        ({"top_k_classes": (("c", "b", "d", "a", "f"),)}, TOP_K),
        ({"top_k_classes": (("b", "c", "d", "a"),)}, TOP_K),
        ({"top_k_classes": ()}, TOP_K),
        (
            {"top_k_probabilities": np.array([[0.4, 0.2, 0.15, 0.1, 0.05]])},
            "Its top_k_probabilities must be those of top_k_classes. Received: others.",
        ),
        ({"probabilities": None}, ""),
        ({"probabilities": np.zeros((0, 0))}, ""),
    ],
)
def test_names_and_probabilities(changes, problem):
    assert find_naming_problem(dataclasses.replace(GOOD, **changes)) == problem


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (NAMES, ""),
        (NAMES[:5], "It must have the 5 classes of the evaluation. Received: 6."),
        (
            ("a", "b", "x\n", "d", "e", "f"),
            "It must name the classes as the evaluation does. Received: c instead of x\\n as class "
            "2.",
        ),
    ],
)
def test_names_of_the_evaluation(names, problem):
    assert find_renaming(GOOD, names) == problem
