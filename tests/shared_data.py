"""Real data that is too large, or not free, for the repository."""

import os
from pathlib import Path

import pytest

BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_data(name: str) -> Path:
    """The folder or file of this name; skips the test, with the reason, where it is absent."""
    path = Path(os.environ.get("SHARED_DATA", BESIDE_THE_REPOSITORY)) / name
    if not path.exists():
        pytest.skip(f"{name} lies neither in ../shared/data nor in $SHARED_DATA")
    return path
