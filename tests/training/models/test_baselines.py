"""The baselines keep one interface, learn what can be counted by eye, and never break."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from training.models.baselines import (
    Baseline,
    ZeroPredictor,
    fit_bg_nbd_gamma_gamma,
    fit_pareto_nbd_gamma_gamma,
    fit_recency_rule,
    fit_rfm_cells,
    fit_zero_predictor,
)


def shop(rng: np.random.Generator, customers_count: int = 300) -> pd.DataFrame:
    """Features of customers with 1 to 8 order days in about a year."""
    order_days = rng.integers(1, 9, customers_count)
    tenure = rng.integers(60, 365, customers_count)
    recency = np.where(order_days > 1, rng.integers(1, 60, customers_count), tenure)
    value = rng.gamma(4.0, 10.0, customers_count)
    return pd.DataFrame(
        {
            "recency_days": recency,
            "order_days_count": order_days,
            "order_day_value": value,
            "repeat_order_days_count": order_days - 1,
            "first_to_last_order_days": tenure - recency,
            "tenure_days": tenure,
            "repeat_order_day_value": np.where(order_days > 1, value, np.nan),
        }
    )


def every_baseline(features: pd.DataFrame, rng: np.random.Generator) -> list[Baseline]:
    """All baselines, the learning ones with random labels."""
    churned = rng.random(len(features)) < 0.6
    realised_value = np.where(churned, 0.0, 30.0)
    return [
        fit_zero_predictor(churned, label_days=90),
        fit_recency_rule(features, churned, realised_value, label_days=90),
        fit_rfm_cells(features, churned, realised_value, label_days=90),
        fit_bg_nbd_gamma_gamma(features),
        fit_pareto_nbd_gamma_gamma(features),
    ]


def test_every_baseline_has_its_own_name():
    rng = np.random.default_rng(1)
    names = [baseline.name for baseline in every_baseline(shop(rng), rng)]
    assert names == ["zero", "recency-rule", "rfm-cells", "bg-nbd", "pareto-nbd"]


def test_every_baseline_predicts_one_probability_and_value_per_row():
    rng = np.random.default_rng(2)
    features = shop(rng)
    for baseline in every_baseline(features, rng):
        churn = baseline.churn_probability(features, 90)
        value = baseline.expected_value(features, 90)
        assert churn.shape == value.shape == (300,)
        assert ((churn >= 0) & (churn <= 1)).all()
        assert np.isfinite(value).all()
        assert (value >= 0).all()


@pytest.mark.parametrize("fit", [fit_bg_nbd_gamma_gamma, fit_pareto_nbd_gamma_gamma])
def test_purchase_models_follow_the_asked_horizon(
    fit: Callable[[pd.DataFrame], Baseline],
):
    features = shop(np.random.default_rng(3))
    baseline = fit(features)
    month, year = (baseline.churn_probability(features, days) for days in (30, 365))
    assert (year < month).all()
    assert (baseline.expected_value(features, 365) > baseline.expected_value(features, 30)).all()


def test_the_recency_rule_counts_churners_per_tenth():
    features = pd.DataFrame({"recency_days": np.arange(100)})
    churned = np.arange(100) >= 50
    rule = fit_recency_rule(features, churned, np.where(churned, 0.0, 22.0), label_days=90)
    asked = pd.DataFrame({"recency_days": [0, 99, 5000]})
    # Ten customers per tenth and one imagined customer at the overall rate of one half.
    assert rule.churn_probability(asked, 90) == pytest.approx([0.5 / 11, 10.5 / 11, 10.5 / 11])
    assert rule.expected_value(asked, 90) == pytest.approx([231 / 11, 1.0, 1.0])


def test_label_learned_baselines_stretch_to_another_horizon_like_a_spreadsheet():
    rng = np.random.default_rng(4)
    features = shop(rng)
    _, *learned, _, _ = every_baseline(features, rng)
    for baseline in learned:
        seen, doubled = (baseline.churn_probability(features, days) for days in (90, 180))
        assert doubled == pytest.approx(seen**2)
        value, doubled_value = (baseline.expected_value(features, days) for days in (90, 180))
        assert doubled_value == pytest.approx(2 * value)


def test_an_empty_cell_gets_the_mean_of_its_marginals():
    # Recent customers order often and old ones rarely: recent and rare was never seen.
    features = pd.DataFrame(
        {
            "recency_days": [1] * 30 + [50] * 30 + [90] * 30,
            "order_days_count": [9] * 30 + [5] * 30 + [1] * 30,
            "order_day_value": [10.0] * 90,
        }
    )
    churned = np.repeat([0.0, 0.5, 1.0], 30)
    cells = fit_rfm_cells(features, churned, 1 - churned, label_days=90)
    unseen = pd.DataFrame({"recency_days": [1], "order_days_count": [1], "order_day_value": [10.0]})
    by_recency, by_frequency, by_money = 0.5 / 31, 30.5 / 31, 0.5
    want = (by_recency + by_frequency + by_money) / 3
    assert cells.churn_probability(unseen, 90) == pytest.approx([want])


def test_the_zero_predictor_knows_only_the_base_rate():
    baseline = fit_zero_predictor([True, True, True, False], label_days=90)
    assert baseline == ZeroPredictor(0.75, 90)
    assert baseline.expected_value(pd.DataFrame(index=range(2)), 90).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("customers_count", [0, 1, 2])
def test_tiny_shops_do_not_break_any_baseline(customers_count: int):
    rng = np.random.default_rng(5)
    features = shop(rng, customers_count)
    for baseline in every_baseline(features, rng):
        assert np.isfinite(baseline.churn_probability(features, 90)).all()
        assert np.isfinite(baseline.expected_value(features, 90)).all()


def test_a_shop_of_one_time_buyers_does_not_break_any_baseline():
    rng = np.random.default_rng(6)
    features = shop(rng).assign(
        order_days_count=1,
        repeat_order_days_count=0,
        first_to_last_order_days=0,
        repeat_order_day_value=np.nan,
    )
    for baseline in every_baseline(features, rng):
        assert np.isfinite(baseline.churn_probability(features, 90)).all()
        assert np.isfinite(baseline.expected_value(features, 90)).all()
