"""What a model's predictions of the test images are worth, with confidence intervals.

Computed from the predictions alone and in this place alone, so that gate, report, `metrics.json`
and model card cannot tell different numbers. TFMA's result is for TFMA's own views.
"""

import dataclasses
import functools
import math
from collections.abc import Mapping

import numpy as np
import scipy.stats

from components.predictions import ModelPredictions, Predictions

TOP_K = 3
CALIBRATION_BINS = 15
RESAMPLES = 999
SEED = 20_000
SMALLEST_PROBABILITY = 1e-7
"""Keras's: one prediction that excludes the class must not make the loss of all others infinite."""

WILSON = "Wilson score interval"
AGRESTI_MIN = "Agresti-Min interval of the difference of paired proportions"
BOOTSTRAP = "bootstrap interval, 999 resamples of the test images"
ORDER_STATISTICS = "order statistics of the measurements"


@dataclasses.dataclass(frozen=True)
class Proportion:
    """How many of some images have a property.

    Attributes:
        successes: Images that have it, 0 to `trials`.
        trials: All of them.
        low: Lower end of Wilson's interval, 0 to 1; 0 without images.
        high: Upper end; 1 without images.
    """

    successes: int
    trials: int
    low: float
    high: float

    @classmethod
    def of(cls, successes: int, trials: int, confidence: float) -> "Proportion":
        """A proportion with its interval, whose confidence is such as 0.95."""
        return cls(successes, trials, *wilson(successes, trials, confidence))

    @property
    def value(self) -> float:
        """0 to 1; NaN without images."""
        return self.successes / self.trials if self.trials else math.nan


@dataclasses.dataclass(frozen=True)
class ConfusionMatrix:
    """The test images by class and predicted class.

    Kept by pairs that occur: a full matrix of 20,000 classes would take 3 GB.

    Attributes:
        names: Of the classes: the model's, then those of images that it does not know.
        images: For each pair (class, predicted class) of positions in `names` that occurs, the rows
            of its images in the predictions, the most confident first.
    """

    names: tuple[str, ...]
    images: Mapping[tuple[int, int], tuple[int, ...]]

    def count(self, pair: tuple[int, int]) -> int:
        """Images of a pair."""
        return len(self.images.get(pair, ()))

    @functools.cached_property
    def supports(self) -> tuple[int, ...]:
        """Images of each class."""
        return self._sums(0)

    @functools.cached_property
    def predicted(self) -> tuple[int, ...]:
        """How often each class was predicted."""
        return self._sums(1)

    @functools.cached_property
    def mistaken(self) -> tuple[tuple[int, int], ...]:
        """Pairs of different classes, the most frequent first."""
        wrong = (pair for pair in self.images if pair[0] != pair[1])
        return tuple(sorted(wrong, key=lambda pair: (-self.count(pair), pair)))

    def _sums(self, side: int) -> tuple[int, ...]:
        sums = [0] * len(self.names)
        for pair, rows in self.images.items():
            sums[pair[side]] += len(rows)
        return tuple(sums)


@dataclasses.dataclass(frozen=True)
class ClassMetrics:
    """How well a model knows one class.

    Attributes:
        name: Of the class.
        recall: Of the images of the class, those that are predicted to be of it.
        precision: Of the images that are predicted to be of the class, those of it.
    """

    name: str
    recall: Proportion
    precision: Proportion

    @property
    def support(self) -> int:
        """Test images of the class."""
        return self.recall.trials


@dataclasses.dataclass(frozen=True)
class CalibrationBin:
    """The images whose predictions have about the same probability.

    Attributes:
        start: Lowest probability, not included but for 0.
        end: Highest probability, included.
        mean_confidence: Mean probability of their predictions; NaN without images.
        accuracy: Proportion of them whose predictions are correct.
    """

    start: float
    end: float
    mean_confidence: float
    accuracy: Proportion


@dataclasses.dataclass(frozen=True)
class Calibration:
    """How far probabilities are from the accuracy that they promise.

    Attributes:
        error: The expected calibration error, 0 to 1; NaN without images.
        mean_confidence: Of all predictions, 0 to 1; NaN without images.
        bins: 15 of equal width.
    """

    error: float
    mean_confidence: float
    bins: tuple[CalibrationBin, ...]


@dataclasses.dataclass(frozen=True)
class ModelComparison:
    """The new model and the serving one on the same images, by the names of the classes.

    Attributes:
        gained: Rows of the images on which only the new model is correct, its most confident
            predictions first.
        lost: Rows of those on which only the serving model is correct, in the same order.
        both_right: Images on which both are correct.
        both_wrong: Images on which neither is.
        only_new: Classes that only the new model knows.
        only_old: Classes that only the serving model knows.
        unknown_images: Test images of classes that the serving model does not know; it is wrong on
            all of them.
        gained_known: How many of `gained` are of a class that it knows.
    """

    gained: tuple[int, ...]
    lost: tuple[int, ...]
    both_right: int
    both_wrong: int
    only_new: tuple[str, ...]
    only_old: tuple[str, ...]
    unknown_images: int
    gained_known: int

    @property
    def images(self) -> int:
        """All images."""
        return len(self.gained) + len(self.lost) + self.both_right + self.both_wrong


