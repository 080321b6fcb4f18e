"""What to say about a name that does not exist: the valid ones, and the one that was meant."""

import difflib
from collections.abc import Iterable

# difflib's own choice for a close match.
_CLOSE = 0.6


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """Finds the valid name that was probably meant.

    A dotted name is also compared by its last part, so that "epochs" finds "train.epochs".

    Args:
        name: What was written.
        valid: The names that exist.

    Returns:
        The most similar valid name; None when none is similar.
    """
    likeness, match = max(((_likeness(name, other), other) for other in valid), default=(0.0, ""))
    return match if likeness >= _CLOSE else None


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """The end of a message about an unknown name: " Did you mean 'x'?", or nothing."""
    match = nearest(name, valid)
    return f" Did you mean {match!r}?" if match else ""


def _likeness(name: str, other: str) -> float:
    forms = (other, other.rpartition(".")[2])
    written = name.lower()
    return max(difflib.SequenceMatcher(None, written, form.lower()).ratio() for form in forms)
