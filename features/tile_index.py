"""Tiles as arrays: what every cutoff shares, made once.

Tiles are sorted by customer and day, so everything before a cutoff is one slice per customer.
Running totals of 64-bit integers make any window the difference of two of them: exact, and the
same to the last bit for one customer and for a panel of millions.
"""

from collections.abc import Callable, Mapping
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

_MERGES = {"sum": np.add, "max": np.maximum, "or": np.bitwise_or}


@dataclass(frozen=True, slots=True)
class DayWeight:
    """A weight for every day of the calendar, such as 1 for weekends and 0 for other days.

    `of` takes days since 1970 and gives whole numbers or flags, of the same shape.
    """

    name: str
    of: Callable[[Ints], Ints | npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Series:
    """The tiles on which something happened, in the order of all tiles.

    `rank` counts them: the k-th one comes after `rank[tile] == k` others. `gaps` are the days since
    the same customer's one before, 0 at her first.
    """

    tiles: Ints
    days: Ints
    rank: Ints
    gaps: Ints
    squared_gap_total: Ints


class Family:
    """The tiles of one family, as they are known today, with their running totals.

    `late` are the tiles, by position in `raw`, that were not known on their day or no longer hold.
    """

    def __init__(self, raw: Mapping[str, Ints], measures: Mapping[str, Measure]) -> None:
        """`raw` has code, day, known_from, known_to, one column per measure, perhaps value."""
        self.raw = raw
        self.measures = measures
        is_late = (raw["known_from"] > raw["day"]) | (raw["known_to"] < NEVER)
        self.late: Ints = np.flatnonzero(is_late)
        self.columns = _merged(raw, measures)
        self.codes, self.days = self.columns["code"], self.columns["day"]
        self.keys: Ints = (self.codes << DAY_BITS) + self.days
        self._totals: dict[tuple[str, str], Ints] = {}
        self._series: dict[str, Series] = {}
        self._padded: dict[str, Ints] = {}

    def total(self, name: str, on: DayWeight | None = None) -> Ints:
        """Running total of a column, shape (n_tiles + 1,), starting with 0."""
        key = (name, on.name if on else "")
        if key not in self._totals:
            values = self.columns[name]
            self._totals[key] = running(values if on is None else values * on.of(self.days))
        return self._totals[key]

    def series(self, name: str) -> Series:
        """The tiles on which this column is above 0."""
        if name not in self._series:
            happened = self.columns[name] > 0
            tiles = np.flatnonzero(happened)
            gaps = np.diff(self.days[tiles], prepend=0)
            gaps[np.diff(self.codes[tiles], prepend=-1) != 0] = 0
            self._series[name] = Series(
                tiles, self.days[tiles], running(happened), gaps, running(gaps**2)
            )
        return self._series[name]

    def padded(self, name: str) -> Ints:
        """A column with one 0 more, so that a slice may end after the last tile."""
        if name not in self._padded:
            self._padded[name] = np.append(self.columns[name], 0)
        return self._padded[name]

    def latest_maximum(self, name: str) -> Ints:
        """Largest value (of 0 to 2^20) so far of each tile's customer, shape (n_tiles,)."""
        # Codes only grow, so one running maximum over (customer, value) restarts by itself.
        values = (self.codes << DAY_BITS) + self.columns[name]
        return np.maximum.accumulate(values) & ((1 << DAY_BITS) - 1)

    @cached_property
    def is_repeated(self) -> npt.NDArray[np.bool_]:
        """Whether the same customer had the same value on an earlier day."""
        repeated = np.zeros(len(self.days), dtype=bool)
        values = self.columns["value"]
        repeated[1:] = (self.codes[1:] == self.codes[:-1]) & (values[1:] == values[:-1])
        return repeated

    @cached_property
    def next_days(self) -> Ints:
        """Day of the next tile of the same customer and value, or never."""
        days = np.full(len(self.days), NEVER, dtype=np.int64)
        repeated = np.flatnonzero(self.is_repeated)
        days[repeated - 1] = self.days[repeated]
        return days


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
            name: Family(_arrays(tiles, ids, measures), measures)
            for name, (tiles, measures) in histories.by_family().items()
        }
        return cls(histories.shape, ids, families)

    @property
    def customer_count(self) -> int:
        """How many customers have a history."""
        return len(self.customer_ids)


def running(values: np.ndarray) -> Ints:
    """Running total that starts with 0, shape (n + 1,)."""
    totals = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=totals[1:])
    return totals


def _arrays(
    tiles: pa.Table, customer_ids: pa.Array, measures: Mapping[str, Measure]
) -> dict[str, Ints]:
    columns = {name: _integers(tiles[name]) for name in measures}
    columns["code"] = _codes(tiles["customer_id"], customer_ids)
    for name in ("day", "known_from", "known_to"):
        columns[name] = _integers(tiles[name].cast(pa.int32()))
    by = next((measure.by for measure in measures.values() if measure.by), None)
    if by is not None:
        columns["value"] = _integers(tiles[by].combine_chunks().dictionary_encode().indices)
    return columns


def _codes(ids: pa.ChunkedArray, customer_ids: pa.Array) -> Ints:
    """The place of each id among all customers; ids are sorted, so each run is one customer."""
    if len(ids) == 0:
        return np.empty(0, dtype=np.int64)
    encoded = ids.combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    places = pc.index_in(encoded.dictionary, value_set=customer_ids)
    return _integers(places)[_integers(encoded.indices)]


def _integers(column: pa.Array | pa.ChunkedArray) -> Ints:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)


def _merged(raw: Mapping[str, Ints], measures: Mapping[str, Measure]) -> dict[str, Ints]:
    """The tiles that hold today, those of one customer, value and day merged into one."""
    columns = dict(raw)
    if (raw["known_to"] < NEVER).any():
        holds = raw["known_to"] == NEVER
        columns = {name: values[holds] for name, values in columns.items()}
    names: list[str] = [name for name in ("code", "value", "day") if name in columns]
    if any(measure.at for measure in measures.values()):
        return columns  # lies ahead of its events, so it stays apart by when it was known
    starts = np.zeros(len(columns["code"]), dtype=bool)
    starts[:1] = True
    for name in names:
        starts[1:] |= columns[name][1:] != columns[name][:-1]
    if starts.all():
        return columns
    first = np.flatnonzero(starts)
    merged = {name: columns[name][first] for name in names}
    for name, measure in measures.items():
        merged[name] = _MERGES[measure.merge].reduceat(columns[name], first)
    return merged
