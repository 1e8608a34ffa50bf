"""Dropout drops the share that it says, scales what remains, and draws from torch's generator alone."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgtune.nn.dropout import Dropout, scaled_mask

SIZES = st.lists(st.integers(0, 7), min_size=0, max_size=3)


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_the_share_of_zeros_is_p(p):
    torch.manual_seed(0)
    count = 200_000
    dropped = (Dropout(p)(torch.ones(count)) == 0).sum().item()
    assert abs(dropped - p * count) < 5 * (count * p * (1 - p)) ** 0.5


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_what_remains_is_scaled_so_that_the_mean_is_kept(p):
    remaining = Dropout(p)(torch.ones(100))
    assert remaining[remaining != 0].unique().item() == pytest.approx(1 / (1 - p), rel=1e-4)


def test_each_of_the_65536_draws_decides_by_the_share_exactly(monkeypatch):
    every = torch.arange(-(2**15), 2**15, dtype=torch.int16).view(torch.int64)
    monkeypatch.setattr(torch.Tensor, "random_", lambda words, *_: words.copy_(every))
    for kept in (1, 2, 45_875, 65_535, 65_536):
        mask = scaled_mask(torch.empty(2**16), kept)
        assert mask.count_nonzero() == kept
        assert mask.double().mean().item() == pytest.approx(1.0, rel=1e-6)


def test_elements_are_dropped_independently_of_their_neighbours():
    torch.manual_seed(0)
    kept = (Dropout(0.5)(torch.ones(100_000)) != 0).double() - 0.5
    for distance in (1, 2, 3, 4, 8):
        correlation = 4 * (kept[:-distance] * kept[distance:]).mean().item()
        assert abs(correlation) < 5 / 100_000**0.5


@given(size=SIZES, seed=st.integers(0, 2**32 - 1))
def test_a_seed_and_a_saved_state_give_the_same_mask_again(size, seed):
    dropout, x = Dropout(0.4), torch.ones(size)
    torch.manual_seed(seed)
    state = torch.get_rng_state()
    first = dropout(x)
    torch.manual_seed(seed)
    assert torch.equal(dropout(x), first)
    torch.set_rng_state(state)
    assert torch.equal(dropout(x), first)


def test_two_masks_in_a_row_differ():
    dropout = Dropout(0.5)
    assert not torch.equal(dropout(torch.ones(100)), dropout(torch.ones(100)))


def test_the_mask_is_the_same_with_any_number_of_threads():
    threads, masks = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            torch.manual_seed(0)
            masks.append(Dropout(0.3)(torch.ones(300, 400)))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*masks)


def test_the_gradient_is_the_mask():
    torch.manual_seed(0)
    x = torch.full((50, 7), 2.0, requires_grad=True)
    out = Dropout(0.3)(x)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach() / 2)


def test_the_gradient_is_that_of_finite_differences():
    def dropped(x):
        torch.manual_seed(0)
        return Dropout(0.3)(x)

    assert torch.autograd.gradcheck(dropped, torch.randn(4, 5, dtype=torch.float64, requires_grad=True))


@pytest.mark.parametrize("dropout", [Dropout(0.0), Dropout(0.5).eval()])
def test_without_dropping_nothing_is_done_and_nothing_is_drawn(dropout):
    x, state = torch.randn(5), torch.get_rng_state()
    assert dropout(x) is x
    assert torch.equal(torch.get_rng_state(), state)


def test_all_can_be_dropped():
    assert Dropout(1.0)(torch.ones(5)).tolist() == [0.0] * 5


def test_what_stands_elsewhere_keeps_its_shape():
    assert Dropout(0.5)(torch.ones(3, 2, device="meta")).shape == (3, 2)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_the_type_of_the_features_is_kept(dtype):
    assert Dropout(0.5)(torch.ones(9, dtype=dtype)).dtype == dtype


def test_dropped_in_place_a_tensor_changes_itself():
    x = torch.ones(100)
    assert Dropout(0.5, inplace=True)(x) is x
    assert x.count_nonzero() < 100
