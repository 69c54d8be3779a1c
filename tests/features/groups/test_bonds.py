"""Loyalty points, subscriptions and the profile, counted by hand."""

from math import nan

from events import ada, counted_by_hand, day_number, rows_of

from features.groups import loyalty, profile, subscriptions
from features.word_codes import code_of

LOYALTY = [
    {"age": 400, "kind": "earned", "points": 100, "expires_day": day_number(35)},
    {"age": 390, "kind": "tier", "tier_level": 2},
    {"age": 80, "kind": "earned", "points": 50, "expires_day": day_number(0)},
    {"age": 70, "kind": "earned", "points": 30, "expires_day": day_number(-29)},
    {"age": 65, "kind": "earned", "points": 7, "expires_day": day_number(-30)},
    {"age": 60, "kind": "tier", "tier_level": 1},
    {"age": 50, "kind": "tier"},  # a change to nowhere is none
    {"age": 40, "kind": "spent", "points": 60},
    {"age": 35, "kind": "expired", "points": 40},
    {"age": 5, "kind": "earned", "points": 20},
]
SUBSCRIPTIONS = [
    {"age": 500, "kind": "started", "plan": "basic", "price_minor": 1000},
    {
        "age": 200,
        "kind": "ended",
        "started_day": day_number(500),
        "price_minor": 1000,
        "reason": "moved",
    },
    {"age": 200, "kind": "started", "plan": "gold", "price_minor": 1500},
    {"age": 40, "kind": "started", "plan": "basic", "price_minor": 900},
    {"age": 10, "kind": "started", "plan": "gold"},  # at a price that is not known
]
CUSTOMERS = [
    {
        "age": 300,
        "registered_day": day_number(310),
        "born_day": -365,
        "country": "AT",
        "language": "de",
        "channel": "friend",
    },
    {"age": 30, "registered_day": day_number(310), "country": "CZ"},
]


def test_loyalty():
    expected = {
        "earned_30d_points": 20,
        "earned_90d_points": 107,
        "earned_365d_points": 107,
        "earned_points": 207,
        "spent_90d_points": 60,
        "spent_365d_points": 60,
        "spent_points": 60,
        "balance_points": 107,
        "points_spent_share": 60 / 207,
        "expiring_30d_points": 80,
        "last_points_spent_days": 40,
        "tier_level": 1,
        "tier_change_level": -1,
        "last_tier_change_days": 60,
    }
    counted_by_hand(ada(loyalty=LOYALTY), loyalty, expected)


def test_who_has_no_points():
    row = ada(loyalty=[{"customer_id": "bob", **one} for one in LOYALTY])
    unknown = {
        *("points_spent_share", "last_points_spent_days"),
        *("tier_level", "tier_change_level", "last_tier_change_days"),
    }
    mine = [name for name in row.index if "points" in name or "tier" in name]
    counted_by_hand(row, loyalty, {name: nan if name in unknown else 0 for name in mine})


def test_points_that_never_expire_are_not_about_to():
    never = {"age": 5, "points": 20, "expires_day": 2932896}  # 9999-12-31
    assert ada(loyalty=[never])["expiring_30d_points"] == 0


def test_subscriptions():
    expected = {
        "subscriptions_running_count": 3,
        "subscription_age_days": (200 + 40 + 10) / 3,
        "subscribed_days": 500,
        "subscriptions_started_90d_count": 2,
        "subscriptions_started_365d_count": 3,
        "subscriptions_started_count": 4,
        "subscriptions_ended_90d_count": 0,
        "subscriptions_ended_365d_count": 1,
        "subscriptions_ended_count": 1,
        "last_subscription_started_days": 10,
        "last_subscription_ended_days": 200,
        "running_price_value": 24.0,
        "price_change_ratio": 9 / 15,
        "plans_count": 2,
        "last_plan_code": code_of("gold"),
        "last_end_reason_code": code_of("moved"),
    }
    counted_by_hand(ada(subscriptions=SUBSCRIPTIONS), subscriptions, expected)


def test_who_never_subscribed():
    row = ada(subscriptions=[{"customer_id": "bob", **one} for one in SUBSCRIPTIONS])
    mine = [
        name
        for name in row.index
        if any(one in name for one in ("subscri", "price", "plan", "end_reason"))
    ]
    zero = {name for name in mine if name.endswith("_count")} | {"running_price_value"}
    counted_by_hand(row, subscriptions, {name: 0 if name in zero else nan for name in mine})


def test_profile():
    expected = {
        "registered_days": 310,
        "age_years": (day_number(0) + 365) / 365.25,
        "profile_changed_days": 30,
        "country_code": code_of("CZ"),  # she moved
        "language_code": code_of("de"),
        "won_through_code": code_of("friend"),
    }
    counted_by_hand(ada(customers=CUSTOMERS), profile, expected)


def test_a_customer_without_a_profile_is_unknown():
    row = ada(customers=[{"customer_id": "bob", **CUSTOMERS[0]}])
    numbers = ("registered_days", "age_years", "profile_changed_days")
    unknown = dict.fromkeys((*numbers, "country_code", "language_code", "won_through_code"), nan)
    counted_by_hand(row, profile, unknown)


def test_a_day_before_1970_is_not_hidden_by_another_row_of_the_day():
    rows = rows_of(customers=[{"age": 9, "registered_day": -50}, {"age": 9, "language": "cs"}])
    assert rows.loc["ada", "registered_days"] == day_number(0) + 50
