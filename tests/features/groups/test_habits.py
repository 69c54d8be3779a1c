"""Weekdays and hours, counted by hand."""

from math import nan

from events import ada, counted_by_hand, rows_of

from features.groups import habits

# The cutoff is a Sunday: 1 day before is a Saturday, 7 a Sunday, 6 and 13 are Mondays.
ORDERS = [
    {"age": 1, "minute": 359},
    {"age": 7, "minute": 360},
    {"age": 7, "minute": 1079},
    {"age": 6, "minute": 1080},
    {"age": 13},
]


def test_habits():
    expected = {
        "weekend_order_days_share": 2 / 4,
        "usual_weekday_share": 2 / 4,
        "night_lines_share": 1 / 4,
        "morning_lines_share": 1 / 4,
        "evening_lines_share": 1 / 4,
    }
    counted_by_hand(ada(orders=ORDERS), habits, expected)


def test_a_date_alone_says_nothing_of_the_hour():
    row = rows_of(orders=[*ORDERS, {"customer_id": "bob", "age": 6}]).loc["bob"]
    expected = {
        "weekend_order_days_share": 0,
        "usual_weekday_share": 1,
        **dict.fromkeys(("night_lines_share", "morning_lines_share", "evening_lines_share"), nan),
    }
    counted_by_hand(row, habits, expected)
