"""EMPC: counted by hand, integrated another way, and its limits."""

import numpy as np
import pytest
from scipy.stats import beta

from training.profit import (
    CLASSIC,
    CLASSIC_VALUE,
    Offer,
    contact_priority,
    empc,
    empc_of_sums,
    gains_and_costs,
    own_offer,
)

ROWS = 400


def some_customers(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who churned, churn probabilities with many ties, own values with many zeros."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(2, 2, ROWS).round(2)
    value = rng.gamma(2, 100, ROWS) * rng.integers(0, 2, ROWS)
    return rng.random(ROWS) < probability, probability, value


def by_trapezoids(churned, priority, value, offer: Offer) -> float:
    """The definition itself: for each gamma on a fine grid the best threshold's mean profit."""
    gamma = np.linspace(0, 1, 100_001)
    best = np.zeros_like(gamma)
    for threshold in np.unique(priority):
        contacted = priority >= threshold
        gained = (value - offer.offer_cost)[contacted & churned].sum()
        gifts = offer.offer_cost * (contacted & ~churned).sum()
        best = np.maximum(best, gamma * gained - gifts - offer.contact_cost * contacted.sum())
    return np.trapezoid(best * beta.pdf(gamma, offer.alpha, offer.beta), gamma) / len(churned)


def test_one_churner_ranked_first_is_worth_her_share_of_acceptance():
    # gamma is uniform. Contacting her alone pays gamma (100 - 20) - 8, from gamma = 0.1 up:
    # the mean is 80 (1 - 0.01) / 2 - 8 (1 - 0.1) = 32.4, for two customers 16.2 each. The stayer
    # would only add 8 + 20 of costs.
    offer = Offer(offer_cost=20, contact_cost=8, alpha=1, beta=1)
    churned, value = np.array([True, False]), np.array([100.0, 900.0])
    assert empc(churned, np.array([2.0, 1.0]), value, offer) == pytest.approx(16.2)


def test_a_churner_ranked_last_costs_a_gift_before_she_is_reached():
    # Both are contacted or nobody: gamma 80 - 8 - 28 pays from gamma = 0.45 up:
    # 80 (1 - 0.2025) / 2 - 36 (1 - 0.45) = 12.1, for two customers 6.05 each.
    offer = Offer(offer_cost=20, contact_cost=8, alpha=1, beta=1)
    churned, value = np.array([True, False]), np.array([100.0, 900.0])
    assert empc(churned, np.array([1.0, 2.0]), value, offer) == pytest.approx(6.05)
    assert empc(churned, np.array([1.0, 1.0]), value, offer) == pytest.approx(6.05)


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_an_integration_of_the_definition(seed):
    churned, probability, value = some_customers(seed)
    offer = own_offer(value)
    priority = contact_priority(probability, value, offer)
    found = empc(churned, priority, value, offer)
    assert found == pytest.approx(by_trapezoids(churned, priority, value, offer), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_with_equal_values_it_is_the_classical_measure(seed):
    churned, probability, _ = some_customers(seed)
    value = np.full(ROWS, CLASSIC_VALUE)
    classical = empc(churned, probability, value, CLASSIC)
    own = empc(churned, contact_priority(probability, value, CLASSIC), value, CLASSIC)
    assert own_offer(value) == CLASSIC
    assert own == pytest.approx(classical, rel=1e-12)
    assert classical == pytest.approx(by_trapezoids(churned, probability, value, CLASSIC), rel=1e-6)


def test_the_formula_of_the_paper_gives_the_same():
    # Its terms: delta = d / CLV, phi = f / CLV, class 0 churns; profit at the threshold that
    # reaches F0 of the churners and F1 of the others.
    churned, probability, _ = some_customers(7)
    value, delta, phi = CLASSIC_VALUE, 10 / CLASSIC_VALUE, 1 / CLASSIC_VALUE
    share = churned.mean()
    gamma = np.linspace(0, 1, 100_001)
    best = np.zeros_like(gamma)
    for threshold in np.unique(probability):
        f0 = (probability[churned] >= threshold).mean()
        f1 = (probability[~churned] >= threshold).mean()
        profit = value * (gamma * (1 - delta) - phi) * share * f0
        best = np.maximum(best, profit - value * (delta + phi) * (1 - share) * f1)
    expected = np.trapezoid(best * beta.pdf(gamma, 6, 14), gamma)
    found = empc(churned, probability, np.full(ROWS, value), CLASSIC)
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_better_ranking_earns_more_and_the_order_of_rows_nothing():
    churned, probability, value = some_customers(1)
    offer = own_offer(value)
    perfect = empc(churned, churned * value, value, offer)
    assert perfect > empc(churned, probability, value, offer) > 0
    shuffle = np.random.default_rng(0).permutation(ROWS)
    shuffled = empc(churned[shuffle], probability[shuffle], value[shuffle], offer)
    assert shuffled == pytest.approx(empc(churned, probability, value, offer), rel=1e-12)


def test_nobody_is_contacted_where_nothing_can_be_won():
    churned, probability, _ = some_customers(2)
    assert empc(churned, probability, np.zeros(ROWS), CLASSIC) == 0.0
    assert empc(np.zeros(ROWS, dtype=bool), probability, np.full(ROWS, 200.0), CLASSIC) == 0.0


def test_the_quadrature_of_resamples_is_close_to_the_exact_figure():
    churned, probability, value = some_customers(3)
    offer = own_offer(value)
    order = np.argsort(-contact_priority(probability, value, offer), kind="stable")
    won, paid = gains_and_costs(churned[order], value[order], offer)
    quick = empc_of_sums(won[:, None], paid[:, None], offer)[0] / ROWS
    exact = empc(churned, -np.argsort(order).astype(float), value, offer)
    assert quick == pytest.approx(exact, rel=1e-3)
