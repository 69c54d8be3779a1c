"""Visits, counted by hand."""

from math import nan

from events import ada, counted_by_hand

from features.groups import visits
from features.word_codes import code_of

VISITS = [
    {"age": 100, "kind": "view", "channel": "web", "seconds": 60},
    {"age": 60, "kind": "view", "channel": "web", "seconds": 120},
    {"age": 60, "kind": "search", "channel": "app"},
    {"age": 20, "kind": "view", "channel": "app", "seconds": 30},
    {"age": 5, "kind": "like", "seconds": 90},
]
ORDERS = [{"age": 400}, {"age": 100}, {"age": 50}]
RARE = {"customer_id": "bob", **VISITS[0]}


def test_visits():
    usual_gap = 95 / 3
    expected = {
        "visits_7d_count": 1,
        "visits_30d_count": 2,
        "visits_90d_count": 4,
        "visits_180d_count": 5,
        "visits_365d_count": 5,
        "visits_count": 5,
        "visit_days_30d_count": 2,
        "visit_days_90d_count": 3,
        "visit_days_365d_count": 4,
        "visit_days_count": 4,
        "last_visit_days": 5,
        "usual_visit_gap_days": usual_gap,
        "visit_silence_ratio": 5 / usual_gap,
        "visits_7d_to_30d_ratio": (1 / 7) / (2 / 30),
        "visits_30d_to_90d_ratio": (2 / 30) / (4 / 90),
        "visits_per_order_day_90d_ratio": 4 / 1,
        "visits_per_order_day_365d_ratio": 5 / 2,
        "visits_per_order_day_ratio": 5 / 3,
        "visit_30d_minutes": 2.0,
        "visit_90d_minutes": 4.0,
        "visit_minutes": 5.0,
        "visit_kinds_30d_count": 2,
        "visit_kinds_90d_count": 3,
        "visit_kinds_count": 3,
        "visit_channels_90d_count": 2,
        "visit_channels_count": 2,
        "last_visit_kind_code": code_of("like"),
        "last_visit_channel_code": code_of("app"),
    }
    counted_by_hand(ada(orders=ORDERS, visits=VISITS), visits, expected)


def test_who_never_came_has_no_visits_and_no_days_of_them():
    row = ada(visits=[RARE])
    unknown = {
        *("last_visit_days", "usual_visit_gap_days", "visit_silence_ratio"),
        *("visits_7d_to_30d_ratio", "visits_30d_to_90d_ratio"),
        *("visits_per_order_day_90d_ratio", "visits_per_order_day_365d_ratio"),
        *("last_visit_kind_code", "last_visit_channel_code"),
    }
    mine = [name for name in row.index if name.startswith(("visit", "last_visit", "usual_visit"))]
    counted_by_hand(row, visits, {name: nan if name in unknown else 0 for name in mine})


def test_kinds_of_visit_that_the_settings_count():
    counted = (("visits.kind", ("view", "search")),)
    row = ada(visits=VISITS, shape={"counted": counted})
    expected = {
        "visits_view_30d_count": 1,
        "visits_view_90d_count": 2,
        "visits_view_count": 3,
        "last_visit_view_days": 20,
        "visits_view_30d_to_90d_ratio": (1 / 30) / (2 / 90),
        "visits_search_30d_count": 0,
        "visits_search_90d_count": 1,
        "visits_search_count": 1,
        "last_visit_search_days": 60,
        "visits_search_30d_to_90d_ratio": 0,
    }
    assert row[list(expected)].to_dict() == expected


def test_who_never_did_what_is_counted():
    row = ada(visits=[RARE], shape={"counted": (("visits.kind", ("view",)),)})
    assert row[["visits_view_30d_count", "visits_view_count"]].tolist() == [0, 0]
    assert row[["last_visit_view_days", "visits_view_30d_to_90d_ratio"]].isna().all()