@dataclasses.dataclass(frozen=True)
class Metrics:
    """All that is measured on the test images; each when it is first asked for.

    Attributes:
        predictions: What models predict for them.
        confidence: Of the intervals, such as 0.95.
    """

    predictions: Predictions
    confidence: float

    @functools.cached_property
    def is_correct(self) -> np.ndarray:
        """Bool [images]: whether the most probable class is the image's own."""
        return self.predictions.model.is_correct(self.predictions.class_texts)

    @functools.cached_property
    def accuracy(self) -> Proportion:
        """Proportion of the images whose most probable class is their own."""
        correct = int(self.is_correct.sum())
        return Proportion.of(correct, len(self.predictions), self.confidence)

    @functools.cached_property
    def top_3_accuracy(self) -> float | None:
        """Proportion of images whose class is among the three most probable, 0 to 1.

        NaN without images; None for three classes or fewer, where no prediction could be wrong.
        """
        probabilities = self.predictions.model.probabilities
        if probabilities.shape[1] <= TOP_K:
            return None
        # Of a class that the model does not know, all others are more probable.
        more_probable = (probabilities > self._own_probabilities(-1.0)[:, None]).sum(axis=1)
        return _mean(more_probable < TOP_K)

    @functools.cached_property
    def loss(self) -> float:
        """Mean cross-entropy, nats; NaN without images."""
        own = self._own_probabilities(0.0).astype(np.float64)
        return _mean(-np.log(np.clip(own, SMALLEST_PROBABILITY, 1.0)))

    @functools.cached_property
    def confusion(self) -> ConfusionMatrix:
        """The images by class and predicted class."""
        model, texts = self.predictions.model, self.predictions.class_texts
        names = (*model.class_names, *sorted(set(texts) - set(model.class_names)))
        positions = {name: position for position, name in enumerate(names)}
        images: dict[tuple[int, int], list[int]] = {}
        for row in _most_confident_first(np.arange(len(texts)), model):
            pair = (positions[texts[row]], int(model.top_classes[row]))
            images.setdefault(pair, []).append(row)
        return ConfusionMatrix(names, {pair: tuple(images[pair]) for pair in sorted(images)})

    @functools.cached_property
    def classes(self) -> tuple[ClassMetrics, ...]:
        """Of each class, in the order of the confusion matrix."""
        confusion = self.confusion
        correct = [confusion.count((at, at)) for at in range(len(confusion.names))]
        return tuple(
            ClassMetrics(
                name,
                Proportion.of(correct[at], confusion.supports[at], self.confidence),
                Proportion.of(correct[at], confusion.predicted[at], self.confidence),
            )
            for at, name in enumerate(confusion.names)
        )

    @functools.cached_property
    def calibration(self) -> Calibration:
        """How far probabilities are from the accuracy that they promise."""
        confidences = self.predictions.model.confidences
        bins, edges = _calibration_bins(confidences), np.linspace(0, 1, CALIBRATION_BINS + 1)
        made = []
        for number in range(CALIBRATION_BINS):
            correct = self.is_correct[bins == number]
            accuracy = Proportion.of(int(correct.sum()), len(correct), self.confidence)
            start, end = edges[number : number + 2].tolist()
            made.append(CalibrationBin(start, end, _mean(confidences[bins == number]), accuracy))
        error = calibration_error(confidences, self.is_correct)
        return Calibration(error, _mean(confidences), tuple(made))

    @functools.cached_property
    def mistakes(self) -> tuple[int, ...]:
        """Rows of the images whose predictions are wrong, the most confident first."""
        return _most_confident_first(np.flatnonzero(~self.is_correct), self.predictions.model)

    @functools.cached_property
    def comparison(self) -> ModelComparison | None:
        """The new model beside the serving one; None if there is none."""
        model, old = self.predictions.model, self.predictions.baseline
        if old is None:
            return None
        is_correct, texts = self.is_correct, self.predictions.class_texts
        was_correct, was_known = old.is_correct(texts), old.positions_of(texts) >= 0
        gained = is_correct & ~was_correct
        return ModelComparison(
            gained=_most_confident_first(np.flatnonzero(gained), model),
            lost=_most_confident_first(np.flatnonzero(~is_correct & was_correct), model),
            both_right=int((is_correct & was_correct).sum()),
            both_wrong=int((~is_correct & ~was_correct).sum()),
            only_new=tuple(sorted(set(model.class_names) - set(old.class_names))),
            only_old=tuple(sorted(set(old.class_names) - set(model.class_names))),
            unknown_images=int((~was_known).sum()),
            gained_known=int((gained & was_known).sum()),
        )

    def _own_probabilities(self, of_unknown: float) -> np.ndarray:
        """Float32 [images]: what the model gives the class of each image."""
        model = self.predictions.model
        labels = model.positions_of(self.predictions.class_texts)
        own = model.probabilities[np.arange(len(labels)), labels]
        return np.where(labels >= 0, own, np.float32(of_unknown))


