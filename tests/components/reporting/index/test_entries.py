import datetime
import re

import pytest

from components.reporting.index.entries import RunEntry

NOW = datetime.datetime(2026, 11, 25, 12)


def test_an_unknown_outcome():
    message = (
        "outcome must be one of pushed, refused, failed, interrupted, unchanged. Received: 'lost'."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        RunEntry(NOW, "lost")


def test_half_a_measurement():
    message = "must be given together or not at all. Received: (0.9, None, None, None)."
    with pytest.raises(ValueError, match=re.escape(message)):
        RunEntry(NOW, "pushed", accuracy=0.9)
