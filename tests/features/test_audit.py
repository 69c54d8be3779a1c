"""The audit finds what is wrong with a feature, and nothing wrong with those of the product."""

from types import ModuleType

import numpy as np
import pytest

from features.audit import audit
from features.declarations import Feature, Source
from features.measures import ORDER_DAYS, ORDER_VALUE
from features.sources.sample_world import sample_cutoffs, sample_events, sample_shape

orders = Source("orders")
EVENTS = sample_events(seed=4)
# In the made-up events no order has several rows.
BLIND = {"lines_per_order_ratio"}


def group(*features):
    """A group file of the business with these features."""
    own = ModuleType("own")
    vars(own).update({f"feature_{place}": one for place, one in enumerate(features)})
    return own


def findings(*features):
    """What the audit finds about these features of the business."""
    names = {one.name for one in features}
    shape = sample_shape(EVENTS, (group(*features),))
    found = audit(EVENTS, shape, sample_cutoffs()[1:2], seed=1)
    return [one for one in found if one.feature in names]


def rules(*features):
    return {one.rule for one in findings(*features)}


def test_the_product_passes_its_own_audit():
    found = audit(EVENTS, sample_shape(EVENTS), sample_cutoffs(), seed=1)
    assert [one for one in found if one.feature not in BLIND] == []


def test_a_right_feature_is_not_found_fault_with():
    @orders.feature()
    def money_in_all_value(known):
        """Money ever ordered."""
        return known.money(ORDER_VALUE)

    assert findings(money_in_all_value) == []


def test_a_look_past_the_cutoff_is_a_leak():
    @orders.feature()
    def orders_to_come_count(known):
        """Order days of the customer, whenever they are."""
        family = known.index.families["orders"]
        days = np.bincount(family.codes, family.column("order_days"), known.index.customer_count)
        return days[known.codes]

    assert "leak" in rules(orders_to_come_count)


def test_a_value_that_depends_on_others_is_not_the_customers_own():
    @orders.feature()
    def rank_count(known):
        """Customers with fewer order days."""
        return np.searchsorted(np.sort(known.total(ORDER_DAYS)), known.total(ORDER_DAYS))

    assert "alone" in rules(rank_count)


def test_a_feature_that_no_event_changes_is_blind():
    @orders.feature()
    def nothing_count(known):
        """Nothing."""
        return np.zeros(len(known.codes))

    assert rules(nothing_count) == {"blind"}


def test_chance_is_not_repeatable():
    rng = np.random.default_rng(1)

    @orders.feature()
    def luck_share(known):
        """Luck."""
        return rng.random(len(known.codes))

    assert "repeatable" in rules(luck_share)


def test_infinite_and_unknown_counts_are_found():
    @orders.feature()
    def too_much_count(known):
        """Infinitely many, or nobody knows how many."""
        total = known.total(ORDER_DAYS)
        return np.where(total > 3, np.inf, np.nan) + total

    assert {"finite", "null"} <= rules(too_much_count)


def test_an_error_in_a_feature_is_a_finding_about_it_alone():
    @orders.feature()
    def broken_value(known):
        """Nothing that could be computed."""
        return known.no_such_method()

    @orders.feature()
    def short_value(known):
        """One number for everybody."""
        return np.zeros(1)

    found = {one.feature: one.detail for one in findings(broken_value, short_value)}
    assert "no_such_method" in found["broken_value"]
    assert "shape (1,)" in found["short_value"]


@pytest.mark.parametrize(
    ("name", "meaning", "rule"),
    [
        ("spent_much_value", "Money ordered", "meaning"),
        ("recency_days", "Something else.", "unique"),
        ("spent_much_money", "Money ordered.", "unit"),
    ],
)
def test_names_and_meanings_are_looked_at(name, meaning, rule):
    one = Feature(
        name,
        "value",
        meaning,
        lambda known: known.total(ORDER_VALUE),
        "orders",
        frozenset({"orders"}),
    )
    assert rules(one) == {rule}
