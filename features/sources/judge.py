"""The judgement of rows: accepted, set aside as a duplicate, or refused with a reason.

A row is judged first and compared with other rows only if it is good, so a bad row is told as bad
each time it stands in the file. Rows left out as the future are in no count but their own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeAlias

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.market_settings import Market
from features.markets import time_zone
from features.quality import NO_CUSTOMER_ID, Reading
from features.schema import ORDERS
from features.settings import OrdersSource
from features.sources import values
from features.sources.chunks import Chunk, Refusal, RowSource, refused_table
from features.sources.clock import DAY_US, MINUTE_US, Moments, moments
from features.sources.columns import Places
from features.sources.money import amount_minor, is_rounded
from features.sources.reasons import Explainer

_EPOCH = date(1970, 1, 1)
_KEYS = ("key_0", "key_1")

_Array: TypeAlias = pa.Array | pa.ChunkedArray
_Ints: TypeAlias = npt.NDArray[np.int64]
_Flags: TypeAlias = npt.NDArray[np.bool_]


class Business(Protocol):
    """What reading needs to know about a business; Settings is one."""

    @property
    def markets(self) -> Mapping[str, Market]:
        """Clock and currency of each market."""

    @property
    def default_market(self) -> str:
        """The market of rows that name none."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days that bound a reading."""

    today: date
    before: date | None


