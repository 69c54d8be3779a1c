"""The one kernel: what is known of customers as of cutoffs, from sorted day tiles.

The same arithmetic serves a panel of millions, a partition of a cluster and one live customer.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.contracts import NEVER
from features.declarations import Floats, Ints, Measure
from features.markets import minor_unit_digits
from features.tile_index import DAY_BITS, DayWeight, Family, Series, TileIndex

Scan = Callable[[Family, Ints], npt.NDArray[np.bool_]]
"""Which tiles of a family count, given the cutoff of each tile's customer."""


class AsOf:
    """What is known of each row's customer strictly before the row's cutoff.

    Every method gives an array of shape (n_rows,); what never happened is NaN where it is a day or
    an amount of some day, and 0 where it is a sum.
    """

    def __init__(self, index: TileIndex, codes: Ints, cutoff_days: Ints) -> None:
        """Rows of (customer code, cutoff as days since 1970); both of shape (n_rows,)."""
        self.index = index
        self.codes = codes
        self.cutoff_days = cutoff_days
        self._positions: dict[tuple[str, int | None], Ints] = {}
        self._sums: dict[tuple[str, str, int | None, str], Ints] = {}

    # Sums and counts over a window

    def total(
        self, measure: Measure, window_days: int | None = None, on: DayWeight | None = None
    ) -> Ints:
        """Sum over [cutoff - window_days, cutoff), or over the whole life; on some days only."""
        key = (measure.family, measure.name, window_days, on.name if on else "")
        if key not in self._sums and measure.by is not None:
            self._sums[key] = self._scattered(measure, window_days)
        if key not in self._sums:
            family = self._family(measure)
            totals = family.total(measure.name, on)
            end, start = self._end(measure.family), self._start(measure.family, window_days)
            self._sums[key] = totals[end] - totals[start]
        return self._sums[key]

    def money(
        self, measure: Measure, window_days: int | None = None, on: DayWeight | None = None
    ) -> Floats:
        """The same sum of a column in minor units, in whole units of the currency."""
        return self.total(measure, window_days, on) / self.minor_units

    def largest(self, measure: Measure, window_days: int | None = None) -> Floats:
        """Largest day of a column; NaN without a tile in the window."""
        start, end = self._start(measure.family, window_days), self._end(measure.family)
        values = self._family(measure).padded(measure.name)
        return np.where(end > start, reduced(np.maximum, values, start, end), np.nan)

    def distinct(self, measure: Measure, window_days: int | None = None) -> Ints:
        """How many different values occurred, of a measure made of bits."""
        start, end = self._start(measure.family, window_days), self._end(measure.family)
        values = self._family(measure).padded(measure.name)
        return np.bitwise_count(reduced(np.bitwise_or, values, start, end)).astype(np.int64)

    def distinct_values(
        self, measure: Measure, window_days: int | None = None, *, again: bool = False
    ) -> Ints:
        """How many different values occurred, of a measure `by` a column; `again`: not at first."""

        def last_of_value(family: Family, cutoffs: Ints) -> npt.NDArray[np.bool_]:
            # A value is counted once: by its last tile before the cutoff.
            found = _in_window(family, cutoffs, window_days) & (family.next_days >= cutoffs)
            return found & family.is_repeated if again else found

        return self._scanned(measure, last_of_value, weigh=False)

    def ahead(self, measure: Measure, days: int | None = None) -> Ints:
        """Sum over [cutoff, cutoff + days) of what was known before the cutoff."""

        def lies_ahead(family: Family, cutoffs: Ints) -> npt.NDArray[np.bool_]:
            known = (family.columns["known_from"] < cutoffs) & (family.days >= cutoffs)
            return known if days is None else known & (family.days < cutoffs + days)

        return self._scanned(measure, lies_ahead, weigh=True)

    def _scattered(self, measure: Measure, window_days: int | None) -> Ints:
        """A sum over a window of tiles that are sorted by a value first."""

        def in_window(family: Family, cutoffs: Ints) -> npt.NDArray[np.bool_]:
            return _in_window(family, cutoffs, window_days)

        return self._scanned(measure, in_window, weigh=True)

    def _scanned(self, measure: Measure, counted: Scan, *, weigh: bool) -> Ints:
        """Per row, how many tiles of a family count, or the sum of a column over them."""
        sums = np.zeros(len(self.codes), dtype=np.int64)
        family = self._family(measure)
        for rows in self._passes:
            found = counted(family, self._cutoff_of_tile(family, rows))
            # Sums of whole numbers in doubles are exact below 2^53.
            weights = family.columns[measure.name][found] if weigh else None
            per_customer = np.bincount(
                family.codes[found], weights=weights, minlength=self.index.customer_count
            )
            sums[rows] = per_customer[self.codes[rows]].astype(np.int64)
        return sums

    # The days on which something happened

    def days_since_first(self, happened: Measure) -> Floats:
        """Days from the first day on which it happened to the cutoff; NaN if never."""
        return self._days_since(happened, self._first_rank(happened))

    def days_since_last(self, happened: Measure) -> Floats:
        """Days from the last day on which it happened to the cutoff; NaN if never."""
        return self._days_since(happened, self._last_rank(happened))

    def first(self, happened: Measure, measure: Measure) -> Floats:
        """A column on the first day on which it happened; NaN if never."""
        return self._column_at(happened, measure, 0, from_end=False)

    def last(self, happened: Measure, measure: Measure, before: int = 0) -> Floats:
        """A column on the last day on which it happened, or on the one so many before it."""
        return self._column_at(happened, measure, before, from_end=True)

    def last_gap(self, happened: Measure) -> Floats:
        """Days between the last two days on which it happened; NaN with fewer than two."""
        series, rank = self._series(happened), self._last_rank(happened)
        several = rank > self._first_rank(happened)
        return np.where(several, np.append(series.gaps, 0)[rank * several], np.nan)

    def squared_gaps(self, happened: Measure) -> Ints:
        """Sum of squared gaps between the days on which it happened."""
        totals = self._series(happened).squared_gap_total
        first = np.maximum(self._first_rank(happened), 0)
        # The gap at the first day belongs to nobody's rhythm and is 0, so it may be counted.
        return totals[np.maximum(self._last_rank(happened) + 1, first)] - totals[first]

    def largest_gap(self, happened: Measure) -> Floats:
        """Longest gap between two days on which it happened; NaN with fewer than two."""
        first, last = self._first_rank(happened), self._last_rank(happened)
        gaps = np.append(self._series(happened).gaps, 0)
        longest = reduced(np.maximum, gaps, first, last + 1)
        return np.where(last > first, longest, np.nan)

    def latest_maximum(self, measure: Measure) -> Ints:
        """Largest value of a column of days so far, 0 if there is none."""
        family, end = self._family(measure), self._end(measure.family)
        is_known = end > self._start(measure.family, None)
        return np.where(is_known, family.latest_maximum(measure.name)[end - 1], 0)

    @property
    def minor_units(self) -> int:
        """Minor units in one unit of the currency: 100 for USD."""
        return int(10 ** minor_unit_digits(self.index.shape.currency))

    # Where a row's tiles are

    def _family(self, measure: Measure) -> Family:
        return self.index.families[measure.family]

    def _series(self, happened: Measure) -> Series:
        return self._family(happened).series(happened.name)

    def _end(self, family: str) -> Ints:
        """First tile of the row's customer at or after the cutoff."""
        return self._position(family, 0)

    def _start(self, family: str, window_days: int | None) -> Ints:
        return self._position(family, window_days)

    def _position(self, family: str, window_days: int | None) -> Ints:
        key = (family, window_days)
        if key not in self._positions:
            keys = self.index.families[family].keys
            first_day = 0 if window_days is None else self.cutoff_days - window_days
            first_day = np.maximum(first_day, 0)
            self._positions[key] = np.searchsorted(keys, (self.codes << DAY_BITS) + first_day)
        return self._positions[key]

    def _first_rank(self, happened: Measure) -> Ints:
        return self._series(happened).rank[self._start(happened.family, None)]

    def _last_rank(self, happened: Measure) -> Ints:
        return self._series(happened).rank[self._end(happened.family)] - 1

    def _days_since(self, happened: Measure, rank: Ints) -> Floats:
        is_known = self._last_rank(happened) >= self._first_rank(happened)
        days = np.append(self._series(happened).days, 0)
        return np.where(is_known, self.cutoff_days - days[rank * is_known], np.nan)

    def _column_at(
        self, happened: Measure, measure: Measure, steps: int, *, from_end: bool
    ) -> Floats:
        first, last = self._first_rank(happened), self._last_rank(happened)
        rank = last - steps if from_end else first + steps
        is_known = (rank >= first) & (rank <= last)
        values = self._family(measure).padded(measure.name)
        tiles = np.append(self._series(happened).tiles, 0)
        return np.where(is_known, values[tiles[rank * is_known]], np.nan)

    # Rows of which each customer has one, for what is asked of all tiles at once

    @cached_property
    def _passes(self) -> list[Ints]:
        order = np.argsort(self.codes, kind="stable")
        codes = self.codes[order]
        is_first = np.diff(codes, prepend=-1) != 0
        place = np.arange(len(codes)) - np.maximum.accumulate(
            np.where(is_first, np.arange(len(codes)), 0)
        )
        return [order[place == number] for number in range(int(place.max(initial=-1)) + 1)]

    def _cutoff_of_tile(self, family: Family, rows: Ints) -> Ints:
        cutoffs = np.full(self.index.customer_count, -NEVER, dtype=np.int64)
        cutoffs[self.codes[rows]] = self.cutoff_days[rows]
        return cutoffs[family.codes]


def _in_window(family: Family, cutoffs: Ints, window_days: int | None) -> npt.NDArray[np.bool_]:
    known = family.days < cutoffs
    return known if window_days is None else known & (family.days >= cutoffs - window_days)


def reduced(merge: np.ufunc, values: Ints, start: Ints, end: Ints) -> Ints:
    """Each slice [start, end) of the values merged into one; 0 where it is empty.

    `values` has one element more than any slice reaches.
    """
    found = np.zeros(len(start), dtype=np.int64)
    filled = np.flatnonzero(end > start)
    if len(filled):
        # reduceat takes [first, last) from interleaved bounds; every second result is ours.
        bounds = np.column_stack([start[filled], end[filled]]).ravel()
        found[filled] = merge.reduceat(values, bounds)[::2]
    return found
