"""Holidays are those that people of the place know, and unknown ones are said to be unknown."""

from datetime import date

import holidays as library
import numpy as np
import pytest

from features.errors import SettingsError
from features.holidays import HolidayCalendar, country_problem, holiday_days

EPOCH = date(1970, 1, 1).toordinal()


def number(text: str) -> int:
    return date.fromisoformat(text).toordinal() - EPOCH


def days(*texts: str) -> np.ndarray:
    return np.array([number(text) for text in texts], dtype=np.int64)


@pytest.mark.parametrize(
    ("country", "region", "day"),
    [
        ("US", None, "2024-07-04"),
        ("US", None, "2021-07-05"),  # the Fourth was a Sunday, kept on Monday
        ("US", None, "2024-11-28"),  # Thanksgiving, the fourth Thursday
        ("CZ", None, "2024-10-28"),
        ("CZ", None, "2024-04-01"),  # Easter Monday
        ("HR", None, "2023-06-08"),  # Corpus Christi, sixty days after Easter
        ("HR", None, "2024-05-30"),  # Statehood Day since 2020
        ("VN", None, "2023-01-22"),  # Tet, by the moon
        ("VN", None, "2024-02-10"),
        ("VN", None, "2025-01-29"),
        ("IN", None, "2024-01-26"),
        ("IN", None, "2100-08-15"),
        ("SA", None, "2024-09-23"),
        ("SA", None, "2024-04-10"),  # Eid al-Fitr, by the moon
        ("DE", None, "2024-10-03"),
        ("DE", "BY", "2024-01-06"),
        ("DE", "BY", "2024-05-30"),
    ],
)
def test_a_holiday_of_the_place_is_one(country, region, day):
    calendar = HolidayCalendar.of(country, region)
    assert calendar.days_until_next(days(day)).tolist() == [0]
    assert calendar.days_since_last(days(day) + 1).tolist() == [1]


@pytest.mark.parametrize(
    ("country", "region", "day"),
    [
        ("DE", None, "2024-01-06"),  # Epiphany is one in three of the states only
        ("DE", "BE", "2024-01-06"),
        ("US", None, "2024-10-28"),
        ("CZ", None, "2024-07-04"),
        ("HR", None, "2019-11-18"),  # became one in 2020
        ("VN", None, "2024-01-22"),  # where Tet was a year before
        ("SA", None, "2024-12-25"),
    ],
)
def test_a_day_that_is_none_there_is_none(country, region, day):
    assert HolidayCalendar.of(country, region).days_until_next(days(day))[0] > 0


def test_the_distance_is_counted_in_days_on_both_sides():
    # Germany: Christmas on 25 and 26 December, New Year, then Good Friday on 29 March 2024.
    calendar = HolidayCalendar.of("DE")
    asked = days("2023-12-24", "2023-12-25", "2023-12-26", "2023-12-31", "2024-01-01", "2024-01-02")
    assert calendar.days_until_next(asked).tolist() == [1, 0, 0, 1, 0, 87]
    assert calendar.days_since_last(asked).tolist() == [82, 83, 1, 5, 6, 1]


def test_a_market_without_a_country_knows_no_holidays():
    calendar = HolidayCalendar.of(None)
    assert np.isnan(calendar.days_until_next(days("2024-01-01", "2024-12-25"))).all()
    assert np.isnan(calendar.days_since_last(days("2024-01-01", "2024-12-25"))).all()


def test_no_days_give_no_distances():
    none = np.empty(0, dtype=np.int64)
    for calendar in (HolidayCalendar.of(None), HolidayCalendar.of("CZ")):
        assert calendar.days_until_next(none).shape == (0,)
        assert calendar.days_since_last(none).shape == (0,)


def test_where_the_librarys_calendar_ends_the_distance_is_unknown_not_years():
    # Sri Lanka's holidays hang on decrees that are published a year ahead.
    calendar = HolidayCalendar.of("LK")
    asked = days("2024-06-01", "2100-12-31")
    assert np.isnan(calendar.days_since_last(asked)).tolist() == [False, True]
    assert np.isnan(calendar.days_until_next(asked)).tolist() == [False, True]


def test_every_country_answers_for_every_day_from_1980_to_2100():
    every = np.arange(number("1980-01-01"), number("2101-01-01"))
    for country in library.list_supported_countries(include_aliases=False):
        assert country_problem(country) is None
        calendar = HolidayCalendar.of(country)
        ahead, behind = calendar.days_until_next(every), calendar.days_since_last(every)
        assert (np.isnan(ahead) | ((ahead >= 0) & (ahead <= 366))).all()
        assert (np.isnan(behind) | ((behind >= 1) & (behind <= 366))).all()


@pytest.mark.parametrize("country", ["US", "CZ", "HR", "VN", "IN", "SA", "DE"])
def test_a_large_country_of_each_culture_has_holidays_in_all_our_years(country):
    known = holiday_days(country, None, 1995, 2100)
    years = known.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    assert sorted(set(years.tolist())) == list(range(1995, 2101))


def test_holidays_are_sorted_each_once_of_the_years_asked_and_read_only():
    found = holiday_days("US", None, 2021, 2022)
    assert (np.diff(found) > 0).all()
    # New Year 2022 was a Saturday, kept on the last day of 2021.
    assert number("2021-12-31") in found
    assert number("2021-01-01") <= found[0]
    assert found[-1] <= number("2022-12-31")
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0


def test_a_place_that_nobody_knows_is_told():
    with pytest.raises(SettingsError, match="'Atlantis' is no ISO 3166-1 code"):
        HolidayCalendar.of("Atlantis")
    with pytest.raises(SettingsError, match=r"did you mean BY\?$"):
        HolidayCalendar.of("DE", "Bayern")
