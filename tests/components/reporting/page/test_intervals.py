import math

from components.reporting.page.intervals import Drawing, draw_against_bound, draw_share


def test_a_share_between_0_and_1():
    assert draw_share(0.5, 0.0, 1.0) == Drawing(low=8.0, high=152.0, value=80.0)
    assert draw_share(math.nan, 0.0, 1.0) is None


def test_a_lower_bound_has_room_on_both_sides():
    # From 0.1 to 0.9: the spread is 0.8, so that the scale is -0.06 to 1.06.
    drawn = draw_against_bound(0.5, 0.1, 0.9, 0.5, is_at_least=True)
    assert (drawn.value, drawn.bound) == (80.0, 80.0)
    assert (drawn.low, drawn.high) == (28.6, 131.4)
    assert (drawn.kept_from, drawn.kept_to) == (80.0, 160.0)


def test_an_upper_bound_is_kept_on_the_left():
    drawn = draw_against_bound(1.0, 1.0, 1.0, 2.0, is_at_least=False)
    assert (drawn.kept_from, drawn.kept_to) == (0.0, drawn.bound)
    assert drawn.value < drawn.bound


def test_an_interval_without_end_goes_to_the_edge():
    drawn = draw_against_bound(5.0, -math.inf, math.nan, 6.0, is_at_least=False)
    assert (drawn.low, drawn.high) == (0.0, 160.0)


def test_nothing_spreads():
    assert draw_against_bound(0.0, 0.0, 0.0, 0.0, is_at_least=False).value == 80.0


def test_nothing_was_measured():
    assert draw_against_bound(math.nan, 0.0, 1.0, 0.5, is_at_least=True) is None
    assert draw_against_bound(0.5, 0.0, 1.0, math.nan, is_at_least=True) is None
