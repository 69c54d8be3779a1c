"""Money of a customer's leaving and of an offer, counted by hand."""

import numpy as np
import pytest

from training.offers import expected_loss, expected_profit


def test_the_loss_is_the_chance_times_the_value():
    assert expected_loss(np.array([0.2, 1.0]), np.array([50.0, 80.0])).tolist() == [10.0, 80.0]


@pytest.mark.parametrize(
    ("probability", "value", "cost", "kept", "profit"),
    [
        (1.0, 100.0, 10.0, 0.3, 27.0),  # 3 of 10 are kept, each worth 100 - 10
        (0.0, 100.0, 10.0, 0.3, -10.0),  # would have stayed and takes it
        (0.5, 100.0, 10.0, 0.0, -5.0),  # keeps nobody: half of them take it
        (0.5, 100.0, 0.0, 0.3, 15.0),
        (0.25, 200.0, 20.0, 0.5, 7.5),  # 0.25 × 0.5 × 180 - 0.75 × 20
    ],
)
def test_the_profit_of_an_offer(probability, value, cost, kept, profit):
    found = expected_profit(np.array([probability]), np.array([value]), cost, kept_share=kept)
    assert found.tolist() == pytest.approx([profit])


def test_the_profit_is_the_mean_over_who_accepts_of_the_published_measure():
    # Verbraken et al. (2013): who accepts is Beta(6, 14), no cost of contact, one customer at a time.
    rng = np.random.default_rng(1)
    accepts = rng.beta(6, 14, 200_000)
    p, value, cost = 0.4, 200.0, 10.0
    drawn = (p * accepts * (value - cost) - (1 - p) * cost).mean()
    found = expected_profit(np.array([p]), np.array([value]), cost, kept_share=0.3)
    assert found[0] == pytest.approx(drawn, rel=0.01)


def test_a_customer_without_a_value_has_no_figure():
    assert np.isnan(expected_loss(np.array([0.5]), np.array([np.nan])))[0]
