"""Whether each class is recognized often enough, and each answer right often enough.

No correction is made for the number of classes: all of them must pass, and a model that breaks one
floor passes with no more than the probability that this one interval misses. That is the
intersection-union test: Berger, Multiparameter Hypothesis Testing and Acceptance Sampling, 1982.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from components.errors import PipelineError
from components.predictions import Predictions
from components.release.intervals import WILSON, wilson
from components.release.outcomes import check_at_least
from components.release.rules import ReleaseRules
from components.release.verdict import Check
from components.text import did_you_mean, escape_unprintable


def check_classes(predictions: Predictions, rules: ReleaseRules) -> Iterator[Check]:
    """Yields the checks of recall and precision of all classes that have a floor.

    Args:
        predictions: Of the test images.
        rules: With the floors.

    Raises:
        PipelineError: A floor is for a class that the model does not know.
    """
    names = predictions.model.class_names
    classes = len(names)
    labels = predictions.model.positions_of(predictions.class_texts)
    answers = predictions.model.top_classes
    right = np.bincount(labels[labels == answers], minlength=classes)
    of_class = np.bincount(labels[labels >= 0], minlength=classes)
    answered = np.bincount(answers, minlength=classes)
    for kind, unit, counts in (
        ("recall", "images of the class", of_class),
        ("precision", "answers of the class", answered),
    ):
        floor, floors = getattr(rules, f"min_{kind}"), getattr(rules, f"min_{kind}_of")
        _check_names(f"evaluate.min_{kind}_of", floors, names)
        for position, name in enumerate(names):
            bound = floors.get(name, floor)
            if bound > 0:
                successes, trials = int(right[position]), int(counts[position])
                yield _check_share(kind, name, unit, (successes, trials), bound, rules.confidence)


def _check_share(
    kind: str, name: str, unit: str, counted: tuple[int, int], bound: float, confidence: float
) -> Check:
    successes, trials = counted
    return check_at_least(
        f"{kind}/{name}",
        f"{kind.capitalize()} of {escape_unprintable(name)}",
        successes / trials if trials else float("nan"),
        wilson(successes, trials, confidence),
        bound,
        WILSON,
        f"{successes:,} of {trials:,} {unit} in the test split are right.",
    )


def _check_names(setting: str, floors: Mapping[str, float], names: tuple[str, ...]) -> None:
    for name in floors:
        if name not in names:
            shown = ", ".join(escape_unprintable(known) for known in names[:20])
            raise PipelineError(
                f"{setting} must name classes of the model: {shown}"
                f"{', ...' if len(names) > 20 else ''}. Received: {escape_unprintable(name)!r}."
                f"{did_you_mean(name, names)} Change it in the configuration."
            )
