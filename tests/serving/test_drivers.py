"""Reasons come from the model's contributions and can be said in words."""

from datetime import UTC, datetime, time, timedelta

import pytest
from shop import FIRST_DAY, histories, histories_of, order_table, simulated_orders

from features.catalog import GROUPS, group_name, grouped
from features.matrix import matrix
from features.schema import CUSTOMERS
from features.shape import Shape
from serving.drivers import (
    CODES,
    DRIVER_OF_FEATURE,
    DRIVER_OF_GROUP,
    OWN_RHYTHM,
    SHOWN,
    reasons_of,
)
from serving.reasons import reason_text
from serving.store import MOST_REASONS, Reason
from training.models.attribution import ORDER_INPUTS
from training.models.customer_model import Horizons, fit_customer_model

CUTOFF = FIRST_DAY + timedelta(days=300)


@pytest.fixture(scope="module")
def explained():
    known = histories(simulated_orders(customers=400)).before(CUTOFF)
    model = fit_customer_model(known, CUTOFF, Horizons(60, 60, 0.8), seed=1)
    rows = matrix(known, [CUTOFF])
    return model, rows, reasons_of(model, rows)


def test_every_feature_group_has_a_driver_that_can_be_shown():
    assert set(DRIVER_OF_GROUP) == {group_name(group) for group in GROUPS}
    assert set(DRIVER_OF_GROUP.values()) <= set(SHOWN)


def test_reasons_are_few_strongest_first_and_sayable(explained):
    _, rows, reasons = explained
    assert len(reasons) == len(rows)
    for some in reasons:
        assert len(some) <= MOST_REASONS
        weights = [("low", "medium", "high").index(one.weight) for one in some]
        assert weights == sorted(weights, reverse=True)
        assert all(reason_text(one, currency="EUR").endswith(".") for one in some)


def test_silence_is_told_against_the_own_rhythm_only_where_it_goes_against_it(explained):
    _, _, reasons = explained
    told = [one for some in reasons for one in some if one.code == OWN_RHYTHM]
    assert told
    for one in told:
        assert (one.value > one.typical) == (one.direction == "raises")


def test_a_named_driver_moves_the_score_the_way_that_is_said(explained):
    model, rows, reasons = explained
    known = grouped(Shape.from_dict(model.facts.shape))
    driver_of = {
        one.name: DRIVER_OF_FEATURE.get(one.name, DRIVER_OF_GROUP[group])
        for one, group in known.items()
    }
    served = model.churn.log_odds(rows, 60)
    kept = total = 0
    for place in range(0, len(rows), 5):
        for reason in reasons[place]:
            ways = []
            # Silence against the own rhythm may carry frequency, the other half of that rhythm.
            joined = [{"silence"}, {"silence", "frequency"}]
            for drivers in joined if reason.code == OWN_RHYTHM else [{reason.code}]:
                typical = {
                    name: model.facts.typical[name]
                    for name in model.facts.feature_names
                    if driver_of[name] in drivers
                }
                inputs = [name for name in ORDER_INPUTS if name in drivers]
                row = rows.iloc[[place]]
                ways.append(served[place] - model.churn.log_odds_without(row, 60, typical, inputs))
            sign = 1 if reason.direction == "raises" else -1
            kept += any(sign * float(way[0]) > 0 for way in ways)
            total += 1
    assert total > 100
    assert kept >= 0.99 * total


def test_one_customers_reasons_do_not_depend_on_who_else_is_asked(explained):
    model, rows, reasons = explained
    assert reasons_of(model, rows.iloc[[7]].reset_index(drop=True)) == [reasons[7]]


def test_nobody_has_no_reasons(explained):
    model, rows, _ = explained
    assert reasons_of(model, rows.iloc[:0]) == []


def test_of_words_no_sentence_is_made():
    """A country is weighed, but neither its code nor what it is kept beside is told for it."""
    orders = simulated_orders(customers=400)
    names = sorted({name for name, *_ in orders})
    joined = {
        "customer_id": names,
        "market": ["US"] * len(names),
        "day": [FIRST_DAY] * len(names),
        "occurred_at": [datetime.combine(FIRST_DAY, time(12), UTC)] * len(names),
        "country": ["HR" if number % 2 else "CZ" for number in range(len(names))],
    }
    known = histories_of({"orders": order_table(orders), "customers": CUSTOMERS.filled(joined)})
    model = fit_customer_model(known, CUTOFF, Horizons(60, 60, 0.8), seed=1)
    assert "country_code" in model.facts.feature_names
    rows = matrix(known.before(CUTOFF), [CUTOFF])
    codes = {one.code for some in reasons_of(model, rows) for one in some}
    assert codes
    assert codes <= set(CODES)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("value", "typical"), [(1.0, 3.0), (2.5, None), (None, 2.0)])
def test_every_code_has_words_for_every_gap_in_knowledge(code, value, typical):
    if code == OWN_RHYTHM and (value is None or typical is None):
        return  # it is chosen only where both are known
    unit = SHOWN.get(code, ("", "days"))[1]
    text = reason_text(Reason(code, "raises", "low", value, typical, unit), currency="EUR")
    assert text.endswith(".")
    assert "{" not in text
