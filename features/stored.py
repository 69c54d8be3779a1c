"""The histories of a business as its workspace keeps them: events and tiles in one store.

`features.store` keeps rows and merges partial aggregates; what a tile is, is said here.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.compute as pc

from features.catalog import Catalogue, catalogue
from features.contracts import FOREVER
from features.histories import Histories
from features.schema import EVENT_TABLES
from features.shape import Shape
from features.store.histories import Stored, read
from features.store.tiles import BuildTiles
from features.tiles import build_tiles, families, tile_sql

Engine = Callable[[Mapping[str, pa.Table]], Mapping[str, pa.Table]]
"""Tiles by family of events by table."""

_VALUE = "value"
"""How the store calls the column that a family of tiles is kept by."""


def load(folder: Path, groups: tuple[ModuleType, ...] = ()) -> Histories:
    """The histories of the current generation, of all customers.

    `groups` are the business's own feature groups. Raises NotReady if there is no generation,
    DamagedStore if a file is not the one that its manifest names.
    """
    return histories_of(read(folder), groups)


def histories_of(stored: Stored, groups: tuple[ModuleType, ...] = ()) -> Histories:
    """The histories of a generation, of all customers, sorted."""
    return _joined(list(by_bucket(stored, groups)))


def _joined(parts: Sequence[Histories]) -> Histories:
    """The histories of different customers as one, sorted."""
    if len(parts) == 1:
        return parts[0]
    shape, tiles = parts[0].shape, {}
    for family in catalogue(shape).families:
        every = pa.concat_tables([part.tiles[family] for part in parts])
        # Buckets are sorted inside; the sort by customer is stable, so it keeps their days' order.
        tiles[family] = every.take(pc.sort_indices(every, [("customer_id", "ascending")]))
    return Histories(tiles, shape)


def by_bucket(stored: Stored, groups: tuple[ModuleType, ...] = ()) -> Iterator[Histories]:
    """The histories of a generation bucket by bucket: every customer is in one of them."""
    shape = shape_of(stored, groups)
    for bucket in stored.buckets():
        yield _filled(
            {family: stored.read_tiles(family, bucket) for family in stored.families()}, shape
        )


def in_parts(
    stored: Stored, groups: tuple[ModuleType, ...] = (), *, least_tiles: int = 200_000
) -> Iterator[Histories]:
    """The histories of a generation in parts of so many tiles of orders, the last one smaller.

    Every customer is in one part, and the parts of a generation are always the same.
    """
    waiting: list[Histories] = []
    for bucket in by_bucket(stored, groups):
        waiting.append(bucket)
        if sum(one.orders.num_rows for one in waiting) >= least_tiles:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def stored_orders(folder: Path, columns: Sequence[str]) -> pa.Table:
    """These columns of the orders that hold today, of all customers."""
    every = stored_events(folder, "orders", [*dict.fromkeys([*columns, "known_to"])])
    holds = pc.equal(every["known_to"], pa.scalar(FOREVER, pa.date32()))
    return every.filter(holds).select(columns)


def stored_events(folder: Path, table: str, columns: Sequence[str]) -> pa.Table:
    """These columns of every version of the events of a table, of all customers."""
    kept = read(folder)
    if table not in kept.tables():
        return EVENT_TABLES[table].arrow_schema().empty_table().select(columns)
    return pa.concat_tables([kept.read_events(table, bucket, columns) for bucket in kept.buckets()])


def events_of(stored: Stored, customer_ids: pa.Array) -> dict[str, pa.Table]:
    """Every version of the events of these customers by table, each in its contract."""
    found = {}
    for table in stored.tables():
        schema = EVENT_TABLES[table].arrow_schema()
        parts = [
            rows.filter(pc.is_in(rows["customer_id"], value_set=customer_ids))
            for bucket in stored.buckets()
            for rows in [stored.read_events(table, bucket, schema.names)]
        ]
        found[table] = pa.concat_tables(parts).cast(schema)
    return found


def customer(stored: Stored, customer_id: str, groups: tuple[ModuleType, ...] = ()) -> Histories:
    """The history of one customer, read without the others'; empty for an unknown one."""
    return _filled(stored.tiles_of(customer_id), shape_of(stored, groups))


def shape_of(stored: Stored, groups: tuple[ModuleType, ...] = ()) -> Shape:
    """The shape of a generation."""
    return Shape.from_dict(stored.facts["shape"], groups)


def builder(shape: Shape, engine: Engine | None = None) -> BuildTiles:
    """What makes the tiles of a batch of events, for the store; inside, or by another engine."""

    def inside(events: Mapping[str, pa.Table]) -> Mapping[str, pa.Table]:
        ((table, rows),) = events.items()
        return build_tiles(
            table,
            rows,
            catalogue(shape).of_table(table),
            markets=shape.markets,
            vocabularies=dict(shape.vocabulary),
        )

    def build(table: str, events: pa.Table) -> Mapping[str, pa.Table]:
        columns = EVENT_TABLES[table].arrow_schema().names
        built = (engine or inside)({table: events.select(columns)})
        mine = families(catalogue(shape).of_table(table))
        built = {family: tiles for family, tiles in built.items() if family in mine}
        return {
            _kept_as(family): _renamed(tiles, _by(shape, family), _VALUE)
            for family, tiles in built.items()
        }

    return build


def merges(shape: Shape) -> dict[str, str]:
    """How each column of tiles merges."""
    return {measure.name: measure.merge for measure in catalogue(shape).measures}


def definition(known: Catalogue) -> str:
    """A digest of what tiles are: other measures or other SQL need other tiles."""
    texts = [tile_sql(columns) for columns in known.families.values()]
    return hashlib.sha256(json.dumps(sorted(texts)).encode()).hexdigest()


def _filled(kept: Mapping[str, pa.Table], shape: Shape) -> Histories:
    """Histories of stored tiles; a family without any is empty."""
    empty = Histories.from_events({}, shape).tiles
    tiles = {}
    for family in catalogue(shape).families:
        found = kept.get(_kept_as(family))
        if found is None:
            tiles[family] = empty[family]
        else:
            named = _renamed(found, _VALUE, _by(shape, family))
            tiles[family] = named.select(empty[family].column_names)
    return Histories(tiles, shape)


def _kept_as(family: str) -> str:
    return family.replace(".", "-")


def _by(shape: Shape, family: str) -> str | None:
    return catalogue(shape).families[family][0].by


def _renamed(tiles: pa.Table, old: str | None, new: str | None) -> pa.Table:
    if old is None or new is None or old == new:
        return tiles
    return tiles.rename_columns([new if name == old else name for name in tiles.column_names])