class Judge:
    """The rows of one file judged so far."""

    def __init__(
        self, source: OrdersSource, business: Business, file: RowSource, places: Places, days: Days
    ) -> None:
        """Make the statement that reads this file."""
        self._source, self._file, self._places, self._days = source, file, places, days
        first = business.default_market  # position 0 is the market of rows that name none
        self._markets = [first, *(name for name in business.markets if name != first)]
        self._zones = [time_zone(business.markets[name].time_zone) for name in self._markets]
        currencies = {name: business.markets[name].currency for name in self._markets}
        self._currency = currencies[first]
        self._reader = values.reader(source, places, file.kinds, currencies)
        self._explainer = Explainer(source, self._currency, tuple(self._markets))
        self._connection = duckdb.connect(
            config={
                "enable_external_access": False,
                "autoload_known_extensions": False,
                "threads": 1,
            }
        )
        self._accepted: list[pa.Table] = []
        self._refused: list[Refusal] = []
        self._later_count = 0
        self._read_count = 0
        self._counts: Counter[str] = Counter()

    def take(self, chunk: Chunk) -> None:
        """Judge the rows of a chunk."""
        rows = self._reader.read(self._connection, chunk.table)
        fault = _ints(rows["fault"], -1)
        is_dated = ~rows["written_us"].is_null().to_numpy(zero_copy_only=False)
        when = self._moments(rows, is_dated)
        later = is_dated & (when.local_day >= _day_number(self._days.before))
        amount = amount_minor(rows["factor_0"], rows["factor_1"], self._currency)
        is_future = (fault < 0) & (when.local_day > _day_number(self._days.today))
        is_huge = (fault < 0) & amount.is_null().to_numpy(zero_copy_only=False)
        good = ~later & (fault < 0) & ~is_future & ~is_huge
        codes = self._codes(fault, is_future, is_huge)
        bad = np.flatnonzero(~later & ~good)
        self._refused += self._refusals(chunk, bad, codes)
        self._accepted.append(self._orders(rows, when, amount).filter(pa.array(good)))
        self._later_count += int(later.sum())
        self._read_count += int((~later).sum()) + len(chunk.refused)
        self._count(rows, when, good)

    def _moments(self, rows: pa.Table, is_dated: _Flags) -> Moments:
        written = np.where(is_dated, _ints(rows["written_us"], 0), 0)
        # Python's calendar ends at year 9999; such dates are refused as they are.
        written = np.where((written > _us(1900)) & (written < _us(2200)), written, 0)
        is_zoned = _flags(rows["is_zoned"])
        market_at = _ints(rows["market_at"], 0)
        if len(self._zones) == 1:
            return self._with_written(moments(written, is_zoned, self._zones[0]), rows)
        utc, local = np.zeros_like(written), np.zeros_like(written)
        skipped, repeated = np.zeros_like(is_zoned), np.zeros_like(is_zoned)
        for at, zone in enumerate(self._zones):
            own = market_at == at
            part = moments(written[own], is_zoned[own], zone)
            utc[own], local[own] = part.utc_us, part.local_us
            skipped[own], repeated[own] = part.skipped, part.repeated
        return self._with_written(Moments(utc, local, skipped, repeated), rows)

    @staticmethod
    def _with_written(when: Moments, rows: pa.Table) -> Moments:
        """The same, with implausible dates on the day that was written."""
        written = _ints(rows["written_us"], 0)
        odd = (written <= _us(1900)) | (written >= _us(2200))
        if not odd.any():
            return when
        local = np.where(odd, written, when.local_us)
        return Moments(when.utc_us, local, when.skipped, when.repeated)

    def _codes(self, fault: _Ints, is_future: _Flags, is_huge: _Flags) -> _Ints:
        """Number of the rule broken; two rules that SQL does not judge follow the others."""
        last = len(self._reader.checks)
        return np.where(is_future, last, np.where(is_huge, last + 1, fault))

    def _refusals(self, chunk: Chunk, bad: npt.NDArray[np.intp], codes: _Ints) -> list[Refusal]:
        """The bad rows of a chunk, those that could not be split among them, in order."""
        checks = [
            *self._reader.checks,
            values.Check("", "future", self._places.timestamp),
            values.Check("", "out_of_range", self._places.amount[0]),
        ]
        taken = chunk.table.take(pa.array(bad))
        contents = chunk.content([int(at) for at in bad])
        numbers = taken["row"].to_pylist()
        broken = [checks[int(code)] for code in codes[bad]]
        texts = {
            at: taken[f"c{at}"].to_pylist()
            for at in {check.column for check in broken if check.code != NO_CUSTOMER_ID}
        }
        refused = [refusal._replace(file=chunk.file) for refusal in chunk.refused]
        for n, (row, check) in enumerate(zip(numbers, broken, strict=True)):
            value = "" if check.code == NO_CUSTOMER_ID else (texts[check.column][n] or "").strip()
            reason = self._explainer.reason(check.code, value)
            name = self._file.names[check.column]
            refused.append(Refusal(row, name, check.code, reason, contents[n], chunk.file))
        return sorted(refused, key=lambda refusal: refusal.row)

    def _orders(self, rows: pa.Table, when: Moments, amount: _Array) -> pa.Table:
        names = pa.array(self._markets, pa.string())
        market_at = pa.array(_ints(rows["market_at"], 0))
        days = np.where(np.abs(when.local_day) < 2**31, when.local_day, 0)
        columns = {
            "customer_id": rows["customer_id"],
            "occurred_at": pa.array(when.utc_us).cast(pa.timestamp("us", tz="UTC")),
            "day": pa.array(days.astype(np.int32)).cast(pa.date32()),
            "minute": pa.array(when.local_us % DAY_US // MINUTE_US).cast(pa.int16()),
            "kind": pc.if_else(pc.less(amount, 0), "refund", "order"),
            "amount_minor": amount,
            "market": names.take(market_at),
            "order_id": rows["order_id"],
            "product": rows["product"],
            "quantity": rows["quantity"],
            "paid_until_day": rows["paid_until_day"],
        }
        keys = {name: rows[name] for name in _KEYS}
        return pa.table(columns | keys)

    def _count(self, rows: pa.Table, when: Moments, good: _Flags) -> None:
        zoned = _flags(rows["is_zoned"])
        counts = {
            "skipped": when.skipped,
            "repeated": when.repeated,
            "zoned": zoned,
            "naive": ~zoned,
            "leap": _flags(rows["is_leap"]),
            "changed": _flags(rows["is_changed"]),
        }
        if len(self._places.amount) == 1:
            counts["rounded"] = _flags(is_rounded(rows["factor_0"], self._currency))
        self._counts.update({name: int((flags & good).sum()) for name, flags in counts.items()})

    def reading(self, file_notes: Sequence[str]) -> Reading:
        """The account of all rows taken; no more can be."""
        self._connection.close()
        good = pa.concat_tables(self._accepted)
        kept = good.filter(_first_of_each(good)) if self._source.duplicates == "drop" else good
        guests = sum(refusal.code == NO_CUSTOMER_ID for refusal in self._refused)
        columns = {name: kept[name] for name in kept.column_names if name not in _KEYS}
        if not pc.max(kept["minute"]).as_py():
            del columns["minute"]  # dates alone: midnight is no time of day here
        return Reading(
            orders=ORDERS.filled(columns).combine_chunks(),
            refused=refused_table(self._refused),
            read_count=self._read_count,
            accepted_count=kept.num_rows,
            duplicate_count=good.num_rows - kept.num_rows,
            refused_count=len(self._refused),
            guest_count=guests,
            notes=(*self._places.notes, *self._unread(), *file_notes, *self._sentences()),
            later_count=self._later_count,
        )

    def _unread(self) -> list[str]:
        needed = set(self._places.needed())
        extra = [name for at, name in enumerate(self._file.names) if at not in needed]
        return [f"Columns not read: {', '.join(extra)}."] if extra else []

    def _sentences(self) -> list[str]:
        counts, currency = self._counts, self._currency
        mixed = counts["zoned"] and counts["naive"]
        told = (
            (counts["rounded"], f"amounts had more decimals than {currency} has and were rounded."),
            (counts["changed"], "customer ids lost outer blanks or took one Unicode form (NFC)."),
            (counts["naive"] if mixed else 0, "times named no zone and were taken as local."),
            (counts["skipped"], "local times were skipped by the clock; its offset before holds."),
            (counts["repeated"], "local times came twice by the clock and the first was taken."),
            (counts["leap"], "times were in a leap second and were taken as second 59."),
        )
        return [f"{count:,} {sentence}" for count, sentence in told if count]


def _ints(column: _Array, default: int) -> _Ints:
    whole: _Ints = pc.fill_null(column.cast(pa.int64()), default).to_numpy().copy()
    return whole


def _flags(column: _Array) -> _Flags:
    flags: _Flags = pc.fill_null(column, False).to_numpy(zero_copy_only=False)  # noqa: FBT003
    return flags


def _us(year: int) -> int:
    return (date(year, 1, 1) - _EPOCH).days * 86_400_000_000


def _day_number(day: date | None) -> int:
    """Days since 1970; without a day, later than any."""
    return 2**40 if day is None else (day - _EPOCH).days


def _first_of_each(orders: pa.Table) -> pa.Array:
    """Whether each row is the first of its fingerprint."""
    keys = [orders[name].to_numpy() for name in _KEYS]
    order = np.lexsort((np.arange(orders.num_rows), *keys))
    repeats = np.ones(orders.num_rows, dtype=bool)
    for key in keys:
        repeats[1:] &= key[order][1:] == key[order][:-1]
    repeats[:1] = False
    first = np.ones(orders.num_rows, dtype=bool)
    first[order[repeats]] = False
    return pa.array(first)
