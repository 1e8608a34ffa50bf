"""Domains check their own sense."""

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgtune.space import Categorical, DomainError, Float, Integer
from qgtune.space.following import aligned_high


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Float(2.0, 1.0), "high"),
        (lambda: Float(0.0, 1.0, log=True), "low"),
        (lambda: Float(0.1, 1.0, step=0.1, log=True), "step"),
        (lambda: Float(0.1, 1.0, step=0.0), "step"),
        (lambda: Float(float("nan"), 1.0), "low"),
        (lambda: Float(0.0, float("inf")), "high"),
        (lambda: Integer(0, 8, log=True), "low"),
        (lambda: Integer(1, 8, step=2, log=True), "step"),
        (lambda: Integer(1, 8, step=-1), "step"),
        (lambda: Categorical.of([]), "choices"),
        (lambda: Categorical.of([1, 1]), "choices"),
        (lambda: Categorical.of([1, True]), "choices"),
        (lambda: Categorical.of([1, 1.0]), "choices"),
        (lambda: Categorical.of([[1], "[1]"]), "choices"),
    ],
)
def test_a_senseless_domain_is_refused_at_the_field_to_blame(make, field):
    with pytest.raises(DomainError) as caught:
        make()
    assert caught.value.field == field


@given(st.data())
def test_whatever_a_domain_accepts_optuna_accepts_and_samples_within(data):
    low = data.draw(st.integers(-50, 50))
    high = low + data.draw(st.integers(0, 60))
    step = data.draw(st.integers(1, 9))
    high = int(aligned_high(low, high, step))
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(0)).ask()
    assert Integer(low, high, step).contains(trial.suggest_int("i", low, high, step=step))
    narrow, wide = low / 10, aligned_high(low / 10, high / 10, step / 10)
    assert Float(narrow, wide, step / 10).contains(trial.suggest_float("f", narrow, wide, step=step / 10))


def test_compound_choices_are_stored_as_text_and_scalars_as_themselves():
    assert Categorical.of([[48, 18], {"a": None}, "x", 1, None]).labels == (
        "[48, 18]",
        '{"a": null}',
        "x",
        1,
        None,
    )


@pytest.mark.parametrize(
    ("low", "high", "step", "aligned"),
    [
        (0.2, 0.5, 0.1, 0.5),
        (0.2, 0.55, 0.1, 0.5),
        (0.0, 1.0, 0.3, 0.9),
        (1, 10, 4, 9),
        (1e-5, 1e-3, 1e-5, 1e-3),
    ],
)
def test_the_largest_value_of_a_grid_is_found_in_decimal_arithmetic(low, high, step, aligned):
    assert aligned_high(low, high, step) == aligned
