"""Early stopping: the mean over the window must improve by more than the tolerance."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgtune.training import EarlyStopping

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


def test_without_patience_it_never_stops():
    stopping = EarlyStopping("minimize")
    for _ in range(1000):
        stopping.update(1.0)
    assert not stopping.should_stop


def test_an_improvement_must_exceed_the_tolerance():
    stopping = EarlyStopping("minimize", patience=1, tol=0.5)
    assert [stopping.update(v) for v in (3.0, 2.5, 2.0)] == [True, False, True]


def test_patience_counts_epochs_in_a_row():
    stopping = EarlyStopping("maximize", patience=2)
    stops = []
    for value in (1, 0, 2, 1, 1):
        stopping.update(value)
        stops.append(stopping.should_stop)
    assert stops == [False, False, False, False, True]


def test_the_window_smooths_a_single_bad_epoch_away():
    sharp, smooth = EarlyStopping("maximize", window=1), EarlyStopping("maximize", window=4)
    values = (0.1, 0.2, 0.3, 0.9, 0.5)
    assert [sharp.update(v) for v in values][-1] is False
    assert [smooth.update(v) for v in values][-1] is True
    assert smooth.best == pytest.approx((0.2 + 0.3 + 0.9 + 0.5) / 4)


def test_nan_never_improves():
    stopping = EarlyStopping("maximize", patience=2)
    assert [stopping.update(v) for v in (math.nan, 0.1, math.nan)] == [False, True, False]
    assert stopping.best == 0.1


@given(VALUES)
def test_without_window_and_tolerance_the_best_is_the_extremum(values):
    low, high = EarlyStopping("minimize"), EarlyStopping("maximize")
    for value in values:
        low.update(value)
        high.update(value)
    assert (low.best, high.best) == (min(values), max(values))


@given(VALUES, st.integers(1, 5), st.integers(1, 5), st.floats(0, 10))
def test_minimizing_is_maximizing_the_negative(values, patience, window, tol):
    options = {"patience": patience, "window": window, "tol": tol}
    low, high = EarlyStopping("minimize", **options), EarlyStopping("maximize", **options)
    for value in values:
        assert low.update(value) == high.update(-value)
        assert low.should_stop == high.should_stop


@pytest.mark.parametrize("wrong", [{"patience": 0}, {"window": 0}, {"tol": -1.0}])
def test_arguments_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="at least"):
        EarlyStopping("minimize", **wrong)


def test_a_direction_is_minimize_or_maximize():
    with pytest.raises(ValueError, match="'up'"):
        EarlyStopping("up")
