"""The shifted-beta-geometric against its paper, against sums, and on odd data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from training.models.shifted_beta_geometric import (
    Lifetimes,
    ShiftedBetaGeometric,
    fit_shifted_beta_geometric,
)

# Fader and Hardie (2007), table 1: of 1,000 customers, so many were there after each year.
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.2), (REGULAR, 0.704, 1.182, -1680.3)],
)
def test_the_fit_is_that_of_the_paper(survivors, alpha, beta, log_likelihood):
    model = fit_shifted_beta_geometric(Lifetimes.of_survivors(survivors))
    assert model.alpha == pytest.approx(alpha, abs=5e-4)
    assert model.beta == pytest.approx(beta, abs=5e-4)
    assert model.log_likelihood == pytest.approx(log_likelihood, abs=0.05)
    assert model.note is None


def test_the_projected_survival_stays_near_what_was_seen():
    model = fit_shifted_beta_geometric(Lifetimes.of_survivors(REGULAR))
    assert model.survival(np.arange(8)) == pytest.approx(np.array(REGULAR) / 1000, abs=0.01)


def test_rows_of_customers_and_a_cohort_are_the_same_data():
    rows = Lifetimes.of([1] * 369 + [2] * 163 + [2] * 468, [True] * 532 + [False] * 468)
    cohort = fit_shifted_beta_geometric(Lifetimes.of_survivors(REGULAR[:3]))
    assert fit_shifted_beta_geometric(rows) == cohort


def test_recovers_the_parameters_of_simulated_contracts_with_censoring():
    rng = np.random.default_rng(5)
    lengths = rng.geometric(rng.beta(0.8, 6.0, 40_000))
    seen_for = rng.integers(1, 25, 40_000)
    model = fit_shifted_beta_geometric(
        Lifetimes.of(np.minimum(lengths, seen_for), lengths <= seen_for)
    )
    # Four standard errors at this size.
    assert model.alpha == pytest.approx(0.8, abs=0.08)
    assert model.beta == pytest.approx(6.0, abs=0.7)


@given(alpha=st.floats(0.05, 5), beta=st.floats(0.05, 20), survived=st.integers(0, 12))
@settings(max_examples=40, deadline=None)
def test_residual_lifetime_is_that_of_the_papers_closed_form(alpha, beta, survived):
    # Fader and Hardie (2010), equation 6, with the survived renewals n - 1.
    stayed = beta + survived
    expected = stayed / (alpha + stayed) * hyp2f1(1, stayed + 1, alpha + stayed + 1, 1 / 1.1)
    model = ShiftedBetaGeometric(alpha, beta, 0.0, 0)
    found = model.residual_lifetime([survived, survived], discount_rate=0.1)
    assert found == pytest.approx([expected, expected], rel=1e-9)


@given(alpha=st.floats(1e-3, 1e3), beta=st.floats(1e-3, 1e3))
def test_survival_falls_and_is_the_product_of_retention(alpha, beta):
    model = ShiftedBetaGeometric(alpha, beta, 0.0, 0)
    survival = model.survival(np.arange(25))
    assert (np.diff(survival) <= 0).all()
    product = np.cumprod(model.retention(np.arange(1, 25)))
    assert survival[1:] == pytest.approx(product, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("lifetimes", "says"),
    [
        (Lifetimes.of([5] * 40, [False] * 40), "No contract has ended"),
        (Lifetimes.of([1] * 40, [True] * 40), "One period has been seen"),
        (Lifetimes.of([1] * 40, [True] * 10 + [False] * 30), "One period has been seen"),
        (Lifetimes.of([], []), "No contract has ended"),
        (Lifetimes.of([0] * 3, [False] * 3), "No contract has ended"),
        (Lifetimes.of([1] * 9 + [8] * 30, [True] * 9 + [False] * 30), "nearly always stays"),
        (Lifetimes.of([1] * 5 + [2] * 90, [True] * 95), "hardly falls"),
    ],
)
def test_odd_data_give_bounded_curves_and_a_sentence(lifetimes, says):
    model = fit_shifted_beta_geometric(lifetimes)
    assert says in str(model.note)
    assert 0 < model.hazard(1) < 1
    assert np.isfinite(model.survival([0, 1, 24, 1000])).all()
    assert np.isfinite(model.residual_lifetime(0, discount_rate=0.01))
    assert ShiftedBetaGeometric.from_dict(model.to_dict()) == model
