"""The same events in other worlds: another future, later arrivals, another calendar, other names.

Every function gives all tables and how many rows it changed. Rows that were known at the cutoff,
and what was known of them then, stay as they were unless a function's name says otherwise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import FOREVER, NEVER
from features.schema import EVENT_TABLES

Events = Mapping[str, pa.Table]
Change = Callable[[str, pa.Table], tuple[pa.Table, int]]
Ints = npt.NDArray[np.int64]

PLANTED_SHARE = 0.3
SPREAD_DAYS = 60  # what is planted lies up to so long after the cutoff, half of it on the day
TIMES = 3  # amounts are so many times what they were
NEW = "new customer "


@dataclass(frozen=True, slots=True)
class Changed:
    """All tables of a world, and how many of their rows are not as they were."""

    events: Events
    count: int


def each_table(events: Events, change: Change) -> Changed:
    """Every table changed by itself."""
    changed = {name: change(name, rows) for name, rows in events.items()}
    return Changed(
        {name: rows for name, (rows, _) in changed.items()},
        sum(count for _, count in changed.values()),
    )


def future_deleted(events: Events, cutoff: date) -> Changed:
    """Nothing happens at or after the cutoff."""

    def change(_: str, rows: pa.Table) -> tuple[pa.Table, int]:
        past = rows.filter(pc.less(rows["day"], cutoff))
        return past, rows.num_rows - past.num_rows

    return each_table(events, change)


def future_altered(events: Events, cutoff: date, rng: np.random.Generator) -> Changed:
    """What happens at or after the cutoff happens to others, at three times the amount.

    The days stay, so that it is still known until when anything was seen.
    """

    def change(name: str, rows: pa.Table) -> tuple[pa.Table, int]:
        is_past = pc.less(rows["day"], cutoff)
        past, future = rows.filter(is_past), rows.filter(pc.invert(is_past))
        other = future["customer_id"].take(pa.array(rng.permutation(future.num_rows)))
        altered = with_columns(_dearer(name, future), customer_id=other)
        return pa.concat_tables([past, altered]), future.num_rows

    return each_table(events, change)


def future_added(events: Events, cutoff: date, rng: np.random.Generator) -> Changed:
    """More happens at and after the cutoff, to the same customers and to new ones."""

    def change(name: str, rows: pa.Table) -> tuple[pa.Table, int]:
        old, new = _drawn(rows, rng), _drawn(rows, rng)
        names = pc.binary_join_element_wise(NEW, new["customer_id"], "")
        more = pa.concat_tables([old, with_columns(new, customer_id=names)])
        later = _days_after(cutoff, more.num_rows, rng)
        moved = _moved(name, more, _numbers(later) - _numbers(more["day"]))
        return pa.concat_tables([rows, _known(moved, later)]), more.num_rows

    return each_table(events, change)


def late_replaced(events: Events, cutoff: date, rng: np.random.Generator) -> Changed:
    """What happened before the cutoff but arrived at or after it is gone; other rows come so late.

    Such rows are planted in every table, whether or not its source ever was late.
    """

    def change(_: str, rows: pa.Table) -> tuple[pa.Table, int]:
        is_late = pc.and_(
            pc.less(rows["day"], cutoff), pc.greater_equal(rows["known_from"], cutoff)
        )
        in_time = rows.filter(pc.invert(is_late))
        more = _drawn(rows.filter(pc.less(rows["day"], cutoff)), rng)
        planted = _known(more, _days_after(cutoff, more.num_rows, rng))
        gone = rows.num_rows - in_time.num_rows
        return pa.concat_tables([in_time, planted]), gone + more.num_rows

    return each_table(events, change)


def corrected_later(events: Events, cutoff: date, rng: np.random.Generator) -> Changed:
    """Corrections that came at or after the cutoff never came; others come instead.

    Another day, three times the amount: the row that was known at the cutoff holds until then.
    Tables whose rows have no identity stay: no row of them can be corrected.
    """

    def change(name: str, rows: pa.Table) -> tuple[pa.Table, int]:
        if not _has_corrections(rows):
            return rows, 0
        was_known = pc.and_(pc.less(rows["day"], cutoff), pc.less(rows["known_from"], cutoff))
        held = pc.and_(was_known, pc.greater_equal(rows["known_to"], cutoff))
        then = rows.filter(held)
        undone = pc.sum(pc.less(then["known_to"], FOREVER)).as_py() or 0
        is_drawn = pa.array(rng.random(then.num_rows) < PLANTED_SHARE)
        first = then.filter(is_drawn)
        later = _days_after(cutoff, first.num_rows, rng)
        second = _known(_moved(name, _dearer(name, first), _days_back(rows, first, rng)), later)
        parts = [
            rows.filter(pc.invert(held)),
            with_columns(then.filter(pc.invert(is_drawn)), known_to=FOREVER),
            with_columns(first, known_to=later),
            second,
        ]
        return pa.concat_tables(parts), undone + first.num_rows

    return each_table(events, change)


def shifted(events: Events, weeks: int) -> Changed:
    """Everything happens so many weeks later, and is known so much later."""

    def change(name: str, rows: pa.Table) -> tuple[pa.Table, int]:
        days = np.full(rows.num_rows, 7 * weeks)
        moved = _moved(name, rows, days)
        for column in ("known_from", "known_to"):
            numbers = _numbers(rows[column])
            is_day = numbers < _numbers(pa.array([FOREVER]))[0]
            moved = with_columns(moved, **{column: _dates(numbers + days * is_day)})
        return moved, rows.num_rows

    return each_table(events, change)


def renamed(events: Events, names: Mapping[str, str], rng: np.random.Generator) -> Changed:
    """Everybody has the name that `names` gives, and rows come in another order."""
    old = pa.array(list(names))
    new = pa.array(list(names.values()))

    def change(_: str, rows: pa.Table) -> tuple[pa.Table, int]:
        rows = rows.take(pa.array(rng.permutation(rows.num_rows)))
        places = pc.index_in(rows["customer_id"], value_set=old)
        return with_columns(rows, customer_id=new.take(places.combine_chunks())), rows.num_rows

    return each_table(events, change)


def of_customers(events: Events, customer_ids: pa.Array) -> Events:
    """The events of these customers only."""
    return {
        name: rows.filter(pc.is_in(rows["customer_id"], value_set=customer_ids))
        for name, rows in events.items()
    }


def with_columns(rows: pa.Table, **columns: object) -> pa.Table:
    """The rows with other values in these columns; a date is one for all rows."""
    for name, values in columns.items():
        at, kind = rows.schema.get_field_index(name), rows.schema.field(name)
        if isinstance(values, date):
            values = pa.repeat(pa.scalar(values, kind.type), rows.num_rows)  # noqa: PLW2901
        rows = rows.set_column(at, kind, values)
    return rows


def _drawn(rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Some of the rows, at least one if there are any."""
    drawn = rng.random(rows.num_rows) < PLANTED_SHARE
    drawn[:1] = True
    return rows.filter(pa.array(drawn))


