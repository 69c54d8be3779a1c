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
from features.measures import MARKET, ORDER_DAYS
from features.tile_index import DAY_BITS, DayWeight, Family, Series, TileIndex
from features.word_codes import CODES

Flags = npt.NDArray[np.bool_]
Scan = Callable[[Ints], Flags]
"""Which of some tiles count, given the cutoff of each tile's customer."""


class AsOf:
    """What is known of each row's customer strictly before the row's cutoff.

    Every method gives an array of shape (n_rows,), not to be written to: what was computed once is
    kept. What never happened is NaN where it is a day or an amount of some day, 0 where a sum.
    """

    def __init__(self, index: TileIndex, codes: Ints, cutoff_days: Ints) -> None:
        """Rows of (customer code, cutoff as days since 1970); both of shape (n_rows,)."""
        self.index = index
        self.codes = codes
        self.cutoff_days = cutoff_days
        self._keys = codes << DAY_BITS
        self._positions: dict[tuple[str, int | None], Ints] = {}
        self._sums: dict[tuple[str, str, int | None, DayWeight | None], Ints] = {}
        self._ranks: dict[tuple[str, str], tuple[Ints, Ints]] = {}
        self._since: dict[tuple[str, str, bool], Floats] = {}

    def has(self, measure: Measure) -> bool:
        """Whether the business has what the measure is made of."""
        return measure.family in self.index.families

    # Sums and counts over a window

    def total(
        self, measure: Measure, window_days: int | None = None, on: DayWeight | None = None
    ) -> Ints:
        """Sum over [cutoff - window_days, cutoff), or over the whole life; on some days only.

        A measure `by` a column cannot be asked for some days. Raises TypeError.
        """
        key = (measure.family, measure.name, window_days, on)
        if key not in self._sums:
            self._sums[key] = _kept(self._total(measure, window_days, on))
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
        values = self._family(measure).occurrences(measure.name)

        def last_of_value(cutoffs: Ints) -> Flags:
            # A value is counted once: by its last tile before the cutoff.
            found = _in_window(values.days, cutoffs, window_days) & (values.next_days >= cutoffs)
            return found & values.is_repeated if again else found

        return self._scanned(values.codes, last_of_value)

    def ahead(self, measure: Measure, days: int | None = None) -> Ints:
        """Sum over [cutoff, cutoff + days) of what was known before the cutoff."""
        family = self._family(measure)

        def lies_ahead(cutoffs: Ints) -> Flags:
            known = (family.column("happened_day") < cutoffs) & (family.days >= cutoffs)
            return known if days is None else known & (family.days < cutoffs + days)

        return self._scanned(family.codes, lies_ahead, family.column(measure.name))

    def _total(self, measure: Measure, window_days: int | None, on: DayWeight | None) -> Ints:
        family = self._family(measure)
        if measure.by is None:
            totals = family.total(measure.name, on)
            return (
                totals[self._end(measure.family)] - totals[self._start(measure.family, window_days)]
            )
        if on is not None:
            message = f"{measure.name} is kept by {measure.by}: it has no total on some days"
            raise TypeError(message)
        # Sorted by the value first, so a window is no slice.
        return self._scanned(
            family.codes,
            lambda cutoffs: _in_window(family.days, cutoffs, window_days),
            family.column(measure.name),
        )

    def _scanned(self, codes: Ints, counted: Scan, values: Ints | None = None) -> Ints:
        """Per row, how many tiles of its customer count, or the sum of their values."""
        sums = np.zeros(len(self.codes), dtype=np.int64)
        for rows in self._passes:
            found = counted(self._cutoff_of_tile(codes, rows)).nonzero()[0]
            # Sums of whole numbers in doubles are exact below 2^53.
            weights = None if values is None else values[found]
            per_customer = np.bincount(
                codes[found], weights=weights, minlength=self.index.customer_count
            )
            sums[rows] = per_customer[self.codes[rows]]
        return sums

    # The days on which something happened

    def days_since_first(self, happened: Measure) -> Floats:
        """Days from the first day on which it happened to the cutoff; NaN if never."""
        return self._days_since(happened, from_end=False)

    def days_since_last(self, happened: Measure) -> Floats:
        """Days from the last day on which it happened to the cutoff; NaN if never."""
        return self._days_since(happened, from_end=True)

    def first(self, happened: Measure, measure: Measure) -> Floats:
        """A column on the first day on which it happened; NaN if never."""
        return self._column_at(happened, measure, 0, from_end=False)

    def last(self, happened: Measure, measure: Measure, before: int = 0) -> Floats:
        """A column on the last day on which it happened, or on the one so many before it."""
        return self._column_at(happened, measure, before, from_end=True)

    def last_word(self, words: Measure) -> Floats:
        """The code of the last word of a measure of words; NaN if there was none."""
        # The minute before the code has done its work; both fit in a double.
        return np.mod(self.last(words, words), CODES)

    def usual_word(self, words: Measure) -> Floats:
        """The code of the word on the most days, of a measure of words `by` their column.

        Of several the one that came last; NaN if there was none.
        """
        family = self._family(words)
        values, groups = family.column(words.name), family.column("value")
        usual = np.full(len(self.codes), np.nan)
        for rows in self._passes:
            known = family.days < self._cutoff_of_tile(family.codes, rows)
            found = (known & (values > 0)).nonzero()[0]
            customers, words_found = family.codes[found], groups[found]
            # Tiles are sorted by customer, word and day, so each pair's last one tells its day.
            is_last = np.ones(len(found), dtype=bool)
            is_last[:-1] = (np.diff(customers) != 0) | (np.diff(words_found) != 0)
            last = is_last.nonzero()[0]
            days_count = np.diff(last, prepend=-1)
            tiles = found[last]
            order = np.lexsort((values[tiles], family.days[tiles], days_count))
            per_customer = np.full(self.index.customer_count, np.nan)
            # Of several values for one place the last is kept, which is the most usual word.
            per_customer[customers[last][order]] = (values[tiles] % CODES)[order]
            usual[rows] = per_customer[self.codes[rows]]
        return usual

    def last_gap(self, happened: Measure) -> Floats:
        """Days between the last two days on which it happened; NaN with fewer than two."""
        first, last = self._first_and_last(happened)
        several = last > first
        return np.where(several, self._series(happened).gaps[last * several], np.nan)

    def squared_gaps(self, happened: Measure) -> Ints:
        """Sum of squared gaps between the days on which it happened."""
        totals = self._series(happened).squared_gap_total
        first, last = self._first_and_last(happened)
        # The gap at the first day belongs to nobody's rhythm and is 0, so it may be counted.
        return totals[last + 1] - totals[first]

    def largest_gap(self, happened: Measure) -> Floats:
        """Longest gap between two days on which it happened; NaN with fewer than two."""
        first, last = self._first_and_last(happened)
        longest = reduced(np.maximum, self._series(happened).gaps, first, last + 1)
        return np.where(last > first, longest, np.nan)

    def latest_maximum(self, measure: Measure) -> Ints:
        """Largest value of a column of days so far, 0 if there is none."""
        family, end = self._family(measure), self._end(measure.family)
        is_known = end > self._start(measure.family, None)
        return np.where(is_known, family.latest_maximum(measure.name)[end - 1], 0)

    @cached_property
    def minor_units(self) -> int:
        """Minor units in one unit of the currency: 100 for USD."""
        return int(10 ** minor_unit_digits(self.index.shape.currency))

    @cached_property
    def market_numbers(self) -> Ints:
        """The market of the last order, as its place in the settings; the first without one."""
        return np.nan_to_num(self.last(ORDER_DAYS, MARKET)).astype(np.int64)

    # Where a row's tiles are

    def _family(self, measure: Measure) -> Family:
        return self.index.families[measure.family]

    def _series(self, happened: Measure) -> Series:
        return self.index.families[happened.family].series(happened.name)

    def _end(self, family: str) -> Ints:
        """First tile of the row's customer at or after the cutoff."""
        return self._start(family, 0)

    def _start(self, family: str, window_days: int | None) -> Ints:
        """First tile of the row's customer in the window, or of her life."""
        key = (family, window_days)
        if key not in self._positions:
            wanted = self._keys
            if window_days is not None:
                # Nobody has tiles before 1970, and a longer window must not reach another customer.
                wanted = wanted + np.maximum(self.cutoff_days - window_days, 0)
            self._positions[key] = self.index.families[family].keys.searchsorted(wanted)
        return self._positions[key]

    def _first_and_last(self, happened: Measure) -> tuple[Ints, Ints]:
        """Places of the first and last day among all such days; last < first if there is none."""
        key = (happened.family, happened.name)
        if key not in self._ranks:
            rank = self._series(happened).rank
            first = rank[self._start(happened.family, None)]
            self._ranks[key] = first, rank[self._end(happened.family)] - 1
        return self._ranks[key]

    def _days_since(self, happened: Measure, *, from_end: bool) -> Floats:
        key = (happened.family, happened.name, from_end)
        if key not in self._since:
            first, last = self._first_and_last(happened)
            days = self._series(happened).days[last if from_end else first]
            self._since[key] = _kept(np.where(last >= first, self.cutoff_days - days, np.nan))
        return self._since[key]

    def _column_at(
        self, happened: Measure, measure: Measure, steps: int, *, from_end: bool
    ) -> Floats:
        if happened.family != measure.family:
            message = f"{measure.name} and {happened.name} are not columns of the same tiles"
            raise TypeError(message)
        first, last = self._first_and_last(happened)
        rank = last - steps if from_end else first + steps
        is_known = (rank >= first) & (rank <= last)
        values = self._family(measure).padded(measure.name)
        tiles = self._series(happened).tiles
        return np.where(is_known, values[tiles[rank * is_known]], np.nan)

    # Rows of which each customer has one, for what is asked of all tiles at once

    @cached_property
    def _passes(self) -> list[Ints]:
        if len(self.codes) == 1:
            return [np.zeros(1, dtype=np.int64)]
        order = np.argsort(self.codes, kind="stable")
        codes = self.codes[order]
        is_first = np.diff(codes, prepend=-1) != 0
        place = np.arange(len(codes)) - np.maximum.accumulate(
            np.where(is_first, np.arange(len(codes)), 0)
        )
        return [order[place == number] for number in range(int(place.max(initial=-1)) + 1)]

    def _cutoff_of_tile(self, codes: Ints, rows: Ints) -> Ints:
        cutoffs = np.full(self.index.customer_count, -NEVER, dtype=np.int64)
        cutoffs[self.codes[rows]] = self.cutoff_days[rows]
        return cutoffs[codes]


def _in_window(days: Ints, cutoffs: Ints, window_days: int | None) -> Flags:
    known = days < cutoffs
    return known if window_days is None else known & (days >= cutoffs - window_days)


def _kept(values: np.ndarray) -> np.ndarray:
    """The values, which several features share, safe from being written to."""
    values.setflags(write=False)
    return values


def reduced(merge: np.ufunc, values: Ints, start: Ints, end: Ints) -> Ints:
    """Each slice [start, end) of the values merged into one; 0 where it is empty.

    `values` has one element more than any slice reaches.
    """
    found = np.zeros(len(start), dtype=np.int64)
    filled = (end > start).nonzero()[0]
    if len(filled):
        # reduceat takes [first, last) from interleaved bounds; every second result is ours.
        bounds = np.column_stack([start[filled], end[filled]]).ravel()
        found[filled] = merge.reduceat(values, bounds)[::2]
    return found
