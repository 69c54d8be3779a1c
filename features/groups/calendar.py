"""When in the year: the customer's season, and the public holidays of her market.

Holidays are those of the market of the last order; where its country is not known, neither are
they (NaN).
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from features.declarations import Floats, Ints, Source, divided
from features.holidays import HolidayCalendar
from features.kernel import AsOf
from features.measures import ORDER_DAYS
from features.shape import Place
from features.tile_index import DayWeight

orders = Source("orders")

_YEAR_DAYS = 365
_NEAR_DAYS = 45
_EARLIER_YEARS = 3
_BEFORE_HOLIDAY_DAYS = 14


def _quarter(days: Ints) -> Ints:
    """Quarter of the year, 0 to 3."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 // 3


QUARTERS = tuple(
    DayWeight(f"quarter {place}", lambda days, place=place: _quarter(days) == place)  # type: ignore[misc]
    for place in range(4)
)


@orders.feature(calendar=True)
def year_passed_share(known: AsOf) -> Floats:
    """Part of the calendar year that has passed at the cutoff."""
    cutoffs = known.cutoff_days.astype("datetime64[D]")
    first = cutoffs.astype("datetime64[Y]")
    last = (first + 1).astype("datetime64[D]")
    first = first.astype("datetime64[D]")
    return divided((cutoffs - first).astype(np.int64), (last - first).astype(np.int64))


@orders.feature(calendar=True)
def same_quarter_order_days_share(known: AsOf) -> Floats:
    """Part of the order days that fell in the quarter of the year in which the cutoff lies."""
    quarters = _quarter(known.cutoff_days)
    same = np.zeros(len(quarters), dtype=np.int64)
    for place, quarter in enumerate(QUARTERS):
        rows = quarters == place
        if rows.any():
            same[rows] = known.total(ORDER_DAYS, on=quarter)[rows]
    return divided(same, known.total(ORDER_DAYS))


@orders.feature()
def same_season_order_days_share(known: AsOf) -> Floats:
    """Part of the order days of the 3 years before that fell within 45 days of this time of year.

    The last 319 days are no earlier year: NaN for who ordered in them only.
    """
    recent_days = _YEAR_DAYS - _NEAR_DAYS - 1
    near = np.zeros(len(known.codes), dtype=np.int64)
    for year in range(1, _EARLIER_YEARS + 1):
        farthest = _YEAR_DAYS * year + _NEAR_DAYS
        nearest = _YEAR_DAYS * year - _NEAR_DAYS - 1
        near += known.total(ORDER_DAYS, farthest) - known.total(ORDER_DAYS, nearest)
    earlier = known.total(ORDER_DAYS, farthest) - known.total(ORDER_DAYS, recent_days)
    return divided(near, earlier)


@orders.feature(needs=("calendar",), calendar=True)
def next_holiday_days(known: AsOf) -> Floats:
    """Days from the cutoff to the next public holiday of the market; 0 on one."""
    return _by_market(
        known, lambda place: HolidayCalendar.of(*place).days_until_next(known.cutoff_days)
    )


@orders.feature(needs=("calendar",), calendar=True)
def last_holiday_days(known: AsOf) -> Floats:
    """Days from the last public holiday of the market before the cutoff."""
    return _by_market(
        known, lambda place: HolidayCalendar.of(*place).days_since_last(known.cutoff_days)
    )


@orders.feature(needs=("calendar",), calendar=True)
def before_holiday_order_days_share(known: AsOf) -> Floats:
    """Part of the order days that fell in the 14 days before a public holiday of the market."""
    return _by_market(
        known,
        lambda place: divided(
            known.total(ORDER_DAYS, on=_before_holiday(place)), known.total(ORDER_DAYS)
        ),
    )


@cache
def _before_holiday(place: Place) -> DayWeight:
    """1 on the 14 days before a holiday of this place; one object, so that sums are kept."""
    calendar = HolidayCalendar.of(*place)
    return DayWeight(
        f"before a holiday of {place}",
        lambda days: calendar.days_until_next(days + 1) < _BEFORE_HOLIDAY_DAYS,
    )


def _by_market(known: AsOf, of: Callable[[Place], Floats]) -> Floats:
    """For each row, what its market's place gives; NaN where the country is unknown."""
    found = np.full(len(known.codes), np.nan)
    for number, place in enumerate(known.index.shape.calendars):
        rows = known.market_numbers == number
        if place[0] is not None and rows.any():
            found[rows] = of(place)[rows]
    return found
