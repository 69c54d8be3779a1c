"""Stored day tiles: partial aggregates that follow the events and merge when they are read.

New events alone give a delta of tiles: sums, maxima, minima and bit sets of the same customer,
day and days of knowledge merge with the older ones. A correction changes what was aggregated
already, so its customer's tiles are made again from her events.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.store.events import Change
from features.store.tables import (
    EVENTS,
    TILES,
    Ints,
    OpenTables,
    bucket_numbers,
    in_order,
    ranks,
    sorted_order,
)

TILE_KEYS = ("customer_id", "value", "day", "known_from", "known_to", "happened_day")
MERGES: dict[str, np.ufunc] = {
    "sum": np.add,
    "max": np.maximum,
    "min": np.minimum,
    "or": np.bitwise_or,
}

BuildTiles = Callable[[str, pa.Table], Mapping[str, pa.Table]]


def merged(tiles: pa.Table, merges: Mapping[str, str]) -> pa.Table:
    """Tiles sorted by their key, one row per key.

    `merges` names how a column merges (sum, max, min, or); a column without a name adds up. All
    columns but the key are int64 without nulls.
    """
    order, begins = sorted_order(_key_columns(tiles))
    if begins.all():
        return in_order(tiles, order)
    starts = np.flatnonzero(begins)
    first = pa.array(order[starts])
    columns = {
        name: tiles[name].take(first)
        if name in TILE_KEYS
        else MERGES[merges.get(name, "sum")].reduceat(tiles[name].to_numpy()[order], starts)
        for name in tiles.column_names
    }
    return pa.table(columns, schema=tiles.schema)


def update_tiles(
    tables: OpenTables,
    table: str,
    change: Change,
    build_tiles: BuildTiles,
    merges: Mapping[str, str],
) -> None:
    """Let the tiles follow a change of a table of events.

    `build_tiles(table, events)` gives tiles by family; those of new events are added, those of
    customers whose stored events changed are made again.
    """
    for bucket in change.rewritten:
        events = tables.rows(EVENTS + table, bucket)
        built = build_tiles(table, _of(events, change.customers))
        names = {*tables.names(_name(table, "")), *(_name(table, family) for family in built)}
        for name in sorted(names):
            kept = []
            if name in tables.names(TILES):
                kept.append(_of(tables.rows(name, bucket), change.customers, others=True))
            if (family := name.removeprefix(_name(table, ""))) in built:
                kept.append(built[family])
            tables.replace(name, bucket, merged(pa.concat_tables(kept), merges))
    fresh = change.rows
    if len(change.customers):
        fresh = _of(fresh, change.customers, others=True)
    if fresh.num_rows:
        for family, tiles in sorted(build_tiles(table, fresh).items()):
            _add_delta(tables, _name(table, family), tiles)


def rebuild_tiles(tables: OpenTables, build_tiles: BuildTiles, merges: Mapping[str, str]) -> None:
    """Make all tiles again from the stored events, bucket by bucket."""
    tables.files = [file for file in tables.files if not file.table.startswith(TILES)]
    for bucket in range(tables.bucket_count):
        for name in tables.names(EVENTS):
            table = name.removeprefix(EVENTS)
            if (events := tables.rows(name, bucket)).num_rows:
                for family, tiles in sorted(build_tiles(table, events).items()):
                    tables.add_to_bucket(_name(table, family), bucket, merged(tiles, merges))


def _name(table: str, family: str) -> str:
    return f"{TILES}{table}.{family}"


def _key_columns(tiles: pa.Table) -> list[Ints]:
    return [ranks(tiles[name]) for name in TILE_KEYS if name in tiles.column_names]


def _of(rows: pa.Table, customers: pa.Array, *, others: bool = False) -> pa.Table:
    """Rows of these customers, or of all others."""
    mask = pc.is_in(rows["customer_id"], customers)
    return rows.filter(pc.invert(mask) if others else mask)


def _add_delta(tables: OpenTables, name: str, tiles: pa.Table) -> None:
    buckets = bucket_numbers(tiles["customer_id"], tables.bucket_count)
    tables.add_delta(name, tiles, buckets, _key_columns(tiles))
