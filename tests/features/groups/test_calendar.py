"""Seasons and holidays, counted by hand; the cutoff is 15 June 2025."""

from datetime import date
from math import nan

from events import ada, counted_by_hand, rows_of

from features.groups import calendar
from features.shape import Shape

ORDERS = [
    {"day": date(2021, 6, 15)},  # more than three years ago
    {"day": date(2023, 5, 2)},  # 45 days before 16 June 2023, two times 365 days before the cutoff
    {"day": date(2023, 5, 1)},  # 46 days before it
    {"day": date(2024, 12, 25)},
    {"day": date(2024, 12, 20)},
    {"day": date(2025, 6, 14)},
]
GERMAN = {"shape": {"calendars": (("DE", "BY"),)}}


def test_calendar():
    expected = {
        "year_passed_share": 165 / 365,
        "same_quarter_order_days_share": 4 / 6,  # April to June
        "same_season_order_days_share": 1 / 2,
        # 19 June 2025 is Corpus Christi in Bavaria, 9 June Whit Monday.
        "next_holiday_days": 4,
        "last_holiday_days": 6,
        # 14 June, 20 December, and 25 December before the 26th; 2 May 2023 is 16 days before
        # Ascension, and a holiday itself is not before itself.
        "before_holiday_order_days_share": 3 / 6,
    }
    counted_by_hand(ada(orders=ORDERS, **GERMAN), calendar, expected)


def test_a_market_without_a_country_has_no_known_holidays():
    rows = rows_of(
        markets=("US", "CZ"),
        shape={"calendars": ((None, None), ("CZ", None))},
        orders=[{"age": 3}, {"customer_id": "bob", "market": "CZ", "age": 3}],
    )
    # 5 July 2025, Cyril and Methodius; 8 May 2025, the end of the war.
    assert rows.loc["bob", ["next_holiday_days", "last_holiday_days"]].tolist() == [20, 38]
    expected = {
        "year_passed_share": 165 / 365,
        "same_quarter_order_days_share": 1,
        "same_season_order_days_share": nan,
        **dict.fromkeys(("next_holiday_days", "last_holiday_days"), nan),
        "before_holiday_order_days_share": nan,
    }
    counted_by_hand(rows.loc["ada"], calendar, expected)


def test_without_any_country_there_are_no_features_of_holidays():
    assert not [name for name in ada(orders=ORDERS).index if "holiday" in name]


def test_the_places_of_the_markets_are_kept_with_the_shape():
    shape = Shape(
        ("US", "CZ"),
        "USD",
        frozenset({"orders", "calendar"}),
        calendars=((None, None), ("CZ", None)),
    )
    assert Shape.from_dict(shape.to_dict()) == shape
