"""BG/NBD against published values, against integration by brute force, and on odd data."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1
from scipy.stats import beta, gamma, rankdata

from training.models.bg_nbd import BgNbd, fit_bg_nbd
from training.models.purchase_summary import FloatArray, PurchaseSummary, summarise

CDNOW = Path(__file__).parent / "data" / "cdnow_sample_summary.csv"
PUBLISHED = BgNbd(0.2426, 4.4136, 0.7929, 2.4259, -9582.43, 2357)
WEEKS = st.floats(0.1, 200.0)


def histories(*rows: tuple[float, float, float]) -> PurchaseSummary:
    """Customers from (frequency, recency_weeks, age_weeks)."""
    frequency, recency, age = np.array(rows, dtype=float).reshape(-1, 3).T
    return PurchaseSummary(frequency, recency, age, np.where(frequency > 0, 10.0, np.nan))


def cdnow() -> tuple[PurchaseSummary, FloatArray]:
    """The CDNOW sample at week 39, and each customer's order days of the next 39 weeks."""
    rows = pd.read_csv(CDNOW)
    rows = rows.loc[rows.index.repeat(rows["customers_count"])]
    weeks = rows[["recency_days", "age_days"]] / 7
    frequency = rows["frequency"].to_numpy(dtype=float)
    summary = PurchaseSummary(
        frequency,
        weeks["recency_days"].to_numpy(),
        weeks["age_days"].to_numpy(),
        np.full(len(rows), np.nan),
    )
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
def models(draw: st.DrawFn) -> BgNbd:
    """Any BG/NBD inside the bounds of the fit."""
    r, a, b = (draw(st.floats(low, high)) for low, high in ((1e-3, 50), (1e-4, 50), (1e-3, 1e4)))
    return BgNbd(r, draw(st.floats(1e-3, 1e4)), a, b, 0.0, 1)


def test_age_runs_to_the_last_day_before_the_cutoff():
    row = {
        "repeat_order_days_count": [0],
        "first_to_last_order_days": [0],
        "tenure_days": [8],
        "repeat_order_day_value": [0.0],
    }
    summary = summarise(pd.DataFrame(row))
    assert summary.age_weeks[0] == 1.0
    assert np.isnan(summary.mean_value[0])


def test_fit_reproduces_the_published_parameters_of_cdnow():
    model = fit_bg_nbd(cdnow()[0])
    fitted = (model.r, model.alpha, model.a, model.b)
    assert fitted == pytest.approx((0.2426, 4.4136, 0.7929, 2.4259), abs=5e-4)
    assert model.log_likelihood == pytest.approx(-9582.43, abs=0.05)
    assert model.customers_count == 2357
    assert model.note is None


def test_silence_ranks_cdnow_churners_and_p_alive_does_not():
    summary, holdout = cdnow()
    model = fit_bg_nbd(summary)
    churned = holdout == 0
    assert auc(churned, model.no_order_probability(summary, 39.0)) == pytest.approx(0.757, abs=1e-3)
    assert auc(~churned, model.alive_probability(summary)) == pytest.approx(0.316, abs=1e-3)


def test_log_loss_on_cdnow_is_the_measured_one():
    summary, holdout = cdnow()
    silent = fit_bg_nbd(summary).no_order_probability(summary, 39.0)
    log_loss = -np.log(np.where(holdout == 0, silent, 1 - silent)).mean()
    assert log_loss == pytest.approx(0.506, abs=1e-3)


@pytest.mark.parametrize("row", [(0, 0, 30), (2, 12, 30), (9, 28, 30), (26, 29, 38)])
def test_predictions_equal_integration_over_rate_and_dropout(row: tuple[float, float, float]):
    (x, recency, age), horizon = row, 13.0
    model = PUBLISHED
    rate = np.exp(np.linspace(-90, 8, 1000))[:, None]
    logit = np.linspace(-45, 25, 800)
    leave, stay = 1 / (1 + np.exp(-logit)), 1 / (1 + np.exp(logit))
    prior = gamma.pdf(rate, model.r, scale=1 / model.alpha) * rate
    prior = prior * beta.pdf(leave, model.a, model.b) * leave * stay
    alive = prior * (rate * stay) ** x * np.exp(-rate * age)
    dead = prior * leave * stay ** (x - 1) * rate**x * np.exp(-rate * recency) * (x > 0)
    both = (alive + dead).sum()
    silent = (alive * np.exp(-rate * horizon) + dead).sum() / both
    orders = (alive * -np.expm1(-rate * leave * horizon) / leave).sum() / both
    summary = histories(row)
    assert model.alive_probability(summary)[0] == pytest.approx(alive.sum() / both, abs=1e-6)
    assert model.no_order_probability(summary, horizon)[0] == pytest.approx(silent, abs=1e-6)
    assert model.expected_orders(summary, horizon)[0] == pytest.approx(orders, rel=1e-6)


