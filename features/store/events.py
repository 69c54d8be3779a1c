"""What becomes of a batch of events: new ones are stored, known ones counted, corrections chained.

An event is one identity (`key_0`, `key_1`), which belongs to one customer: the caller hashes the
customer into it. Its content is `content_0`, `content_1`. A stored identity with a content that it
has or had is a duplicate; with another content that became known later than every stored version
it is a correction, so that what was known on any day stays; else the two contradict each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.store.keys import Mask, Needles, Words, look_up, versions, words
from features.store.tables import (
    EVENTS,
    KEYS,
    BucketNumbers,
    Ints,
    IntsOrWords,
    OpenTables,
    bucket_numbers,
    in_order,
    ranks,
    sorted_order,
)

_DAY_BITS = 24  # days since 1970 of any date, made positive, fit
_DAY_OFFSET = 1 << 22

EVENT_ORDER = ("customer_id", "day", "known_from", "key_0")


@dataclass(frozen=True, slots=True, eq=False)
class Appended:
    """What became of a batch: accepted + duplicates + conflicts = rows.

    Positions are places in the batch, ascending. `correction_count` of the accepted rows replace
    what was known before. `changed_customers` are those whose stored events were corrected.
    """

    accepted_count: int
    duplicate_positions: Ints
    conflict_positions: Ints
    correction_count: int
    changed_customers: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What an append did to a table of events: rows added, buckets rewritten, customers changed."""

    rows: pa.Table
    rewritten: tuple[int, ...]
    customers: pa.Array


@dataclass(frozen=True, slots=True, eq=False)
class _Verdict:
    """Masks over the rows of a batch; `replaces` are corrections of stored events."""

    duplicate: Mask
    conflict: Mask
    correction: Mask
    replaces: Mask


def append_events(tables: OpenTables, table: str, batch: pa.Table) -> tuple[Appended, Change]:
    """What became of a batch of accepted events, and what it changed.

    Raises DamagedStore if a stored file is not the one that its manifest names.
    """
    place = batch.schema.get_field_index("customer_id")
    batch = batch.set_column(place, "customer_id", batch["customer_id"].cast(pa.string()))
    buckets = bucket_numbers(batch["customer_id"], tables.bucket_count)
    verdict = _judged(tables, table, batch, buckets)
    accepted = np.flatnonzero(~(verdict.duplicate | verdict.conflict))
    rows = batch.take(pa.array(accepted)) if len(accepted) < batch.num_rows else batch
    if verdict.correction.any():
        rows = _closed(rows)
    customers = batch["customer_id"].filter(pa.array(verdict.replaces)).combine_chunks().unique()
    rewritten = tuple(int(bucket) for bucket in np.unique(buckets[verdict.replaces]))
    _store(tables, EVENTS + table, rows, buckets[accepted], rewritten)
    appended = Appended(
        accepted_count=len(accepted),
        duplicate_positions=np.flatnonzero(verdict.duplicate),
        conflict_positions=np.flatnonzero(verdict.conflict),
        correction_count=int(verdict.correction.sum()),
        changed_customers=tuple(sorted(customers.to_pylist())),
    )
    return appended, Change(rows, rewritten, customers)


def sorted_events(rows: pa.Table) -> pa.Table:
    """Events by customer and day, whatever the order in which they came."""
    return in_order(rows, sorted_order(_sort_columns(rows))[0])


def _sort_columns(rows: pa.Table) -> list[IntsOrWords]:
    columns = [ranks(rows[name]) for name in EVENT_ORDER[:-1]]
    return [*columns, words(rows, EVENT_ORDER[-1])]


def _store(
    tables: OpenTables,
    name: str,
    rows: pa.Table,
    buckets: BucketNumbers,
    rewritten: Sequence[int],
) -> None:
    """Add the rows: with all others of the bucket where one is rewritten, else as a delta."""
    for bucket in rewritten:
        here = rows.filter(pa.array(buckets == bucket))
        known = pa.concat_tables([tables.rows(name, bucket), here], promote_options="default")
        tables.replace(name, bucket, sorted_events(_closed(known)))
    elsewhere = ~np.isin(buckets, rewritten)
    if not elsewhere.all():
        rows, buckets = rows.filter(pa.array(elsewhere)), buckets[elsewhere]
    tables.add_delta(name, rows, buckets, _sort_columns(rows))