def wilson(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """The interval of a proportion, by Wilson's score.

    It keeps its level also near 0 and 1 and for a few dozen trials, where the textbook's interval
    does not: Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion, 2001.

    Args:
        successes: 0 to `trials`.
        trials: 0 or more.
        confidence: Such as 0.95.

    Returns:
        Lower and upper end, 0 to 1; 0 and 1 without trials.
    """
    if not trials:
        return 0.0, 1.0
    interval = scipy.stats.binomtest(successes, trials).proportion_ci(confidence, "wilson")
    return float(interval.low), float(interval.high)


def paired_difference(
    gained: int, lost: int, images: int, confidence: float
) -> tuple[float, float]:
    """The interval of the difference of two models' accuracies on the same images.

    Only images on which one is correct and the other wrong tell them apart, as in McNemar's test.
    Half an image is added to each of the four cells, which makes the plain interval keep its level
    in small sets: Agresti and Min, Simple Improved Confidence Intervals for Comparing Matched
    Proportions, 2005.

    Args:
        gained: Images on which only the new model is correct.
        lost: Images on which only the old model is correct.
        images: All of them, 0 or more.
        confidence: Such as 0.95.

    Returns:
        Lower and upper end, -1 to 1.
    """
    gains, losses, total = gained + 0.5, lost + 0.5, images + 2
    difference = (gains - losses) / total
    error = math.sqrt(gains + losses - (gains - losses) ** 2 / total) / total
    width = float(scipy.stats.norm.ppf(0.5 + confidence / 2)) * error
    return max(-1.0, difference - width), min(1.0, difference + width)


def mcnemar(gained: int, lost: int) -> float:
    """Probability of such a difference, or a larger one, between equally accurate models.

    McNemar's test, exact: McNemar 1947. Arguments as of `paired_difference`.
    """
    if not gained + lost:
        return 1.0
    return float(scipy.stats.binomtest(gained, gained + lost, 0.5).pvalue)


def calibration_error(confidences: np.ndarray, is_correct: np.ndarray) -> float:
    """Expected calibration error: how far probabilities are from the accuracy that they promise.

    The images are put into 15 bins of equal width by the probability of the top class; the error is
    the mean, weighted by images, of the differences between this probability and the accuracy in
    each: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, 2017.

    Args:
        confidences: float [images], 0 to 1.
        is_correct: bool [images].

    Returns:
        0 to 1; NaN without images.
    """
    if not len(confidences):
        return math.nan
    differences = confidences.astype(np.float64) - is_correct
    gaps = np.bincount(_calibration_bins(confidences), differences, CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(confidences))


def calibration_interval(
    confidences: np.ndarray, is_correct: np.ndarray, confidence: float
) -> tuple[float, float]:
    """The interval of the calibration error, by resampling the images.

    Resampled errors exceed the error itself, as this exceeds the truth. So the lower
    end is that of the basic bootstrap, which takes this off twice, and the upper end that of the
    percentile bootstrap, which leaves it in: wide on the safe side at both ends. Arguments as of
    `calibration_error`.

    Returns:
        Lower and upper end, 0 to 1; 0 and 1 for less than two images.
    """
    if len(confidences) < 2:
        return 0.0, 1.0
    resampled = scipy.stats.bootstrap(
        (confidences, is_correct),
        calibration_error,
        n_resamples=RESAMPLES,
        batch=1,
        vectorized=False,
        paired=True,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).bootstrap_distribution
    high = float(np.quantile(resampled, 0.5 + confidence / 2))
    low = 2 * calibration_error(confidences, is_correct) - high
    return max(0.0, low), min(1.0, high)


def median_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """The interval of a median, whatever the distribution.

    Args:
        values: float [measurements].
        confidence: Such as 0.95.

    Returns:
        Lower and upper end; without end where there are too few measurements.
    """
    if not len(values):
        return -math.inf, math.inf
    test = scipy.stats.quantile_test(values, q=float(np.median(values)), p=0.5)
    interval = test.confidence_interval(confidence)
    low, high = float(interval.low), float(interval.high)
    return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)


def _calibration_bins(confidences: np.ndarray) -> np.ndarray:
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1]
    return np.searchsorted(edges, confidences)


def _most_confident_first(rows: np.ndarray, model: ModelPredictions) -> tuple[int, ...]:
    return tuple(rows[np.argsort(-model.confidences[rows], kind="stable")].tolist())


def _mean(values: np.ndarray) -> float:
    return float(values.mean(dtype=np.float64)) if len(values) else math.nan
