"""Customer histories in memory: the day tiles of every customer, by family.

Where they are kept is `features.stored`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from features.catalog import Catalogue, catalogue
from features.contracts import FOREVER
from features.declarations import Measure
from features.schema import EVENT_TABLES
from features.shape import Shape
from features.tiles import build_tiles, tile_keys


@dataclass(frozen=True, slots=True)
class Histories:
    """Day tiles of many customers by family, sorted, with what is needed to read them."""

    tiles: Mapping[str, pa.Table]
    shape: Shape

    @classmethod
    def from_events(cls, events: Mapping[str, pa.Table], shape: Shape) -> Self:
        """Histories of accepted events by table (`schema.EVENT_TABLES`), of one or of millions.

        A table of the shape that has no events here gives empty tiles.
        """
        tiles: dict[str, pa.Table] = {}
        for table in dict.fromkeys(one.table for one in catalogue(shape).measures):
            tiles |= build_tiles(
                table,
                events.get(table, EVENT_TABLES[table].arrow_schema().empty_table()),
                catalogue(shape).of_table(table),
                markets=shape.markets,
                vocabularies=dict(shape.vocabulary),
            )
        return cls({family: tiles[family] for family in catalogue(shape).families}, shape)

    @property
    def catalogue(self) -> Catalogue:
        """The measures and features that these histories have."""
        return catalogue(self.shape)

    @property
    def orders(self) -> pa.Table:
        """The tiles of orders, without which there is no history."""
        return self.tiles["orders"]

    @property
    def markets(self) -> tuple[str, ...]:
        """Every market of the business."""
        return self.shape.markets

    @property
    def currency(self) -> str:
        """The currency of every amount."""
        return self.shape.currency

    def by_family(self) -> dict[str, tuple[pa.Table, Mapping[str, Measure]]]:
        """Tiles and measures of every family."""
        columns = self.catalogue.columns
        return {family: (self.tiles[family], measures) for family, measures in columns.items()}

    @property
    def customer_ids(self) -> pa.Array:
        """Every customer once, sorted as the tiles are."""
        columns = [tiles["customer_id"] for tiles in self.tiles.values() if tiles.num_rows]
        ends = {column[place].as_py() for column in columns for place in (0, -1)}
        if len(ends) == 1:  # the tiles are sorted, so whoever is first and last is the only one
            return pa.array(ends, pa.string())
        found = [tiles["customer_id"].unique().cast(pa.string()) for tiles in self.tiles.values()]
        ids = pa.concat_arrays(found).unique() if len(found) > 1 else found[0]
        return ids.take(pc.sort_indices(ids)) if len(found) > 1 else ids

    @property
    def first_day(self) -> date:
        """The day of the oldest tile of orders."""
        return pc.min(self.orders["day"]).as_py()

    @property
    def last_day(self) -> date:
        """The day of the newest tile of orders."""
        return pc.max(self.orders["day"]).as_py()

    def of(self, customer_ids: Sequence[str]) -> Self:
        """The histories of these customers only; unknown ids are left out."""
        wanted = pa.array(customer_ids, pa.string())
        return replace(
            self,
            tiles={
                name: tiles.filter(pc.is_in(tiles["customer_id"], wanted))
                for name, tiles in self.tiles.items()
            },
        )

    def before(self, cutoff: date) -> Self:
        """The histories as they were known at the start of this day."""
        families = self.catalogue.families
        return replace(
            self,
            tiles={
                name: _known_before(tiles, cutoff, lies_ahead=families[name][0].at is not None)
                for name, tiles in self.tiles.items()
            },
        )


def fingerprint(histories: Histories) -> str:
    """SHA-256 of the content: equal histories give equal fingerprints, however they came."""
    digest = hashlib.sha256()
    digest.update(json.dumps(histories.shape.to_dict(), sort_keys=True).encode())
    for family, measures in histories.catalogue.families.items():
        tiles = histories.tiles[family]
        for name in (*tile_keys(measures), *(measure.name for measure in measures)):
            digest.update(f"\x00{family}.{name}\x00".encode())
            _digest_column(digest, tiles[name].combine_chunks())
    return digest.hexdigest()


def _known_before(tiles: pa.Table, cutoff: date, *, lies_ahead: bool) -> pa.Table:
    day = pa.scalar(cutoff, pa.date32())
    happened = tiles["happened_day" if lies_ahead else "day"]
    tiles = tiles.filter(pc.and_(pc.less(tiles["known_from"], day), pc.less(happened, day)))
    forever = pa.scalar(FOREVER, pa.date32())
    known_to = pc.if_else(pc.greater_equal(tiles["known_to"], day), forever, tiles["known_to"])
    at = tiles.schema.get_field_index("known_to")
    return tiles.set_column(at, "known_to", known_to)


def _digest_column(digest: "hashlib._Hash", column: pa.Array) -> None:
    if pa.types.is_string(column.type):
        digest.update("\x00".join(column.to_pylist()).encode())
    else:
        values = column.cast(pa.int32()) if pa.types.is_date(column.type) else column
        digest.update(values.to_numpy(zero_copy_only=False).tobytes())
