"""Tiles as arrays: what every cutoff shares, made once and only as far as it is asked for.

Tiles are sorted by customer and day, so everything before a cutoff is one slice per customer.
Running totals of 64-bit integers make any window the difference of two of them: exact, and the
same to the last bit for one customer and for a panel of millions.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import NEVER
from features.declarations import Ints, Measure

if TYPE_CHECKING:
    from features.histories import Histories
    from features.shape import Shape

DAY_BITS = 20
"""Days fit in 20 bits until the year 4840, so (customer, day) is one sortable integer."""

LAST_DAY = (1 << DAY_BITS) - 1

_MERGES = {"sum": np.add, "max": np.maximum, "or": np.bitwise_or}


@dataclass(frozen=True, slots=True)
class DayWeight:
    """A weight for every day of the calendar, such as 1 for weekends and 0 for other days.

    `of` takes days since 1970 and gives whole numbers or flags, of the same shape.
    """

    name: str
    of: Callable[[Ints], Ints | npt.NDArray[np.bool_]]


class Series:
    """The tiles on which something happened, in the order of all tiles.

    `rank` counts them: the k-th one comes after `rank[tile] == k` others. `tiles`, `days` and
    `gaps` have one 0 more than there are such tiles, so that a place may lie after the last.
    """

    def __init__(self, family: "Family", happened: npt.NDArray[np.bool_]) -> None:
        """The tiles of the family for which the flag is set."""
        self._codes = family.codes
        found = happened.nonzero()[0]
        self.rank = running(happened)
        self.tiles = _padded(found)
        self.days = _padded(family.days[found])

    @cached_property
    def gaps(self) -> Ints:
        """Days since the same customer's one before, 0 at her first."""
        gaps = np.diff(self.days, prepend=0)
        codes = self._codes[self.tiles[:-1]]
        gaps[:-1][np.diff(codes, prepend=-1) != 0] = 0
        gaps[-1] = 0
        return gaps

    @cached_property
    def squared_gap_total(self) -> Ints:
        """Running total of the squared gaps, starting with 0."""
        return running(self.gaps[:-1] ** 2)


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The tiles of a family `by` a value on which the value occurred, value by value.

    `is_repeated` says that it had occurred to the customer before, `next_days` when it does again.
    """

    codes: Ints
    days: Ints
    is_repeated: npt.NDArray[np.bool_]
    next_days: Ints


class Family:
    """The tiles of one family, as they are known today, with their running totals."""

    def __init__(self, raw: Mapping[str, Ints], measures: Mapping[str, Measure]) -> None:
        """`raw` has code, day, known_from, known_to, one column per measure, perhaps value.

        Tiles `at` another day also have happened_day, the day of their events.
        """
        self.raw = raw
        self.measures = measures
        self.lies_ahead = any(measure.at for measure in measures.values())
        self._columns: dict[str, Ints] = {}
        self._totals: dict[tuple[str, DayWeight | None], Ints] = {}
        self._series: dict[str, Series] = {}
        self._padded: dict[str, Ints] = {}
        self._occurrences: dict[str, Occurrences] = {}

    @cached_property
    def late(self) -> Ints:
        """Tiles, by position in `raw`, that were not known on their day or no longer hold."""
        happened = self.raw["happened_day" if self.lies_ahead else "day"]
        is_late = (self.raw["known_from"] > happened) | (self.raw["known_to"] != NEVER)
        return is_late.nonzero()[0]

    def column(self, name: str) -> Ints:
        """A column of the tiles that hold today, those of one customer, value and day merged."""
        if name not in self._columns:
            values = self._held(name)
            if self._starts is not None:
                merge = self.measures[name].merge if name in self.measures else "max"
                values = _MERGES[merge].reduceat(values, self._starts)
            self._columns[name] = values
        return self._columns[name]

    @property
    def codes(self) -> Ints:
        """The customer of each tile."""
        return self.column("code")

    @property
    def days(self) -> Ints:
        """The day of each tile."""
        return self.column("day")

    @cached_property
    def keys(self) -> Ints:
        """Customer and day of each tile as one number, sorted where there is no value."""
        return (self.codes << DAY_BITS) + self.days

    def total(self, name: str, on: DayWeight | None = None) -> Ints:
        """Running total of a column, shape (n_tiles + 1,), starting with 0."""
        key = (name, on)
        if key not in self._totals:
            values = self.column(name)
            self._totals[key] = running(values if on is None else values * on.of(self.days))
        return self._totals[key]

    def series(self, name: str) -> Series:
        """The tiles on which this column is above 0."""
        if name not in self._series:
            self._series[name] = Series(self, self.column(name) > 0)
        return self._series[name]

    def occurrences(self, name: str) -> Occurrences:
        """The tiles on which this column is above 0, of a family that is sorted by a value."""
        if name not in self._occurrences:
            found = (self.column(name) > 0).nonzero()[0]
            codes, days, values = (self.column(key)[found] for key in ("code", "day", "value"))
            is_repeated = np.zeros(len(found), dtype=bool)
            is_repeated[1:] = (codes[1:] == codes[:-1]) & (values[1:] == values[:-1])
            next_days = np.full(len(found), NEVER, dtype=np.int64)
            again = is_repeated.nonzero()[0]
            next_days[again - 1] = days[again]
            self._occurrences[name] = Occurrences(codes, days, is_repeated, next_days)
        return self._occurrences[name]

    def padded(self, name: str) -> Ints:
        """A column with one 0 more, so that a slice may end after the last tile."""
        if name not in self._padded:
            self._padded[name] = _padded(self.column(name))
        return self._padded[name]

    def latest_maximum(self, name: str) -> Ints:
        """Largest day (from 1970 to 4840) so far of each tile's customer, shape (n_tiles,)."""
        # Codes only grow, so one running maximum over (customer, value) restarts by itself.
        values = (self.codes << DAY_BITS) + self.column(name).clip(0, LAST_DAY)
        return np.maximum.accumulate(values) & LAST_DAY

    def _held(self, name: str) -> Ints:
        return self.raw[name] if self._holds is None else self.raw[name][self._holds]

    @cached_property
    def _holds(self) -> npt.NDArray[np.bool_] | None:
        """Which raw tiles hold today; None if all do."""
        return self.raw["known_to"] == NEVER if len(self.late) else None

    @cached_property
    def _starts(self) -> Ints | None:
        """The first of the tiles of each customer, value and day; None if all stand alone."""
        if self.lies_ahead:
            return None  # stays apart by when it was known
        codes, days = self._held("code"), self._held("day")
        differs = (days[1:] != days[:-1]) | (codes[1:] != codes[:-1])
        if "value" in self.raw:
            values = self._held("value")
            differs |= values[1:] != values[:-1]
        if differs.all():
            return None
        return np.concatenate([[0], differs.nonzero()[0] + 1])


