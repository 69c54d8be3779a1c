"""The judgement of predictions of a contract's end: blind to the future, honest about its data."""

import json
from datetime import date

import numpy as np
import pytest
from contracts_world import LAST, world
from events import events_of
from shop import histories_of

from features.errors import NotEnoughData
from training.retention import Asked, monthly_rate, retention_report
from training.retention_evaluation import Contracts, evaluate_retention
from training.spells import changes_of

SYSTEMS = {"hazard", "shifted-beta-geometric", "kaplan-meier", "lightgbm"}


def report(histories, events, as_of=LAST, **keys):
    asked = Asked(as_of=as_of, grace_days=0, discount_rate=0.1, cutoffs_count=2, **keys)
    return retention_report(histories, asked, events.get("subscriptions"))


@pytest.fixture(scope="module")
def told():
    histories, events = world(count=250)
    return report(histories, events, months=(1, 3, 36))


def test_every_system_is_judged_on_the_same_rows_at_every_horizon(told):
    assert [one["months"] for one in told["evaluation"]] == [1, 3]
    for one in told["evaluation"]:
        assert set(one["systems"]) == SYSTEMS
        assert len(one["cutoffs"]) == 2
        seen = {system["seen_share"] for system in one["systems"].values()}
        assert seen == {one["ended_count"] / one["rows_count"]}
    near, far = told["evaluation"]
    assert near["ended_count"] / near["rows_count"] < far["ended_count"] / far["rows_count"]


def test_a_horizon_that_no_cutoff_was_followed_for_is_named(told):
    assert (
        told["evaluation_note"] == "No past cutoff has been followed for 36 months, grace included."
    )


def test_an_interval_holds_its_auc(told):
    for one in told["evaluation"]:
        for system in one["systems"].values():
            assert system["auc_low"] <= system["auc"] <= system["auc_high"]


def test_the_report_counts_every_contract_once_and_is_json(told):
    assert told["contracts_count"] == told["ended_count"] + told["open_count"] == 250
    assert told["told_by"] == "subscriptions"
    ends = sum(one["ended_count"] for one in told["reasons"].values())
    assert ends == told["ended_count"]
    assert json.loads(json.dumps(told)) == told


def test_nothing_from_the_day_of_the_report_on_changes_it():
    histories, events = world(count=120)
    as_of = date(2024, 11, 1)
    assert report(histories, events, as_of, months=(1,)) == report(
        histories.before(as_of), events, as_of, months=(1,)
    )


def test_a_short_history_has_cohorts_and_says_why_there_is_no_judgement():
    rows = [{"customer_id": "ada", "day": date(2025, 1, 1)}]
    events = events_of(orders=rows, subscriptions=rows)
    found = report(histories_of(events), events, date(2025, 2, 20))
    assert found["evaluation"] == []
    assert "unavailable, because no month" in found["evaluation_note"]
    assert found["cohorts"][0]["cohort"] == "2025-01"


def test_a_business_without_contracts_is_refused():
    events = events_of(orders=[{"age": 30}])
    with pytest.raises(NotEnoughData, match="no contract is known before 2025-06-01"):
        report(histories_of(events), events, date(2025, 6, 1))


def test_a_world_where_nobody_leaves_is_judged_without_an_auc():
    rows = [{"customer_id": f"c{n}", "day": date(2024, 1, 1 + n % 28)} for n in range(40)]
    events = events_of(orders=rows, subscriptions=rows)
    contracts = Contracts(histories_of(events), changes_of(histories_of(events)), 0, 1)
    (one,) = evaluate_retention(contracts, date(2024, 9, 1), months_asked=(1,), count=2)
    figures = one.report(seed=1)["systems"]
    assert {system["auc"] for system in figures.values()} == {None}
    assert all(0 < system["said_share"] < 0.05 for system in figures.values())
    assert not one.ended.any()


def test_twelve_months_at_the_monthly_rate_are_a_year():
    assert np.isclose((1 + monthly_rate(0.1)) ** 12, 1.1)
