"""Pareto/NBD against published values, against integration by brute force, and on odd data."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, rankdata

from training.models.pareto_nbd import ParetoNbd, fit_pareto_nbd
from training.models.purchase_summary import FloatArray, PurchaseSummary

CDNOW = Path(__file__).parent / "data" / "cdnow_sample_summary.csv"
PUBLISHED = ParetoNbd(0.5533, 10.578, 0.6062, 11.669, -9594.98, 2357)
WEEKS = st.floats(0.1, 200.0)


def histories(*rows: tuple[float, float, float]) -> PurchaseSummary:
    """Customers from (frequency, recency_weeks, age_weeks)."""
    frequency, recency, age = np.array(rows, dtype=float).reshape(-1, 3).T
    return PurchaseSummary(frequency, recency, age, np.where(frequency > 0, 10.0, np.nan))


def cdnow() -> tuple[PurchaseSummary, FloatArray]:
    """The CDNOW sample at week 39, and each customer's order days of the next 39 weeks."""
    rows = pd.read_csv(CDNOW)
    rows = rows.loc[rows.index.repeat(rows["customers_count"])]
    columns = [rows["frequency"], rows["recency_days"] / 7, rows["age_days"] / 7]
    summary = histories(*zip(*columns, strict=True))
    return summary, rows["holdout_order_days"].to_numpy(dtype=float)


def auc(label: np.ndarray, score: FloatArray) -> float:
    """Area under the ROC curve, ties averaged."""
    positives = label.sum()
    rank_sum = rankdata(score)[label].sum() - positives * (positives + 1) / 2
    return float(rank_sum / (positives * (len(label) - positives)))


@st.composite
def customers(draw: st.DrawFn) -> PurchaseSummary:
    """One customer with any consistent history."""
    age = draw(WEEKS)
    frequency = draw(st.integers(0, 400))
    recency = age * draw(st.floats(0.01, 1.0)) if frequency else 0.0
    return histories((frequency, recency, age))


@st.composite
def models(draw: st.DrawFn) -> ParetoNbd:
    """Any Pareto/NBD inside the bounds of the fit."""
    r, s = draw(st.floats(1e-3, 50)), draw(st.floats(1e-4, 50))
    alpha, beta = draw(st.floats(1e-3, 1e4)), draw(st.floats(1e-3, 1e4))
    return ParetoNbd(r, alpha, s, beta, 0.0, 1)


def test_fit_reproduces_the_published_parameters_of_cdnow():
    model = fit_pareto_nbd(cdnow()[0])
    assert (model.r, model.s) == pytest.approx((0.5533, 0.6062), abs=5e-4)
    assert (model.alpha, model.beta) == pytest.approx((10.578, 11.669), abs=1e-2)
    assert model.log_likelihood == pytest.approx(-9594.98, abs=0.05)
    assert model.note is None


def test_silence_ranks_cdnow_churners_better_than_p_alive():
    summary, holdout = cdnow()
    model = fit_pareto_nbd(summary)
    churned = holdout == 0
    assert auc(churned, model.no_order_probability(summary, 39.0)) == pytest.approx(0.771, abs=1e-3)
    assert auc(~churned, model.alive_probability(summary)) == pytest.approx(0.726, abs=1e-3)


def test_log_loss_on_cdnow_is_the_measured_one():
    summary, holdout = cdnow()
    silent = fit_pareto_nbd(summary).no_order_probability(summary, 39.0)
    log_loss = -np.log(np.where(holdout == 0, silent, 1 - silent)).mean()
    assert log_loss == pytest.approx(0.508, abs=1e-3)


@pytest.mark.parametrize("row", [(0, 0, 30), (2, 12, 30), (9, 28, 30), (26, 29, 38)])
@pytest.mark.parametrize("model", [PUBLISHED, ParetoNbd(1.3, 8.0, 1.0, 20.0, 0.0, 1)])
def test_predictions_equal_integration_over_both_rates(
    model: ParetoNbd, row: tuple[float, float, float]
):
    (x, recency, age), horizon = row, 13.0
    rate = np.exp(np.linspace(-45, 6, 900))[:, None]
    leave = np.exp(np.linspace(-45, 6, 900))
    prior = gamma.pdf(rate, model.r, scale=1 / model.alpha) * rate
    prior = prior * gamma.pdf(leave, model.s, scale=1 / model.beta) * leave * rate**x

    def likelihood(until: float) -> FloatArray:
        gone = np.exp(-(rate + leave) * recency) - np.exp(-(rate + leave) * until)
        return prior * (gone * leave / (rate + leave) + np.exp(-(rate + leave) * until))

    both, alive = likelihood(age).sum(), prior * np.exp(-(rate + leave) * age)
    orders = (alive * rate * -np.expm1(-leave * horizon) / leave).sum() / both
    silent = likelihood(age + horizon).sum() / both
    summary = histories(row)
    assert model.alive_probability(summary)[0] == pytest.approx(alive.sum() / both, abs=1e-6)
    assert model.no_order_probability(summary, horizon)[0] == pytest.approx(silent, abs=1e-6)
    assert model.expected_orders(summary, horizon)[0] == pytest.approx(orders, rel=1e-6)