def test_expected_orders_equal_the_closed_form_where_that_can_be_computed():
    model, (x, age, horizon) = PUBLISHED, (2.0, 38.86, 39.0)
    z = horizon / (model.alpha + age + horizon)
    total = model.a + model.b + x - 1
    gauss = hyp2f1(model.r + x, model.b + x, total, z)
    if_alive = total / (model.a - 1) * (1 - (1 - z) ** (model.r + x) * gauss)
    summary = histories((x, 30.43, age))
    want = if_alive * model.alive_probability(summary)[0]
    assert model.expected_orders(summary, horizon)[0] == pytest.approx(want, rel=1e-9)
    # The example of Fader, Hardie and Lee's spreadsheet: 1.226 order days in 39 weeks.
    assert want == pytest.approx(1.226, abs=1e-3)


@given(model=models(), summary=customers(), weeks=st.tuples(WEEKS, WEEKS))
def test_a_longer_horizon_means_less_silence_and_more_orders(
    model: BgNbd, summary: PurchaseSummary, weeks: tuple[float, float]
):
    short, long = sorted(weeks)
    early, late = (model.no_order_probability(summary, t)[0] for t in (short, long))
    assert 0.0 <= late <= early <= 1.0
    fewer, more = (model.expected_orders(summary, t)[0] for t in (short, long))
    assert 0.0 <= fewer <= more * (1 + 1e-9) + 1e-12
    assert np.isfinite(more)


@given(model=models(), summary=customers(), horizon=WEEKS)
def test_only_the_living_order(model: BgNbd, summary: PurchaseSummary, horizon: float):
    some_order = 1 - model.no_order_probability(summary, horizon)[0]
    assert model.alive_probability(summary)[0] >= some_order - 1e-12
    assert model.expected_orders(summary, horizon)[0] >= some_order * (1 - 1e-6) - 1e-12


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
    model = fit_bg_nbd(world)
    assert np.isfinite([model.r, model.alpha, model.a, model.b, model.log_likelihood]).all()
    silent = model.no_order_probability(world, 13.0)
    assert ((silent >= 0) & (silent <= 1)).all()
    assert np.isfinite(model.expected_orders(world, 13.0)).all()


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(customers(), min_size=1, max_size=8))
def test_any_small_world_can_be_fitted(rows: list[PurchaseSummary]):
    joined = histories(
        *[(row.frequency[0], row.recency_weeks[0], row.age_weeks[0]) for row in rows]
    )
    model = fit_bg_nbd(joined)
    assert np.isfinite(model.expected_orders(joined, 26.0)).all()
    assert np.isfinite(model.no_order_probability(joined, 26.0)).all()


def test_a_world_without_dropout_is_named():
    regular = histories(*[(k, 0.95 * 40, 40) for k in range(5, 40)])
    model = fit_bg_nbd(regular)
    assert model.note is not None
    assert "no dropout" in model.note.lower()


def test_a_world_without_repeat_orders_is_named():
    model = fit_bg_nbd(WORLDS["one-time buyers only"])
    assert model.note is not None
    assert "second day" in model.note


def test_a_simulated_world_is_predicted_at_its_true_level():
    # 4,000 customers: the standard error of the share is 0.008, and the fit adds less.
    rng, count, age, horizon = np.random.default_rng(7), 4000, 40.0, 26.0
    rows, silent = [], []
    for rate, leave in zip(rng.gamma(0.8, 1 / 6, count), rng.beta(1.0, 3.0, count), strict=True):
        times, now, active = [], 0.0, True
        while active and (now := now + rng.exponential(1 / rate)) < age + horizon:
            times.append(now)
            active = rng.random() >= leave
        seen = [time for time in times if time < age]
        rows.append((len(seen), max(seen, default=0.0), age))
        silent.append(len(seen) == len(times))
    summary = histories(*rows)
    predicted = fit_bg_nbd(summary).no_order_probability(summary, horizon)
    assert predicted.mean() == pytest.approx(np.mean(silent), abs=0.03)


def test_a_model_survives_json():
    model = fit_bg_nbd(WORLDS["all equal"])
    assert BgNbd.from_dict(json.loads(json.dumps(model.to_dict()))) == model
