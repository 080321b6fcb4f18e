import math

import pytest

from components.reporting.measuring.shares import make_share


def test_a_share_with_wilson_s_interval():
    share = make_share(8, 10, 0.95)
    assert share.value == 0.8
    # Brown, Cai and DasGupta, 2001, by hand: (8 + 1.9208 -+ 1.96 sqrt(1.6 + 0.9604)) / 13.8416.
    assert (share.low, share.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_of_no_images_nothing_is_known():
    share = make_share(0, 0, 0.95)
    assert math.isnan(share.value)
    assert (share.low, share.high, share.trials) == (0.0, 1.0, 0)
