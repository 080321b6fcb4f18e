"""Which split an image belongs to: decided by its own content, never by its neighbours.

Adding, removing or renaming images therefore never moves another image between splits. Images that
must stay together (near-duplicates, or a group by name) go where the first of them went.
"""

import hashlib
from collections.abc import Iterable, Mapping

from components.features import EVAL_SPLIT, SPLITS, TEST_SPLIT, TRAIN_SPLIT

Weights = Mapping[str, int]
SplitPlan = Mapping[str | None, Weights]


def plan_splits(given_splits: tuple[str, ...], weights: Weights) -> SplitPlan:
    """Decides how the splits that an owner gave become train, eval and test.

    Args:
        given_splits: The owner's splits, empty for a flat folder.
        weights: Share of each split of a flat folder, as whole numbers of any sum.

    Returns:
        For each given split (None for a flat folder) the splits it feeds, with their weights:
        a missing test split is cut from eval, a missing eval split from train, both in the
        proportion that `weights` has.
    """
    if not given_splits:
        return {None: {split: weights[split] for split in SPLITS}}
    plan: dict[str | None, Weights] = {split: {split: 1} for split in given_splits}
    if TEST_SPLIT not in given_splits:
        plan[EVAL_SPLIT] = {split: weights[split] for split in (EVAL_SPLIT, TEST_SPLIT)}
    if EVAL_SPLIT not in given_splits:
        plan[TRAIN_SPLIT] = {split: weights[split] for split in (TRAIN_SPLIT, EVAL_SPLIT)}
    return plan


def choose_split(sha256: str, weights: Weights) -> str:
    """Chooses one of the weighted splits by the digest of an image.

    Args:
        sha256: Hexadecimal digest.
        weights: Share of each split, as whole numbers of any sum.

    Returns:
        The name of the split in whose part of [0, sum) the digest falls.
    """
    position = int(sha256, 16) % sum(weights.values())
    for split, weight in weights.items():
        if position < weight:
            return split
        position -= weight
    raise ValueError(f"Weights must be positive. Received: {dict(weights)}.")


def choose_common_split(
    units: Iterable[str], given_splits: Iterable[str | None], earlier: str | None, plan: SplitPlan
) -> str:
    """Chooses one split for images that must stay together.

    Args:
        units: What they are made of: digests of images, names of groups.
        given_splits: The owner's splits of the images, of which the strictest counts.
        earlier: Where images of them were in the run before; None if none was.
        plan: What each given split feeds.

    Returns:
        The earlier split, if the plan still leads there: a new copy never moves an image that was
        there before it. Otherwise the unit whose digest is the smallest decides.
    """
    weights = plan[strictest(given_splits)]
    if earlier in weights:
        return str(earlier)
    return choose_split(min(map(_digest, units)), weights)


def strictest(splits: Iterable[str | None]) -> str | None:
    """The split in which an image that lies in several does the least harm: test before eval.

    Returns:
        One of the splits; None if all of them are None, as in a flat folder.
    """
    return max((split for split in splits if split), key=SPLITS.index, default=None)


def _digest(unit: str) -> str:
    is_digest = len(unit) == hashlib.sha256().digest_size * 2 and ":" not in unit
    return unit if is_digest else hashlib.sha256(unit.encode()).hexdigest()