class TileIndex:
    """The tiles of every family of some histories; any number of cutoffs can then be asked."""

    def __init__(
        self, shape: "Shape", customer_ids: pa.Array, families: Mapping[str, Family]
    ) -> None:
        """`customer_ids` gives each code its id; use `of` to index histories."""
        self.shape = shape
        self.customer_ids = customer_ids
        self.families = families

    @classmethod
    def of(cls, histories: "Histories") -> Self:
        """The index of these histories; made once, it serves any number of cutoffs."""
        ids = histories.customer_ids
        families = {
            name: Family(TileArrays(tiles, ids, measures), measures)
            for name, (tiles, measures) in histories.by_family().items()
        }
        return cls(histories.shape, ids, families)

    @property
    def customer_count(self) -> int:
        """How many customers have a history."""
        return len(self.customer_ids)


class TileArrays(Mapping[str, Ints]):
    """The columns of tiles as arrays, each made when it is first asked for."""

    def __init__(
        self, tiles: pa.Table, customer_ids: pa.Array, measures: Mapping[str, Measure]
    ) -> None:
        """`customer_ids` are all there are, sorted."""
        self._tiles = tiles
        self._customer_ids = customer_ids
        first = next(iter(measures.values()))
        self._by = first.by
        self._names = ("code", "day", "known_from", "known_to", *measures)
        self._names += ("value",) if first.by else ()
        self._names += ("happened_day",) if first.at else ()
        self._made: dict[str, Ints] = {}

    def __getitem__(self, name: str) -> Ints:
        if name not in self._made:
            self._made[name] = self._array(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def _array(self, name: str) -> Ints:
        if name == "code":
            return _codes(self._tiles["customer_id"], self._customer_ids)
        if name == "value":
            return integers(self._tiles[self._by].combine_chunks().dictionary_encode().indices)
        return integers(self._tiles[name])


def running(values: np.ndarray) -> Ints:
    """Running total that starts with 0, shape (n + 1,)."""
    totals = np.zeros(len(values) + 1, dtype=np.int64)
    np.add.accumulate(values, out=totals[1:], dtype=np.int64)
    return totals


def integers(column: pa.Array | pa.ChunkedArray) -> Ints:
    """A column of whole numbers or days as 64-bit integers, without a copy if it is such already.

    Raises ValueError if a value is missing, which no tile may lack.
    """
    values = column.to_numpy(zero_copy_only=False)
    is_day = values.dtype.kind == "M"
    if values.dtype.kind == "f" or (is_day and column.null_count):
        message = "a tile lacks a value"
        raise ValueError(message)
    # Days come as datetime64, which is a 64-bit integer under another name.
    return values.view(np.int64) if is_day else values.astype(np.int64, copy=False)


def _codes(ids: pa.ChunkedArray, customer_ids: pa.Array) -> Ints:
    """The place of each id among all customers; ids are sorted, so each run is one customer."""
    if len(customer_ids) <= 1:
        return np.zeros(len(ids), dtype=np.int64)
    encoded = ids.combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    places = pc.index_in(encoded.dictionary, value_set=customer_ids)
    return integers(places)[integers(encoded.indices)]


def _padded(values: Ints) -> Ints:
    """The values and one 0 more."""
    padded = np.zeros(len(values) + 1, dtype=np.int64)
    padded[:-1] = values
    return padded
