"""Which split an image belongs to: decided by its own content, never by its neighbours.

Adding, removing or renaming images therefore never moves another image between splits, and
copies of one image always share a split.
"""

from collections.abc import Mapping

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
