"""What is wrong with answers, without a process that gives them."""

import numpy as np
import pytest

from components.serving.infra_validator.asking import Answer, Request, Session
from components.serving.infra_validator.judging import find_problem, judge_golden, judge_session
from components.serving.infra_validator.samples import Samples

TWO = Request("two", (b"a", b"b"))


def answer(*rows: tuple[float, ...]) -> Answer:
    return Answer(np.array(rows), ("cat",) * len(rows), (9.0, 8.0, 7.0, 5.0, 4.0))


@pytest.mark.parametrize(
    ("received", "expected", "problem"),
    [
        (answer((0.5, 0.5), (0.9, 0.1)), None, ""),
        (answer((0.5, 0.5), (0.5, 0.5)), [[0.5, 0.5]], ""),
        (answer((0.5, 0.5), (0.5004, 0.4996)), [[0.5, 0.5]], ""),
        (Answer(error="InvalidArgumentError: bad"), None, "It failed: InvalidArgumentError: bad."),
        (
            answer((0.5, 0.5)),
            None,
            "It must answer with a row for each image. Received: 1 rows.",
        ),
        (
            answer((0.5, 0.5), (float("nan"), 0.5)),
            None,
            "Its probabilities must be numbers. Received: NaN or infinity.",
        ),
        (
            answer((0.5, 0.5), (0.5, 0.3)),
            None,
            "Its probabilities must add up to 1. Received: 0.8.",
        ),
        (
            answer((0.5, 0.5), (1.5, -0.5)),
            None,
            "Its probabilities must be from 0 to 1. Received: -0.5.",
        ),
        (
            answer((0.5, 0.5), (0.9, 0.1)),
            [[0.5, 0.5]],
            "Its answers must be those to the same picture in another form. Received: a difference "
            "of 0.4000.",
        ),
    ],
)
def test_problems(received, expected, problem):
    assert find_problem(TWO, received, expected and np.array(expected)) == problem


def test_forms_of_one_picture_are_compared_with_the_first():
    requests = [Request(name, (b"x",)) for name in ("PNG", "BMP", "JPEG", "1x1 pixels")]
    answers = [answer((0.5, 0.5)), *[answer((0.9, 0.1))] * 3]
    # A JPEG is another picture, and so is one of another size.
    assert [bool(each.problem) for each in judge_golden(requests, answers)] == [
        False,
        True,
        False,
        False,
    ]


def test_a_session():
    golden = [Request("PNG", (b"x",))]
    samples = Samples(
        ("a.png", "<b>\n.png"), (b"a", b"b"), np.array([[0.5, 0.5], [0.9, 0.1]], np.float32)
    )
    session = Session(
        1.5, (answer((0.5, 0.5)), answer((0.5, 0.5), (0.2, 0.8)), answer((0.5, 0.5))), ""
    )
    latency = Request("latency of 1", (b"a",), 5)
    facts = judge_session(session, golden, samples, [TWO], [latency], 1234)
    assert facts.problems == (
        "It must answer as in the evaluation. Received: other answers to 1 of 2 test images: "
        "<b>\\n.png.",
    )
    assert facts.largest_difference == pytest.approx(0.7)
    assert (facts.compared_images, facts.load_seconds, facts.model_bytes) == (2, 1.5, 1234)
    # The first three calls only warm it up.
    assert facts.latencies == {"1": (5.0, 4.0)}


def test_a_session_that_broke_off():
    golden = [Request("PNG", (b"x",)), Request("BMP", (b"x",))]
    samples = Samples((), (), np.zeros((0, 2), np.float32))
    facts = judge_session(
        Session(1.5, (answer((0.5, 0.5)),), "It ended."), golden, samples, [], [], 1
    )
    assert facts.problems == ("It ended.",)
    assert [each.name for each in facts.golden] == ["PNG"]
    assert (facts.compared_images, facts.latencies) == (0, {})
