"""Reasons come from the model's contributions and can be said in words."""

from datetime import timedelta

import pytest
from shop import FIRST_DAY, histories, simulated_orders

from features.catalog import GROUPS, group_name
from features.matrix import matrix
from serving.drivers import CODES, DRIVER_OF_GROUP, OWN_RHYTHM, SHOWN, reasons_of
from serving.reasons import reason_text
from serving.store import MOST_REASONS, Reason
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


def test_one_customers_reasons_do_not_depend_on_who_else_is_asked(explained):
    model, rows, reasons = explained
    assert reasons_of(model, rows.iloc[[7]].reset_index(drop=True)) == [reasons[7]]


def test_nobody_has_no_reasons(explained):
    model, rows, _ = explained
    assert reasons_of(model, rows.iloc[:0]) == []


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("value", "typical"), [(1.0, 3.0), (2.5, None), (None, 2.0)])
def test_every_code_has_words_for_every_gap_in_knowledge(code, value, typical):
    if code == OWN_RHYTHM and (value is None or typical is None):
        return  # it is chosen only where both are known
    unit = SHOWN.get(code, ("", "days"))[1]
    text = reason_text(Reason(code, "raises", "low", value, typical, unit), currency="EUR")
    assert text.endswith(".")
    assert "{" not in text
