"""Kaplan-Meier against SciPy's and by hand; incidences by reason add up."""

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from training.models.kaplan_meier import (
    incidence_by_reason,
    kaplan_meier,
    lifetimes_of,
    retention_by_cohort,
)
from training.models.shifted_beta_geometric import Lifetimes
from training.spells import NO_REASON, Spells, day_of, months_later


def simulated(count: int = 800, seed: int = 2) -> Lifetimes:
    rng = np.random.default_rng(seed)
    lengths, seen_for = rng.geometric(0.15, count), rng.integers(1, 12, count)
    return Lifetimes.of(np.minimum(lengths, seen_for), lengths <= seen_for)


def made_up(count: int = 300, seed: int = 4) -> Spells:
    """Spells of one start a customer, ended in the month drawn, for one of two reasons or none."""
    rng = np.random.default_rng(seed)
    starts = day_of(np.datetime64("2024-01-10").astype(object)) + 31 * rng.integers(0, 6, count)
    lengths = rng.geometric(0.2, count)
    day = int(starts.max()) + 250
    ends = months_later(starts, lengths)
    ended = ends < day
    reasons = np.where(ended, rng.integers(-1, 2, count), -1)
    codes = np.arange(count)
    return Spells(
        day,
        day,
        codes,
        np.ones(count, dtype=np.int64),
        starts,
        np.where(ended, ends, 99_999),
        ended,
        reasons,
    )


def test_survival_and_interval_are_those_of_scipy():
    lifetimes = simulated()
    ours = kaplan_meier(lifetimes)
    data = CensoredData(
        lifetimes.periods[lifetimes.ended], right=lifetimes.periods[~lifetimes.ended]
    )
    theirs = ecdf(data).sf
    interval = theirs.confidence_interval(0.95, method="log-log")
    months = theirs.quantiles.astype(int)
    inside = ours.survival[months] > 0
    assert ours.survival[months] == pytest.approx(theirs.probabilities)
    assert ours.low[months][inside] == pytest.approx(interval.low.probabilities[inside])
    assert ours.high[months][inside] == pytest.approx(interval.high.probabilities[inside])


def test_who_is_censored_in_a_month_was_at_risk_in_it_and_not_after():
    curve = kaplan_meier(Lifetimes.of([1, 1, 2, 3], [True, False, True, False]))
    assert curve.at_risk.tolist() == [4, 2, 1]
    assert curve.survival == pytest.approx([1, 3 / 4, 3 / 8, 3 / 8])


@pytest.mark.parametrize(
    ("lifetimes", "survival"),
    [
        (Lifetimes.of([1, 1], [True, True]), [1, 0]),
        (Lifetimes.of([2, 2], [False, False]), [1, 1, 1]),
        (Lifetimes.of([0], [False]), [1]),
        (Lifetimes.of([], []), [1]),
    ],
)
def test_where_all_met_one_fate_the_curve_and_its_interval_are_that(lifetimes, survival):
    curve = kaplan_meier(lifetimes)
    assert curve.survival.tolist() == survival
    assert curve.low.tolist() == curve.high.tolist() == survival
    assert len(curve.table()) == len(survival)
    assert ((curve.hazard(np.arange(1, 9)) > 0) & (curve.hazard(np.arange(1, 9)) < 1)).all()


def test_incidences_by_reason_and_survival_add_up_to_one():
    spells = made_up()
    found = incidence_by_reason(spells, ["price", "support"])
    assert set(found) == {"price", "support", NO_REASON}
    assert sum(found.values()) == pytest.approx(1 - kaplan_meier(lifetimes_of(spells)).survival)


def test_cohorts_are_months_of_start_and_together_they_are_all():
    spells = made_up()
    table = retention_by_cohort(spells)
    first = table[table["month"] == 0].set_index("cohort")["contracts_count"]
    assert first.drop("all").sum() == first["all"] == 300
    jan = table[(table["cohort"] == "2024-01") & (table["month"] == 1)].iloc[0]
    starts = spells.start_days.astype("datetime64[D]").astype("datetime64[M]").astype(str)
    months, over = spells.months()
    mine = starts == "2024-01"
    assert jan["ended_count"] == ((months == 1) & over & mine).sum()
    assert jan["survival"] == pytest.approx(1 - jan["ended_count"] / mine.sum())
    assert (table["low"] <= table["survival"]).all()
    assert (table["survival"] <= table["high"]).all()
