"""Local time and UTC for many moments at once, by the rules of the standard library.

A local time that the clock skipped or showed twice is taken as `datetime` takes it with `fold=0`:
the offset before the change. Both cases are marked, so that a reading can count them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Micros: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a naive origin for local times
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Moments:
    """The same moments in UTC and on the market's clock, in microseconds since 1970."""

    utc_us: Micros
    local_us: Micros
    skipped: Flags  # the clock never showed this local time
    repeated: Flags  # the clock showed this local time twice

    @property
    def local_day(self) -> npt.NDArray[np.int64]:
        """Days since 1970 on the market's clock."""
        return self.local_us // DAY_US


def moments(written_us: Micros, is_zoned: Flags, zone: ZoneInfo) -> Moments:
    """What was written, as moments: zoned ones are UTC already, naive ones local to the zone."""
    utc_offset = _offsets(written_us, lambda us: _offset_of_utc(us, zone))
    local_offset = _offsets(written_us, lambda us: _offset_of_local(us, zone, fold=0))
    later_offset = _offsets(written_us, lambda us: _offset_of_local(us, zone, fold=1))
    return Moments(
        utc_us=np.where(is_zoned, written_us, written_us - local_offset),
        local_us=np.where(is_zoned, written_us + utc_offset, written_us),
        skipped=~is_zoned & (later_offset > local_offset),
        repeated=~is_zoned & (later_offset < local_offset),
    )


class Clocks:
    """The clocks of the markets, by the market's position."""

    def __init__(self, zones: Sequence[ZoneInfo]) -> None:
        """One zone a market."""
        self._zones = zones

    def moments(self, written_us: Micros, is_zoned: Flags, market_at: Micros) -> Moments:
        """What was written, each by the clock of its market.

        A time that no calendar holds keeps the day that was written; such rows are refused.
        """
        near = np.where((written_us > _us(1900)) & (written_us < _us(2200)), written_us, 0)
        if len(self._zones) == 1:
            when = moments(near, is_zoned, self._zones[0])
        else:
            when = self._by_market(near, is_zoned, market_at)
        local_us = np.where(near == written_us, when.local_us, written_us)
        return Moments(when.utc_us, local_us, when.skipped, when.repeated)

    def _by_market(self, written_us: Micros, is_zoned: Flags, market_at: Micros) -> Moments:
        utc, local = np.zeros_like(written_us), np.zeros_like(written_us)
        skipped, repeated = np.zeros_like(is_zoned), np.zeros_like(is_zoned)
        for at, zone in enumerate(self._zones):
            own = market_at == at
            part = moments(written_us[own], is_zoned[own], zone)
            utc[own], local[own] = part.utc_us, part.local_us
            skipped[own], repeated[own] = part.skipped, part.repeated
        return Moments(utc, local, skipped, repeated)


def day_number(day: date | None) -> int:
    """Days since 1970; without a day, later than any."""
    return 2**40 if day is None else (day - _EPOCH.date()).days


def _us(year: int) -> int:
    return (date(year, 1, 1) - _EPOCH.date()).days * DAY_US


def _offsets(moments_us: Micros, offset_of: Callable[[int], int]) -> Micros:
    """The offset of each moment; asked once a day, and one by one on days when it changes."""
    days, day_of = np.unique(moments_us // DAY_US, return_inverse=True)
    starts = np.array([offset_of(int(day) * DAY_US) for day in days], dtype=np.int64)
    ends = np.array([offset_of((int(day) + 1) * DAY_US) for day in days], dtype=np.int64)
    offsets = starts[day_of]
    changing = np.flatnonzero((starts != ends)[day_of])
    if changing.size:
        values, value_of = np.unique(moments_us[changing], return_inverse=True)
        single = np.array([offset_of(int(value)) for value in values], dtype=np.int64)
        offsets[changing] = single[value_of]
    return offsets


def _offset_of_local(local_us: int, zone: ZoneInfo, *, fold: int) -> int:
    local = (_EPOCH + timedelta(microseconds=local_us)).replace(tzinfo=zone, fold=fold)
    return (local.utcoffset() or timedelta()) // _MICROSECOND


def _offset_of_utc(utc_us: int, zone: ZoneInfo) -> int:
    utc = (_EPOCH + timedelta(microseconds=utc_us)).replace(tzinfo=UTC)
    return (utc.astimezone(zone).utcoffset() or timedelta()) // _MICROSECOND
