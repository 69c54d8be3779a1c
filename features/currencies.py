"""Which currency codes there are, and until when each was money somewhere."""

from collections.abc import Iterator
from datetime import date
from functools import cache

from babel.core import get_global


@cache
def last_days() -> dict[str, date | None]:
    """The last day of every ISO 4217 code that was ever in use, None while it is.

    >>> last_days()["DEM"], last_days()["EUR"], last_days().get("EURO")
    (datetime.date(2002, 5, 15), None, None)
    """
    days: dict[str, date | None] = {}
    for code, last in _uses():
        other = days.get(code, date.min)
        days[code] = None if last is None or other is None else max(last, other)
    return days


def _uses() -> Iterator[tuple[str, date | None]]:
    for uses in get_global("territory_currencies").values():
        for code, _, last, _ in uses:
            yield code, None if last is None else date(*last)
