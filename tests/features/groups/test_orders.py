"""Order features, counted by hand: recency, frequency, money, rhythm, trend, returns, paid time."""

from math import inf, nan, sqrt

import pytest
from events import ada, counted_by_hand, day_number, rows_of

from features.groups import frequency, money, paid_time, recency, returns, rhythm, trend

# Four order days: 200, 100, 40 and 10 days before the cutoff, with 20 + 10, 30, 40 and 5 paid back.
ORDERS = [
    {"age": 200, "amount_minor": 1000},
    {"age": 100, "amount_minor": 2000, "order_id": "b"},
    {"age": 100, "amount_minor": 1000, "order_id": "b"},
    {"age": 40, "amount_minor": 4000, "order_id": "c"},
    {"age": 10, "amount_minor": 2000, "order_id": "d"},
    {"age": 10, "amount_minor": 1000, "order_id": "e"},
    {"age": 5, "amount_minor": -1500, "kind": "refund"},
    {"age": 190, "amount_minor": -500, "kind": "refund"},
]
GAPS = (100, 60, 30)
MEAN_GAP = 190 / 3


@pytest.fixture(scope="module")
def row():
    return ada(orders=ORDERS)


@pytest.fixture(scope="module")
def once():
    """A customer who ordered once, 400 days ago."""
    return ada(orders=[{"age": 400, "amount_minor": 1000}])


def test_recency(row):
    expected = {
        "recency_days": 10,
        "tenure_days": 200,
        "first_to_last_order_days": 190,
        "recency_of_tenure_share": 10 / 200,
    }
    counted_by_hand(row, recency, expected)


def test_frequency(row):
    expected = {
        "order_days_7d_count": 0,
        "order_days_30d_count": 1,
        "order_days_90d_count": 2,
        "order_days_180d_count": 3,
        "order_days_365d_count": 4,
        "order_days_count": 4,
        "repeat_order_days_count": 3,
        "orders_count": 5,
        "orders_per_order_day_ratio": 5 / 4,
        "lines_per_order_ratio": 6 / 5,
        "order_days_of_tenure_ratio": 30 * 4 / 200,
    }
    counted_by_hand(row, frequency, expected)


def test_money(row):
    expected = {
        "spend_7d_value": -15.0,
        "spend_30d_value": 15.0,
        "spend_90d_value": 55.0,
        "spend_180d_value": 85.0,
        "spend_365d_value": 90.0,
        "spend_value": 90.0,
        "order_day_90d_value": 35.0,
        "order_day_365d_value": 27.5,
        "order_day_value": 27.5,
        "repeat_order_day_value": 100 / 3,
        "first_order_day_value": 10.0,
        "last_order_day_value": 30.0,
        "largest_order_day_365d_value": 40.0,
        "largest_order_day_value": 40.0,
        "last_to_usual_value_ratio": 30 / 27.5,
    }
    counted_by_hand(row, money, expected)


def test_money_of_a_silent_year_is_nothing_where_a_sum_and_unknown_where_a_mean(once):
    expected = {
        **{f"spend_{days}d_value": 0 for days in (7, 30, 90, 180, 365)},
        "spend_value": 10.0,
        "order_day_90d_value": nan,
        "order_day_365d_value": nan,
        "order_day_value": 10.0,
        "repeat_order_day_value": nan,
        "first_order_day_value": 10.0,
        "last_order_day_value": 10.0,
        "largest_order_day_365d_value": nan,
        "largest_order_day_value": 10.0,
        "last_to_usual_value_ratio": 1.0,
    }
    counted_by_hand(once, money, expected)


def test_a_year_of_refunds_alone_has_no_largest_order_day():
    row = ada(orders=[{"age": 400}, {"age": 20, "kind": "refund", "amount_minor": -100}])
    counted_by_hand(
        row[["largest_order_day_365d_value"]], money, {"largest_order_day_365d_value": nan}
    )


def test_rhythm(row):
    spread = sqrt(sum((gap - MEAN_GAP) ** 2 for gap in GAPS) / 3)
    expected = {
        "usual_gap_days": MEAN_GAP,
        "gap_spread_days": spread,
        "gap_regularity_ratio": spread / MEAN_GAP,
        "last_gap_days": 30,
        "longest_gap_days": 100,
        "silence_ratio": 10 / MEAN_GAP,
        "silence_to_longest_gap_ratio": 10 / 100,
        "last_to_usual_gap_ratio": 30 / MEAN_GAP,
    }
    counted_by_hand(row, rhythm, expected)


def test_one_order_day_has_no_rhythm(once):
    names = (
        *("usual_gap_days", "gap_spread_days", "gap_regularity_ratio", "last_gap_days"),
        *("longest_gap_days", "silence_ratio", "silence_to_longest_gap_ratio"),
        "last_to_usual_gap_ratio",
    )
    counted_by_hand(once, rhythm, dict.fromkeys(names, nan))


def test_trend(row):
    expected = {
        "order_days_30d_to_90d_ratio": (1 / 30) / (2 / 90),
        "order_days_90d_to_180d_ratio": (2 / 90) / (3 / 180),
        "order_days_180d_to_365d_ratio": (3 / 180) / (4 / 365),
        "order_days_90d_to_tenure_ratio": (2 / 90) / (4 / 200),
        "order_value_30d_to_90d_ratio": (30 / 30) / (70 / 90),
        "order_value_90d_to_180d_ratio": (70 / 90) / (100 / 180),
        "order_value_180d_to_365d_ratio": (100 / 180) / (110 / 365),
    }
    counted_by_hand(row, trend, expected)


def test_a_silent_year_has_no_trend_but_a_pace_of_nothing_in_a_life(once):
    expected = {
        one: nan for one in once.index if one.endswith("d_ratio") and one.startswith("order_")
    }
    counted_by_hand(once, trend, {**expected, "order_days_90d_to_tenure_ratio": 0})


def test_returns(row):
    expected = {
        "refunds_90d_count": 1,
        "refunds_180d_count": 1,
        "refunds_365d_count": 2,
        "refunds_count": 2,
        "refunded_180d_share": 15 / 100,
        "refunded_share": 20 / 110,
        "last_refund_days": 5,
    }
    counted_by_hand(row, returns, expected)


def test_nothing_came_back_of_who_ordered_once(once):
    expected = {
        **dict.fromkeys(("refunds_90d_count", "refunds_180d_count", "refunds_365d_count"), 0),
        "refunds_count": 0,
        "refunded_180d_share": nan,
        "refunded_share": 0,
        "last_refund_days": nan,
    }
    counted_by_hand(once, returns, expected)


def test_paid_time():
    payments = [
        {"age": 60, "paid_until_day": day_number(-20)},
        {"age": 40, "paid_until_day": day_number(10)},
    ]
    expected = {"paid_ahead_days": 20, "paid_at_last_order_days": 60}
    counted_by_hand(ada(orders=payments), paid_time, expected)


def test_time_paid_for_ever_is_far_and_stays_with_its_customer():
    rows = rows_of(
        orders=[
            {"age": 60, "paid_until_day": 2932896},  # 9999-12-31
            {"customer_id": "bob", "age": 5, "paid_until_day": day_number(-7)},
        ]
    )
    assert rows.loc["ada", "paid_ahead_days"] == (1 << 20) - 1 - day_number(0) < inf
    assert rows.loc["bob", "paid_ahead_days"] == 7


def test_a_market_that_the_settings_do_not_name_counts_as_the_first():
    rows = rows_of(markets=("US", "CZ"), orders=[{"age": 3, "market": "Mars"}])
    assert rows.loc["ada", "market"] == "US"
