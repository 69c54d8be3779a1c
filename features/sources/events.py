"""From the values of rows to events: who, when, since when known, what, and which event it is."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import FOREVER, Table
from features.sources.arrays import Column, Flags, Ints, is_filled
from features.sources.clock import DAY_US, MINUTE_US, Moments, day_number
from features.sources.identities import KEY_COLUMNS, Events, mixed
from features.sources.rows import Rows

_ROW_AT, _ARRIVED, _IS_END = "_row_at", "_arrived_us", "_is_end"


def events_of(table: Table, rows: Rows, good: Flags, until_day: int) -> pa.Table:
    """The events of the good rows in the rows' order: columns of the contract, and our own.

    An end on `until_day` or later, in days since 1970, is no event yet.
    """
    ending, columns = rows.ending, dict(rows.columns)
    if table.name == "orders":
        columns["kind"] = pc.if_else(pc.less(columns["amount_minor"], 0), "refund", "order")
    if ending is None:
        return _events(rows, rows.when, columns, _keys(rows)).filter(pa.array(good))
    begun = {ending.begun: pa.array(rows.when.local_day)}
    late = {one.name for one in table.columns if (one.role or one.name) in ending.roles}
    first = {name: values for name, values in columns.items() if name not in late}
    first |= {"kind": _all(ending.kinds[0], rows)} | begun
    started = _events(rows, rows.when, first, _keys(rows)).filter(pa.array(good))
    if rows.ends is None:
        return started
    came = is_filled(rows.values[f"{ending.role}_us"]) & (rows.ends.local_day < until_day)
    last = columns | {"kind": _all(ending.kinds[1], rows)} | begun
    ended = _events(rows, rows.ends, last, _end_keys(rows, rows.ends)).filter(pa.array(good & came))
    both = pa.concat_tables([started, ended], promote_options="default")
    return both.take(pa.array(np.argsort(both[_ROW_AT].to_numpy(), kind="stable")))


def known_to(events: pa.Table, replaced_by: Ints) -> pa.Table:
    """The same events, those that were corrected holding until a correction was known."""
    known_from = events["known_from"].cast(pa.int32()).to_numpy()
    is_replaced = replaced_by >= 0
    until = np.where(is_replaced, known_from[replaced_by], day_number(FOREVER))
    # A correction may itself be corrected before it holds; then the one after it counts.
    while (sooner := is_replaced & (until[replaced_by] < until)).any():
        until = np.where(sooner, until[replaced_by], until)
    # What was corrected before it came to be was never known: it holds for no day at all.
    days = np.maximum(until, known_from).astype(np.int32)
    at = events.schema.get_field_index("known_to")
    return events.set_column(at, "known_to", pa.array(days).cast(pa.date32()))


def identities(events: pa.Table) -> Events:
    """What tells these events apart."""
    key_0, key_1, content_0, content_1 = (events[name].to_numpy() for name in KEY_COLUMNS)
    has_id = pc.is_valid(events["event_id"]).to_numpy(zero_copy_only=False)
    row_at, arrived_us = events[_ROW_AT].to_numpy(), events[_ARRIVED].to_numpy()
    return Events(key_0, key_1, content_0, content_1, row_at, arrived_us, has_id)


def finished(table: Table, events: pa.Table) -> pa.Table:
    """The events in the contract; minutes are empty where all moments of a kind are dates alone."""
    is_end = events[_IS_END]
    minute = events["minute"]
    for end in (False, True):
        own = pc.equal(is_end, end)
        if not pc.max(minute.filter(own)).as_py():
            minute = pc.if_else(own, pa.scalar(None, pa.int16()), minute)
    named = {column.name for column in table.columns}
    columns = {name: events[name] for name in events.column_names if name in named}
    return table.filled(columns | {"minute": minute}).combine_chunks()


def _events(
    rows: Rows, when: Moments, columns: Mapping[str, Column], keys: Mapping[str, pa.Array]
) -> pa.Table:
    count = len(rows.row_at)
    own = {
        "customer_id": rows.values["customer_id"],
        "occurred_at": pa.array(when.utc_us).cast(pa.timestamp("us", tz="UTC")),
        "day": _days(when.local_day),
        "minute": pa.array(when.local_us % DAY_US // MINUTE_US).cast(pa.int16()),
        "known_from": _days(np.maximum(rows.known_day, when.local_day)),
        "known_to": pa.repeat(pa.scalar(FOREVER, pa.date32()), count),
        "market": rows.markets,
        "event_id": rows.values["event_id"],
        _ROW_AT: pa.array(rows.row_at),
        _ARRIVED: pa.array(rows.arrived_us),
        _IS_END: pa.repeat(when is rows.ends, count),
    }
    return pa.table(own | dict(columns) | dict(keys))


def _keys(rows: Rows) -> dict[str, pa.Array]:
    words = {name: rows.values[name].to_numpy() for name in KEY_COLUMNS}
    for name in ("content_0", "content_1"):
        words[name] = mixed(words[name], rows.when.utc_us)
    return {name: pa.array(one) for name, one in words.items()}


def _end_keys(rows: Rows, ends: Moments) -> dict[str, pa.Array]:
    """Of the same row, but another event: the identity of the beginning, one step on."""
    keys = {}
    for n in (0, 1):
        whole, content = (rows.values[f"{name}_{n}"].to_numpy() for name in ("whole", "ending"))
        keys[f"key_{n}"] = pa.array(mixed(whole, 1))
        keys[f"content_{n}"] = pa.array(mixed(mixed(content, rows.when.utc_us), ends.utc_us))
    return keys


def _all(word: str, rows: Rows) -> pa.Array:
    return pa.repeat(pa.scalar(word, pa.string()), len(rows.row_at))


def _days(numbers: Ints) -> pa.Array:
    """Days since 1970 as dates; those out of reach belong to rows that are refused."""
    near = np.where(np.abs(numbers) < 2**31, numbers, 0)
    return pa.array(near.astype(np.int32)).cast(pa.date32())