@given(model=models(), summary=customers(), weeks=st.tuples(WEEKS, WEEKS))
def test_a_longer_horizon_means_less_silence_and_more_orders(
    model: ParetoNbd, summary: PurchaseSummary, weeks: tuple[float, float]
):
    short, long = sorted(weeks)
    early, late = (model.no_order_probability(summary, t)[0] for t in (short, long))
    assert 0.0 <= late <= early + 1e-9
    assert early <= 1.0
    fewer, more = (model.expected_orders(summary, t)[0] for t in (short, long))
    assert 0.0 <= fewer <= more * (1 + 1e-12)
    assert np.isfinite(more)


@given(model=models(), summary=customers(), horizon=WEEKS)
def test_only_the_living_order(model: ParetoNbd, summary: PurchaseSummary, horizon: float):
    some_order = 1 - model.no_order_probability(summary, horizon)[0]
    assert model.alive_probability(summary)[0] >= some_order - 1e-12
    assert model.expected_orders(summary, horizon)[0] >= some_order - 1e-9


def test_a_thousand_orders_do_not_overflow():
    summary = histories((1000, 149.9, 150), (1000, 100, 150))
    still_here, long_silent = PUBLISHED.no_order_probability(summary, 4.0)
    # What little silence is likely comes from leaving within the last tenth of a week.
    assert 0.0 < still_here < 0.01
    assert long_silent == pytest.approx(1.0)


WORLDS = {
    "nobody": histories(),
    "one customer of today": histories((0, 0, 0)),
    "one customer": histories((3, 20, 30)),
    "one-time buyers only": histories(*[(0, 0, 1 + day % 50) for day in range(40)]),
    "all equal": histories(*[(4, 20, 30)] * 50),
    "same age": histories(*[(k % 5, 10 * (k % 5 > 0), 30) for k in range(60)]),
    "just ordered": histories(*[(k, 30, 30) for k in range(1, 60)]),
    "long gone": histories(*[(k, 1, 300) for k in range(1, 30)]),
    "one heavy buyer": histories(*[(0, 0, 30)] * 99, (1500, 300, 300)),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
def test_odd_worlds_give_finite_predictions(world: PurchaseSummary):
    model = fit_pareto_nbd(world)
    assert np.isfinite([model.r, model.alpha, model.s, model.beta, model.log_likelihood]).all()
    silent = model.no_order_probability(world, 13.0)
    assert ((silent >= 0) & (silent <= 1)).all()
    assert np.isfinite(model.expected_orders(world, 13.0)).all()


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(customers(), min_size=1, max_size=8))
def test_any_small_world_can_be_fitted(rows: list[PurchaseSummary]):
    joined = histories(
        *[(row.frequency[0], row.recency_weeks[0], row.age_weeks[0]) for row in rows]
    )
    model = fit_pareto_nbd(joined)
    assert np.isfinite(model.expected_orders(joined, 26.0)).all()
    assert np.isfinite(model.no_order_probability(joined, 26.0)).all()


def test_a_world_without_dropout_is_named():
    regular = histories(*[(k, 0.95 * 40, 40) for k in range(5, 40)])
    model = fit_pareto_nbd(regular)
    assert model.note is not None
    assert "no dropout" in model.note.lower()


def test_a_simulated_world_is_predicted_at_its_true_level():
    # 4,000 customers: the standard error of the share is 0.008, and the fit adds less.
    rng, count, age, horizon = np.random.default_rng(7), 4000, 40.0, 26.0
    rows, silent = [], []
    rates, leave_rates = rng.gamma(0.8, 1 / 6, count), rng.gamma(0.7, 1 / 12, count)
    for rate, gone_at in zip(rates, rng.exponential(1 / leave_rates), strict=True):
        end = min(gone_at, age + horizon)
        times = np.sort(rng.uniform(0, end, rng.poisson(rate * end)))
        seen = times[times < age]
        rows.append((len(seen), seen.max(initial=0.0), age))
        silent.append(len(seen) == len(times))
    summary = histories(*rows)
    predicted = fit_pareto_nbd(summary).no_order_probability(summary, horizon)
    assert predicted.mean() == pytest.approx(np.mean(silent), abs=0.03)


def test_a_model_survives_json():
    model = fit_pareto_nbd(WORLDS["all equal"])
    assert ParetoNbd.from_dict(json.loads(json.dumps(model.to_dict()))) == model