def _judged(tables: OpenTables, table: str, batch: pa.Table, buckets: BucketNumbers) -> _Verdict:
    needles = Needles.of(batch, buckets)
    key_lists = [file for file in tables.files if file.table == KEYS + table]
    stored, duplicate = look_up(tables.folder, key_lists, needles)
    contested = np.flatnonzero(~duplicate & (stored | _repeated(needles.key_0)))
    conflict, correction, replaces = (np.zeros_like(duplicate) for _ in range(3))
    if len(contested):
        rows = batch.take(pa.array(contested))
        repeated = _repeats(rows)
        duplicate[contested[repeated]] = True
        contested = contested[~repeated]
        rows = batch.take(pa.array(contested))
        looked_for = np.unique(buckets[contested[stored[contested]]])
        known = _stored_versions(tables, EVENTS + table, looked_for, words(rows, "key_0"))
        conflict[contested], correction[contested], replaces[contested] = _ruled(known, rows)
    return _Verdict(duplicate, conflict, correction, replaces)


def _repeated(key_0: Words) -> Mask:
    """Whether the same key_0 stands in another row of the batch."""
    order = np.argsort(key_0)
    equal = np.diff(key_0[order]) == 0
    repeated = np.zeros(len(key_0), dtype=np.bool_)
    repeated[order[1:][equal]] = True
    repeated[order[:-1][equal]] = True
    return repeated


def _repeats(rows: pa.Table) -> Mask:
    """Rows that say the same as another one: the first known stays, or else the first."""
    key_0, key_1, version = words(rows, "key_0"), words(rows, "key_1"), versions(rows)
    order = np.lexsort((ranks(rows["known_from"]), version, key_1, key_0))
    same = [np.diff(column[order]) == 0 for column in (key_0, key_1, version)]
    repeats = np.zeros(rows.num_rows, dtype=np.bool_)
    repeats[order[1:][np.logical_and.reduce(same)]] = True
    return repeats


def _stored_versions(
    tables: OpenTables, name: str, buckets: BucketNumbers, key_0: Words
) -> pa.Table:
    """Identity and first day of knowledge of every stored version of these events."""
    columns = ["key_0", "key_1", "known_from"]
    parts = []
    for bucket in buckets:
        rows = tables.rows(name, int(bucket), columns)
        parts.append(rows.filter(pa.array(np.isin(words(rows, "key_0"), key_0))))
    return pa.concat_tables(parts) if parts else pa.table([[], [], []], names=columns)


def _ruled(known: pa.Table, rows: pa.Table) -> tuple[Mask, Mask, Mask]:
    """Which rows contradict, which correct anything, which correct a stored version."""
    fresh = np.arange(known.num_rows + rows.num_rows) >= known.num_rows
    key_0, key_1 = (
        np.concatenate([known[name].cast(pa.uint64()).to_numpy(), words(rows, name)])
        for name in ("key_0", "key_1")
    )
    since = np.concatenate([ranks(one["known_from"].cast(pa.date32())) for one in (known, rows)])
    order = np.lexsort((since, fresh, key_1, key_0))
    since, fresh = since[order] + _DAY_OFFSET, fresh[order]
    follows = np.zeros(len(order), dtype=np.bool_)  # a row of the same event is before
    follows[1:] = (np.diff(key_0[order]) == 0) & (np.diff(key_1[order]) == 0)
    group = np.cumsum(~follows) << _DAY_BITS
    # Stored versions come first; their latest day is carried along to the event's last row.
    latest = np.maximum.accumulate(group + np.where(fresh, 0, since)) - group
    late = since > latest
    late[1:] &= ~(follows[1:] & fresh[:-1]) | (since[1:] > since[:-1])
    masks = (~late, late & follows, late & (latest > 0))
    positions = order[fresh] - known.num_rows
    result = np.zeros((3, rows.num_rows), dtype=np.bool_)
    for target, mask in zip(result, masks, strict=True):
        target[positions] = mask[fresh]
    return result[0], result[1], result[2]


def _closed(rows: pa.Table) -> pa.Table:
    """The rows, every version known until the next version of the same event is."""
    key_0, key_1 = words(rows, "key_0"), words(rows, "key_1")
    since = rows["known_from"].cast(pa.int32()).to_numpy()
    until = rows["known_to"].cast(pa.int32()).to_numpy().copy()
    order = np.lexsort((since, key_1, key_0))
    same = (np.diff(key_0[order]) == 0) & (np.diff(key_1[order]) == 0)
    older, newer = order[:-1][same], order[1:][same]
    until[older] = np.minimum(until[older], since[newer])
    place = rows.schema.get_field_index("known_to")
    return rows.set_column(
        place, rows.schema.field(place), pc.cast(pa.array(until, pa.int32()), pa.date32())
    )
