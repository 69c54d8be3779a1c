"""What the anchor says is split among its inputs exactly, and the parts add up to the score."""

from datetime import timedelta
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from shop import FIRST_DAY, histories, simulated_orders

from features.matrix import matrix
from training.models.attribution import (
    BASE,
    ORDER_INPUTS,
    VALUE_INPUTS,
    Reference,
    replaced,
    shapley,
)
from training.models.customer_model import Horizons, fit_customer_model

CUTOFF = FIRST_DAY + timedelta(days=300)
HORIZONS = (30, 60, 365)


@pytest.fixture(scope="module")
def fitted():
    known = histories(simulated_orders(customers=400)).before(CUTOFF)
    return fit_customer_model(known, CUTOFF, Horizons(60, 90, 0.8), seed=1), matrix(known, [CUTOFF])


@pytest.fixture
def three():
    columns = {
        "repeat_order_days_count": [0.0, 4.0, 12.0],
        "first_to_last_order_days": [0.0, 200.0, 300.0],
        "tenure_days": [10.0, 230.0, 500.0],
        "repeat_order_day_value": [np.nan, 20.0, 35.0],
    }
    return pd.DataFrame(columns)


@pytest.mark.parametrize("days", HORIZONS)
def test_parts_of_every_customer_add_up_to_the_churn_score(fitted, days):
    model, rows = fitted
    told = model.churn.contributions(rows, days).sum(axis=1) + model.churn.typical_logit
    np.testing.assert_allclose(told, model.churn.log_odds(rows, days), rtol=0, atol=1e-9)


@pytest.mark.parametrize("days", HORIZONS)
def test_parts_of_every_customer_add_up_to_the_value_in_money(fitted, days):
    model, rows = fitted
    told = model.value.contributions(rows, days).sum(axis=1)
    np.testing.assert_allclose(told, model.value.expected_value(rows, days), rtol=0, atol=1e-6)


@pytest.mark.parametrize("days", HORIZONS)
def test_what_no_feature_tells_is_the_same_for_everybody(fitted, days):
    model, rows = fitted
    for part in (model.churn.parts(rows, days), model.value.parts(rows, days)):
        assert float(np.ptp(part[BASE])) < 1e-9


def test_a_part_is_the_mean_change_over_all_orders_of_adding(fitted):
    model, rows = fitted
    rows, reference = rows.iloc[::40], model.value.reference

    def said(own):
        read = replaced(rows, reference, set(VALUE_INPUTS) - set(own))
        return model.value.anchor.log_value(read, 90)

    parts = shapley(lambda read: model.value.anchor.log_value(read, 90), rows, reference,
                    VALUE_INPUTS)  # fmt: skip
    orders = list(permutations(VALUE_INPUTS))
    for name in VALUE_INPUTS:
        changes = [
            said(order[: order.index(name) + 1]) - said(order[: order.index(name)])
            for order in orders
        ]
        np.testing.assert_allclose(parts[f"anchor.{name}"], np.mean(changes, axis=0), atol=1e-12)


def test_an_input_that_a_function_does_not_read_has_no_part(three):
    reference = Reference(3.0, 60.0, 300.0, 25.0)
    parts = shapley(
        lambda rows: np.log1p(rows["tenure_days"].to_numpy()), three, reference, ORDER_INPUTS
    )
    assert not parts[["anchor.frequency", "anchor.silence"]].to_numpy().any()
    np.testing.assert_allclose(parts["anchor.tenure"], np.log1p(three["tenure_days"]) - np.log(301))


def test_nothing_replaced_changes_nothing_and_all_replaced_is_the_reference(three):
    reference = Reference(3.0, 60.0, 300.0, 25.0)
    pd.testing.assert_frame_equal(replaced(three, reference, ()), three)
    alike = replaced(three, reference, VALUE_INPUTS)
    assert alike.drop_duplicates().to_numpy().tolist() == [[3.0, 240.0, 300.0, 25.0]]


def test_a_silence_is_never_longer_than_the_time_since_the_first_order(three):
    read = replaced(three, Reference(3.0, 60.0, 300.0, 25.0), ["silence"])
    assert read["first_to_last_order_days"].tolist() == [0.0, 170.0, 440.0]


def test_a_customer_like_the_reference_has_no_parts(fitted):
    model, rows = fitted
    reference = model.churn.reference
    alike = rows.iloc[:2].assign(**replaced(rows.iloc[:2], reference, VALUE_INPUTS))
    parts = model.churn.parts(alike, 60)
    assert not parts[[f"anchor.{name}" for name in ORDER_INPUTS]].to_numpy().any()
