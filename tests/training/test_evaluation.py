"""The embargo, and what a holdout knows of its customers."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from shop import FIRST_DAY, histories, simulated_orders

from training.evaluation import (
    SEGMENTS,
    Holdout,
    backtest_cutoffs,
    evaluate,
    evaluate_model,
    newest_learned_cutoff,
)
from training.models.customer_model import Horizons, fit_customer_model
from training.panel import build_panel, plan_panel

CUTOFF = FIRST_DAY + timedelta(days=300)
HORIZONS = Horizons(churn_days=60, value_days=60, interval=0.8)
ROWS = simulated_orders(customers=500)


@pytest.fixture(scope="module")
def holdout() -> Holdout:
    return evaluate(histories(ROWS), CUTOFF, HORIZONS, seed=1)


def shuffled_from(day) -> list:
    """The same orders, but from this day on the customers have swapped theirs."""
    names = sorted({row[0] for row in ROWS})
    swapped = dict(zip(names, np.random.default_rng(4).permutation(names).tolist(), strict=True))
    return [row if row[1] < day else (swapped[row[0]], *row[1:]) for row in ROWS]


def test_between_the_newest_row_learned_from_and_the_judged_lies_a_whole_label(holdout):
    assert holdout.embargo_days == HORIZONS.churn_days
    assert holdout.learned_until == CUTOFF - timedelta(days=60)


def test_what_holdouts_say_of_their_embargo_is_what_the_model_did(holdout):
    facts = fit_customer_model(histories(ROWS), CUTOFF, HORIZONS, seed=1).facts
    assert max(facts.cutoffs) == holdout.learned_until.isoformat()
    assert facts.churn_label_days == holdout.embargo_days


def test_a_model_already_fitted_is_judged_as_the_recipe_is(holdout):
    model = fit_customer_model(histories(ROWS), CUTOFF, HORIZONS, seed=1)
    again = evaluate_model(model, histories(ROWS))
    assert (again.cutoff, again.horizons) == (CUTOFF, HORIZONS)
    assert again.predictions.keys() == holdout.predictions.keys()
    for name, told in holdout.predictions.items():
        pd.testing.assert_frame_equal(again.predictions[name], told)
    np.testing.assert_array_equal(again.realised_value, holdout.realised_value)


def test_every_cutoff_of_a_backtest_keeps_its_embargo():
    known = histories(ROWS)
    as_of = FIRST_DAY + timedelta(days=400)
    cutoffs = backtest_cutoffs(known, as_of, HORIZONS, count=4)
    assert len(cutoffs) == 4
    assert cutoffs[-1] + timedelta(days=60) <= as_of  # mature
    for cutoff in cutoffs:
        plan = plan_panel(known.first_day, cutoff, HORIZONS.churn_days)
        assert all(one + timedelta(days=plan.label_days) <= cutoff for one in plan.cutoffs)
        assert newest_learned_cutoff(known, cutoff, HORIZONS) <= plan.latest


def test_labels_of_days_within_the_embargo_would_reach_the_judged_outcomes(holdout):
    # So they must not be learned, and the panel refuses them.
    inside = holdout.learned_until + timedelta(days=1)
    plan = plan_panel(FIRST_DAY, CUTOFF, 60)
    later = type(plan)((*plan.cutoffs, inside), plan.label_days)
    with pytest.raises(ValueError, match=f"labels of {inside} need 60 days; seen until {CUTOFF}"):
        build_panel(histories(ROWS), later, as_of=CUTOFF)


def test_shuffling_outcomes_behind_the_embargo_changes_nothing_learned(holdout):
    # A label within the embargo would have to look at these orders; nothing that is learned does.
    again = evaluate(histories(shuffled_from(CUTOFF)), CUTOFF, HORIZONS, seed=1)
    assert (again.churned != holdout.churned).mean() > 0.1
    assert list(again.predictions) == list(holdout.predictions)
    for name, said in holdout.predictions.items():
        pd.testing.assert_frame_equal(again.predictions[name], said, check_exact=True)
    pd.testing.assert_frame_equal(again.customers, holdout.customers)


def test_shuffling_outcomes_before_it_does_change_what_is_learned(holdout):
    earlier = shuffled_from(holdout.learned_until + timedelta(days=30))
    again = evaluate(histories(earlier), CUTOFF, HORIZONS, seed=1)
    ours, theirs = holdout.predictions["zero"], again.predictions["zero"]
    assert ours["churn_probability"].iloc[0] != theirs["churn_probability"].iloc[0]


def test_a_customer_comes_with_market_segment_and_past_money(holdout):
    people = holdout.customers
    assert set(people["market"]) == {"US"}
    assert set(people["segment"]) == set(SEGMENTS)
    number = 17
    name = people["customer_id"].iloc[number]
    days = [row[1] for row in ROWS if row[0] == name and row[1] < CUTOFF]
    seen = len(set(days))
    expected = SEGMENTS[0] if seen == 1 else SEGMENTS[1] if seen <= 3 else SEGMENTS[2]
    assert people["segment"].iloc[number] == expected
    began = CUTOFF - timedelta(days=60)
    for at in range(60):
        name = people["customer_id"].iloc[at]
        cents = sum(row[2] for row in ROWS if row[0] == name and began <= row[1] < CUTOFF)
        assert people["past_value"].iloc[at] == pytest.approx(cents / 100)
