"""The catalogue for people: all that exists, measured by what is known."""

from datetime import timedelta

import pytest
from shop import FIRST_DAY, histories, order_table

from features.catalog import every_feature
from features.histories import Histories
from features.listing import declared_features, measured_features
from features.schema import VISITS
from features.shape import Shape


def test_every_feature_of_the_product_is_listed_once():
    assert [one.name for one in declared_features()] == [one.name for one in every_feature()]


def test_what_was_not_measured_has_no_figures():
    figures = {(one.coverage_share, one.drift_psi) for one in declared_features()}
    assert figures == {(None, None)}


def test_coverage_is_the_share_of_customers_of_whom_a_feature_is_known():
    rows = [("ada", FIRST_DAY, 100), ("ada", FIRST_DAY + timedelta(days=9), 100)]
    rows += [(name, FIRST_DAY, 100) for name in ("bob", "cyd", "dee")]
    newest = FIRST_DAY + timedelta(days=30)
    known = {one.name: one for one in measured_features(histories(rows), newest, newest)}
    assert known["recency_days"].coverage_share == 1
    assert known["usual_gap_days"].coverage_share == 0.25
    assert {one.drift_psi for one in known.values()} == {0}
    assert known["recency_days"].group == "recency"


def test_drift_is_measured_against_the_earlier_cutoff():
    rows = [(f"c{number}", FIRST_DAY + timedelta(days=number % 5), 100) for number in range(60)]
    known = histories(rows)
    earlier, newest = (FIRST_DAY + timedelta(days=days) for days in (10, 100))
    listed = {one.name: one for one in measured_features(known, newest, earlier)}
    assert listed["recency_days"].drift_psi > 0.25
    assert listed["spend_value"].drift_psi == 0


@pytest.mark.parametrize(("newest", "earlier"), [(-1, -2), (10, -1)])
def test_before_the_first_order_there_is_nothing_to_measure(newest, earlier):
    known = histories([("ada", FIRST_DAY, 100)])
    day = FIRST_DAY + timedelta(days=newest)
    listed = measured_features(known, day, FIRST_DAY + timedelta(days=earlier))
    assert {one.drift_psi for one in listed} == {None}
    assert (listed[0].coverage_share is None) == (newest < 0)


def test_the_features_of_counted_words_are_listed_in_their_group():
    orders = order_table([("ada", FIRST_DAY, 100)])
    shared = {name: orders[name] for name in ("customer_id", "occurred_at", "day", "market")}
    events = {"orders": orders, "visits": VISITS.filled(shared | {"kind": ["like"]})}
    counted = (("visits.kind", ("like",)),)
    shape = Shape.of(events, markets=("US",), currency="USD", counted=counted)
    day = FIRST_DAY + timedelta(days=30)
    listed = measured_features(Histories.from_events(events, shape), day, day)
    liked = {one.group for one in listed if "like" in one.name}
    assert liked == {"visits"}
