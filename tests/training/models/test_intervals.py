"""Intervals of value: who is covered, how wide, and what half stay below."""

import numpy as np
import pytest

from training.metrics import interval_coverage, interval_score
from training.models.intervals import BUYERS_COVERED, ValueInterval, fit_value_interval


def spending(count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Expected values, and what such customers spend: most nothing, some a multiple."""
    random = np.random.default_rng(seed)
    expected = np.exp(random.normal(2, 1, count))
    buys = random.random(count) < np.clip(expected / 40, 0.05, 0.8)
    spent = np.where(buys, random.gamma(2, expected / 2 / np.clip(expected / 40, 0.05, 0.8)), 0)
    return expected, spent


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_everybody_and_the_buyers_are_covered_on_customers_not_seen(level):
    interval = fit_value_interval(*spending(20_000, seed=1), level=level)
    expected, spent = spending(20_000, seed=2)
    low, high = interval.around(expected)
    bought = spent > 0
    assert interval_coverage(spent, low, high) >= level - 0.01
    covered = interval_coverage(spent[bought], low[bought], high[bought])
    assert covered >= min(level, BUYERS_COVERED) - 0.02


def test_the_interval_is_narrower_than_one_that_covers_every_buyer():
    expected, spent = spending(20_000, seed=1)
    interval = fit_value_interval(expected, spent, level=0.9)
    widest = np.quantile(spent / expected, 0.999) * expected
    assert interval_score(spent, *interval.around(expected), level=0.9) < interval_score(
        spent, np.zeros(len(spent)), widest, level=0.9
    )


def test_half_of_the_customers_stay_below_the_median():
    expected, spent = spending(20_000, seed=1)
    interval = fit_value_interval(expected, spent, level=0.9)
    other, later = spending(20_000, seed=3)
    median = interval.median(other)
    likely = median > 0
    assert likely.any()
    assert np.mean(later[likely] <= median[likely]) == pytest.approx(0.5, abs=0.05)
    assert (median <= interval.around(other)[1]).all()


def test_nobody_and_a_handful_get_a_finite_interval():
    for count in (1, 3, 12):
        expected, spent = spending(count, seed=4)
        low, high = fit_value_interval(expected, spent, level=0.9).around(expected)
        assert np.isfinite(high).all()
        assert (low <= expected).all()
        assert (expected <= high).all()


def test_an_interval_survives_its_way_through_json():
    interval = fit_value_interval(*spending(500, seed=5), level=0.9)
    assert ValueInterval.from_dict(interval.to_dict()) == interval
