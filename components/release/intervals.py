"""Confidence intervals: between which values the truth lies, for all that few images can tell."""

import math

import numpy as np
import scipy.stats

CALIBRATION_BINS = 15
RESAMPLES = 999
SEED = 20_000

WILSON = "Wilson score interval"
AGRESTI_MIN = "Agresti-Min interval of the difference of paired shares"
BOOTSTRAP = "bootstrap interval, 999 resamples of the test images"
ORDER_STATISTICS = "order statistics of the measurements"


def wilson(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """The interval of a share, by Wilson's score.

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

    Only images on which one is right and the other wrong tell them apart, as in McNemar's test.
    Half an image is added to each of the four cells, which makes the plain interval keep its level
    in small sets: Agresti and Min, Simple Improved Confidence Intervals for Comparing Matched
    Proportions, 2005.

    Args:
        gained: Images on which only the new model is right.
        lost: Images on which only the old model is right.
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


def calibration_error(confidences: np.ndarray, is_right: np.ndarray) -> float:
    """Expected calibration error: how far probabilities are from the shares that they promise.

    The images are put into 15 bins of equal width by the probability of the top class; the error is
    the mean, weighted by images, of the differences between this probability and the share of
    right answers in each: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural
    Networks, 2017.

    Args:
        confidences: float [images], 0 to 1.
        is_right: bool [images].

    Returns:
        0 to 1; NaN without images.
    """
    if not len(confidences):
        return math.nan
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1]
    bins = np.searchsorted(edges, confidences)
    gaps = np.bincount(bins, confidences.astype(np.float64) - is_right, CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(confidences))


def calibration_interval(
    confidences: np.ndarray, is_right: np.ndarray, confidence: float
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
        (confidences, is_right),
        calibration_error,
        n_resamples=RESAMPLES,
        batch=1,
        vectorized=False,
        paired=True,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).bootstrap_distribution
    high = float(np.quantile(resampled, 0.5 + confidence / 2))
    low = 2 * calibration_error(confidences, is_right) - high
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
