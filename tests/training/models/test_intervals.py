"""Intervals of value: who is covered, how wide, and what half stay below."""

import numpy as np
import pytest

from training.metrics import interval_coverage, interval_score
from training.models.intervals import BUYERS_COVERED, ValueInterval, fit_value_interval

DAYS = 90

Spending = tuple[np.ndarray, np.ndarray, np.ndarray]


def spending(count: int, *, seed: int) -> Spending:
    """Expected values, chances to buy nothing, and what is spent: mostly nothing, or a multiple."""
    random = np.random.default_rng(seed)
    expected = np.exp(random.normal(2, 1, count))
    buying = np.clip(expected / 40, 0.05, 0.8)
    buys = random.random(count) < buying
    return expected, 1 - buying, np.where(buys, random.gamma(2, expected / 2 / buying), 0)


def learned(world: Spending, level: float = 0.9) -> ValueInterval:
    expected, silence, spent = world
    return fit_value_interval(expected, silence, spent, days=DAYS, level=level)


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_everybody_and_the_buyers_are_covered_on_customers_not_seen(level):
    interval = learned(spending(20_000, seed=1), level)
    expected, silence, spent = spending(20_000, seed=2)
    low, high = interval.around(expected, silence)
    bought = spent > 0
    assert interval_coverage(spent, low, high) >= level - 0.01
    covered = interval_coverage(spent[bought], low[bought], high[bought])
    assert covered >= min(level, BUYERS_COVERED) - 0.02


def test_no_end_that_all_share_covers_as_many_buyers_for_a_better_score():
    expected, silence, spent = world = spending(20_000, seed=1)
    low, high = learned(world).around(expected, silence)
    bought = spent > 0
    ours = interval_score(spent, low, high, level=0.9)
    covered = interval_coverage(spent[bought], low[bought], high[bought])
    multiple = np.quantile((spent / expected)[bought], covered)
    shared = np.maximum(expected * multiple, expected)
    assert ours < interval_score(spent, np.zeros(len(spent)), shared, level=0.9)


def test_without_a_wish_for_buyers_the_ends_are_the_tails_of_all():
    """Of a value that is certain to be positive, the ends leave out a tail of each side."""
    random = np.random.default_rng(6)
    expected, silence = np.full(50_000, 10.0), np.zeros(50_000)
    spent = random.gamma(2, 5, 50_000)
    low, high = learned((expected, silence, spent)).around(expected[:1], silence[:1])
    assert low[0] == pytest.approx(np.quantile(spent, 0.05), rel=0.03)
    assert high[0] == pytest.approx(np.quantile(spent, 0.95), rel=0.03)


def test_who_is_likely_to_stay_silent_has_nothing_as_the_low_end():
    expected, silence, _ = world = spending(20_000, seed=1)
    low, _ = learned(world).around(expected, silence)
    assert (low[silence > 0.05] == 0).all()


def test_half_of_the_customers_stay_below_the_median():
    interval = learned(spending(20_000, seed=1))
    expected, silence, later = spending(20_000, seed=3)
    median = interval.median(expected, silence)
    likely = median > 0
    assert likely.any()
    assert np.mean(later[likely] <= median[likely]) == pytest.approx(0.5, abs=0.05)
    assert (median <= interval.around(expected, silence)[1]).all()


@pytest.mark.parametrize("count", [1, 3, 12])
def test_nobody_and_a_handful_get_a_finite_interval(count):
    expected, silence, spent = spending(count, seed=4)
    for happened in (spent, np.zeros(count)):
        low, high = learned((expected, silence, happened)).around(expected, silence)
        assert np.isfinite(high).all()
        assert (low <= expected).all()
        assert (expected <= high).all()


def test_an_interval_survives_its_way_through_json():
    interval = learned(spending(500, seed=5))
    assert ValueInterval.from_dict(interval.to_dict()) == interval


def test_who_is_cheap_to_cover_is_so_at_any_horizon():
    """Twice the money within twice the days, and the same chance: twice the ends."""
    expected, silence, _ = world = spending(20_000, seed=1)
    interval = learned(world)
    near = interval.around(expected, silence)
    far = interval.around(2 * expected, silence, (expected, silence))
    np.testing.assert_allclose(far, 2 * np.array(near), rtol=1e-12)
    assert interval.worth > 0
