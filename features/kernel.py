"""The one kernel: what is known of customers as of cutoffs, from sorted day tiles.

Tiles are sorted by customer and day, so everything before a cutoff is one slice per customer.
Running totals of 64-bit integers make any window the difference of two of them: exact, and the
same to the last bit for one customer and for a panel of millions.
"""

from collections.abc import Sequence
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.histories import EPOCH, Histories
from features.markets import minor_unit_digits
from features.tiles import MARKET, ORDER_DAYS, ORDER_VALUE, PAID_UNTIL, TileColumn

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Days fit in 20 bits until the year 4840, so (customer, day) is one sortable integer.
_DAY_BITS = 20


class TileIndex:
    """Tiles as arrays, with the running totals that every cutoff shares."""

    def __init__(self, histories: Histories) -> None:
        """Index these histories once; any number of cutoffs can then be asked."""
        self.histories = histories
        self.days: Ints = histories.days()
        self.customer_ids = histories.customer_ids
        ids = histories.tiles["customer_id"].combine_chunks().dictionary_encode()
        self.codes: Ints = ids.indices.to_numpy().astype(np.int64)
        self.keys: Ints = (self.codes << _DAY_BITS) + self.days
        self._totals: dict[str, Ints] = {}

    def total(self, column: TileColumn) -> Ints:
        """Running total of a tile column, shape (n_tiles + 1,), starting with 0."""
        if column.name not in self._totals:
            self._totals[column.name] = _running(self.histories.column(column.name))
        return self._totals[column.name]

    @cached_property
    def weekend_total(self) -> Ints:
        """Running total of order days on a Saturday or Sunday."""
        # 1970-01-01 was a Thursday: 0 = Monday after adding 3.
        weekend = (self.days + 3) % 7 >= 5
        return _running(self.histories.column(ORDER_DAYS.name) * weekend)

    @cached_property
    def order_tiles(self) -> Ints:
        """Positions of the tiles with an order; the k-th one has rank k."""
        return np.flatnonzero(self.histories.column(ORDER_DAYS.name))

    @cached_property
    def order_days(self) -> Ints:
        """Day of each order tile."""
        return self.days[self.order_tiles]

    @cached_property
    def order_values(self) -> Ints:
        """Money ordered on each order tile, minor units."""
        return self.histories.column(ORDER_VALUE.name)[self.order_tiles]

    @cached_property
    def gaps(self) -> Ints:
        """Days since the same customer's order day before; 0 at her first."""
        codes = self.codes[self.order_tiles]
        gaps = np.diff(self.order_days, prepend=0)
        gaps[np.diff(codes, prepend=-1) != 0] = 0
        return gaps

    @cached_property
    def paid_until(self) -> Ints:
        """Latest day paid for by each tile and its customer's earlier ones."""
        values = self.histories.column(PAID_UNTIL.name)
        # Codes only grow, so one running maximum over (customer, day) restarts by itself.
        return np.maximum.accumulate((self.codes << _DAY_BITS) + values) & ((1 << _DAY_BITS) - 1)

    @cached_property
    def squared_gap_total(self) -> Ints:
        """Running total of squared gaps."""
        return _running(self.gaps**2)


class AsOf:
    """What is known of each row's customer strictly before the row's cutoff.

    A row is a customer who ordered at least once before the cutoff. Every method gives an array of
    shape (n_rows,).
    """

    def __init__(self, index: TileIndex, codes: Ints, cutoff_days: Ints) -> None:
        """Rows of (customer code, cutoff as days since 1970); both of shape (n_rows,)."""
        self._index = index
        self.codes = codes
        self.cutoff_days = cutoff_days
        self._start = np.searchsorted(index.keys, codes << _DAY_BITS)
        self._end = self._position(cutoff_days)
        ordered = index.total(ORDER_DAYS)
        self._first_rank: Ints = ordered[self._start]
        self._last_rank: Ints = ordered[self._end] - 1

    @classmethod
    def cutoffs(cls, index: TileIndex, cutoffs: Sequence[date]) -> "AsOf":
        """Every customer at every cutoff by which she had ordered; cutoff by cutoff."""
        n_customers = len(index.customer_ids)
        first_days = index.order_days[_first_of_each(index.codes[index.order_tiles])]
        first = np.full(n_customers, np.iinfo(np.int64).max)
        first[np.unique(index.codes[index.order_tiles])] = first_days
        codes, days = [], []
        for cutoff in cutoffs:
            day = (cutoff - EPOCH).days
            seen = np.flatnonzero(first < day)
            codes.append(seen)
            days.append(np.full(len(seen), day, dtype=np.int64))
        return cls(index, _joined(codes), _joined(days))

    def _position(self, days: Ints) -> Ints:
        """First tile of the row's customer on or after this day."""
        return np.searchsorted(self._index.keys, (self.codes << _DAY_BITS) + days)

    def _window(self, window_days: int | None) -> Ints:
        if window_days is None:
            return self._start
        return self._position(self.cutoff_days - window_days)

    def total(self, column: TileColumn, window_days: int | None = None) -> Ints:
        """Sum over [cutoff - window_days, cutoff), or over the whole life."""
        totals = self._index.total(column)
        return totals[self._end] - totals[self._window(window_days)]

    def money(self, column: TileColumn, window_days: int | None = None) -> Floats:
        """The same sum of a column in minor units, in whole units of the currency."""
        return self.total(column, window_days) / self.minor_units

    @property
    def minor_units(self) -> int:
        """Minor units in one unit of the currency: 100 for USD."""
        return int(10 ** minor_unit_digits(self._index.histories.currency))

    def weekend_order_days(self) -> Ints:
        """Order days on a Saturday or Sunday."""
        totals = self._index.weekend_total
        return totals[self._end] - totals[self._start]

    def first_order_day(self) -> Ints:
        """Day of the first order, as days since 1970."""
        return self._index.order_days[self._first_rank]

    def last_order_day(self) -> Ints:
        """Day of the last order, as days since 1970."""
        return self._index.order_days[self._last_rank]

    def first_order_value(self) -> Floats:
        """Money of the first order day."""
        return self._index.order_values[self._first_rank] / self.minor_units

    def last_order_value(self) -> Floats:
        """Money of the last order day."""
        return self._index.order_values[self._last_rank] / self.minor_units

    def largest_order_value(self) -> Floats:
        """Money of the largest order day."""
        # reduceat takes [first, last] of each row from interleaved bounds; every second is ours.
        bounds = np.column_stack([self._first_rank, self._last_rank + 1]).ravel()
        values = np.append(self._index.order_values, np.iinfo(np.int64).min)
        return np.maximum.reduceat(values, bounds)[::2] / self.minor_units

    def last_gap(self) -> Ints:
        """Days between the last two order days; 0 if there is only one."""
        return self._index.gaps[self._last_rank]

    def squared_gaps(self) -> Ints:
        """Sum of squared gaps between order days."""
        totals = self._index.squared_gap_total
        # The gap at the first order day is 0, so it may be counted.
        return totals[self._last_rank + 1] - totals[self._first_rank]

    def paid_until_day(self) -> Ints:
        """Day until which payments made before the cutoff reach, as days since 1970."""
        return self._index.paid_until[self._end - 1]

    def market_numbers(self) -> Ints:
        """The market of the last order, as its place in the settings."""
        tiles = self._index.order_tiles[self._last_rank]
        return self._index.histories.column(MARKET.name)[tiles]


def _running(values: Ints) -> Ints:
    totals = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=totals[1:])
    return totals


def _first_of_each(sorted_codes: Ints) -> Ints:
    return np.flatnonzero(np.diff(sorted_codes, prepend=-1))


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
