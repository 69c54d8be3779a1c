"""Public holidays by country and region, as days since 1970.

The days are those of the library `holidays`, observed days among them: a holiday on a Sunday that
is kept on Monday gives both. Names of countries for people come from babel.
"""

import difflib
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Self

import holidays
import numpy as np
import numpy.typing as npt
from babel.core import Locale
from holidays.registry import COUNTRIES

from features.errors import SettingsError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FIRST_YEAR, LAST_YEAR = 1979, 2101
"""Events are of 1980 to 2100; their neighbours among the holidays may lie a year farther."""

_LONGEST_GAP_DAYS = 366
_SHOWN = 20  # regions listed when none is close


@dataclass(frozen=True, slots=True, eq=False)
class HolidayCalendar:
    """The holidays of one market: sorted days since 1970, none for a market without a country."""

    days: Ints

    @classmethod
    def of(cls, country: str | None, region: str | None = None) -> Self:
        """The calendar of a place. Raises SettingsError for a place that the library lacks."""
        if country is None:
            return cls(np.empty(0, dtype=np.int64))
        return cls(holiday_days(country, region, FIRST_YEAR, LAST_YEAR))

    def days_until_next(self, days: Ints) -> Floats:
        """Days from each day to the first holiday at or after it, 0 on a holiday; NaN: unknown."""
        return self._gap(days, np.searchsorted(self.days, days, side="left"))

    def days_since_last(self, days: Ints) -> Floats:
        """Days from the last holiday strictly before each day, so at least 1; NaN: unknown."""
        return self._gap(days, np.searchsorted(self.days, days, side="left") - 1)

    def _gap(self, days: Ints, at: npt.NDArray[np.intp]) -> Floats:
        gaps = np.full(len(days), np.nan)
        inside = (at >= 0) & (at < len(self.days))
        gaps[inside] = np.abs(self.days[at[inside]] - days[inside])
        # Every country keeps a holiday a year: a longer gap says that the library's table ends.
        gaps[gaps > _LONGEST_GAP_DAYS] = np.nan
        return gaps


@cache
def holiday_days(country: str, region: str | None, first_year: int, last_year: int) -> Ints:
    """Public holidays of these years, both included, as sorted days since 1970, read-only.

    Raises SettingsError for a country or region that the library does not know.
    """
    problem = country_problem(country) or (region and region_problem(country, region))
    if problem:
        raise SettingsError(problem)
    with warnings.catch_warnings():
        # Calendars by the moon are published for some years only; the library warns outside them.
        warnings.simplefilter("ignore")
        found = holidays.country_holidays(
            country, subdiv=region, years=range(first_year, last_year + 1)
        )
    kept = sorted(day for day in found if first_year <= day.year <= last_year)
    days = np.array(kept, dtype="datetime64[D]").astype(np.int64)
    days.setflags(write=False)  # the same array is handed to everyone
    return days


def country_problem(country: str) -> str | None:
    """Why this is no country with known holidays and what to write, or None if it is one."""
    names = _country_names()
    if country in names.values():
        return None
    close = [f"{code} ({_territory(code)})" for code in _closest(country, names)]
    cure = f"did you mean {' or '.join(close)}?" if close else "write it like CZ"
    return f"{country!r} is no ISO 3166-1 code of a country with known holidays; {cure}"


def region_problem(country: str, region: str) -> str | None:
    """Why this is no region of a known country and what to write, or None if it is one."""
    known = holidays.country_holidays(country)
    regions = known.subdivisions
    if region in regions:
        return None
    if not regions:
        return f"{country} has no regions with holidays of their own; leave region {region!r} out"
    names = {**known.subdivisions_aliases, **{code: code for code in regions}}
    close = _closest(region, names)
    shown = ", ".join(regions[:_SHOWN]) + (", …" if len(regions) > _SHOWN else "")
    cure = f"did you mean {' or '.join(close)}?" if close else f"write one of {shown}"
    return f"{region!r} is no region of {country}; {cure}"


@cache
def _country_names() -> dict[str, str]:
    """Codes by the names that people may write instead: DEU, Germany, Deutschland's code DE."""
    names = {}
    for words in COUNTRIES.values():
        code = words[1]
        names.update(dict.fromkeys([*words, _territory(code)], code))
    return names


def _territory(code: str) -> str:
    return str(Locale("en").territories.get(code, code))


def _closest(word: str, codes: dict[str, str]) -> list[str]:
    """Codes whose names are most like this word, the best first; one alone if it is the same."""
    folded = {name.casefold(): code for name, code in codes.items()}
    wanted = word.strip().casefold()
    if wanted in folded:
        return [folded[wanted]]
    close = difflib.get_close_matches(wanted, folded, n=3, cutoff=0.7)
    return list(dict.fromkeys(folded[name] for name in close))