def _days_after(cutoff: date, count: int, rng: np.random.Generator) -> pa.Array:
    """Days at or after the cutoff, about half of them the very day."""
    later = rng.integers(0, SPREAD_DAYS, count) * rng.integers(0, 2, count)
    return pa.array([cutoff + timedelta(days=int(days)) for days in later], pa.date32())


def _has_corrections(rows: pa.Table) -> bool:
    """Whether rows of this table can be corrected: they have an identity, or were corrected."""
    is_known = rows["event_id"].null_count < rows.num_rows
    return is_known or bool(pc.any(pc.less(rows["known_to"], FOREVER)).as_py())


def _days_back(rows: pa.Table, some: pa.Table, rng: np.random.Generator) -> Ints:
    """Days to move some rows by, none to before the first day of all: history stays as long."""
    room = _numbers(some["day"]) - _numbers(rows["day"]).min(initial=NEVER)
    return -np.minimum(rng.integers(1, SPREAD_DAYS, some.num_rows), room)


def _known(rows: pa.Table, from_days: pa.Array) -> pa.Table:
    return with_columns(rows, known_from=from_days, known_to=FOREVER)


def _moved(table: str, rows: pa.Table, days: Ints) -> pa.Table:
    """The rows so many days later: their day, their time, and every other day that they name."""
    changed: dict[str, object] = {"day": _dates(_numbers(rows["day"]) + days)}
    changed["occurred_at"] = pc.add(
        rows["occurred_at"], pa.array(days.astype("timedelta64[D]").astype("timedelta64[us]"))
    )
    for column in EVENT_TABLES[table].columns:
        if column.unit == "days since 1970":
            changed[column.name] = pc.add(rows[column.name], pa.array(days, pa.int64()))
    return with_columns(rows, **changed)


def _dearer(table: str, rows: pa.Table) -> pa.Table:
    amounts = [one.name for one in EVENT_TABLES[table].columns if one.unit == "minor units"]
    return with_columns(rows, **{one: pc.multiply(rows[one], TIMES) for one in amounts})


def _numbers(days: pa.ChunkedArray | pa.Array) -> Ints:
    """Days since 1970."""
    return days.cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64)


def _dates(numbers: Ints) -> pa.Array:
    return pa.array(numbers.astype(np.int32), pa.int32()).cast(pa.date32())
