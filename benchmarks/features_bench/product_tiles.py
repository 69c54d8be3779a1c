"""Tiles of a log in files, and the rows of features that come from them, a part at a time.

A family of tiles is one Parquet file sorted by customer. A part is a range of customers, so memory
does not grow with the log; the store's buckets are read by the same functions.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.features_bench.definitions import CATEGORIES, FEATURES
from benchmarks.features_bench.sixty import LINES, SIXTY, VISITS
from features.declarations import Floats, Ints
from features.kernel import AsOf
from features.matrix import feature_values
from features.shape import Shape
from features.tile_index import Family, TileArrays, TileIndex
from features.tiles import (
    bit_columns,
    bit_table,
    has_late,
    prepared_sql,
    register,
    tile_keys,
    tile_sql,
    word_columns,
)

VOCABULARIES = {"orders.category": CATEGORIES}
SHAPE = Shape(("default",), "USD", frozenset(("orders", "visits")), tuple(VOCABULARIES.items()))
BATCH_ROWS = 122_880
PART_GROUPS = 6
"""So many row groups of visits make a part: about 60,000 customers."""

ORDERS, VISITED = LINES.family, VISITS.family
Tiles = Mapping[str, pa.Table]


def write_tiles(files: Sequence[Path], table: str, folder: Path) -> int:
    """How many tiles of a table of the log were written; memory stays below DuckDB's limit."""
    measures = SIXTY.of_table(table)
    with duckdb.connect(config={"threads": 1, "memory_limit": "1GB"}) as connection:
        connection.execute(f"SET temp_directory = '{folder / 'spill'}'")
        register(connection, table, files)
        bits = bit_columns(measures, table)
        for column in bits:
            words = VOCABULARIES[f"{table}.{column}"]
            connection.register(f"{table}_{column}_bits", bit_table(words))
        view = prepared_sql(table, bits, SHAPE.markets, word_columns(measures, table))
        connection.execute(f"CREATE TEMP VIEW {table} AS {view}")
        tiles = connection.sql(tile_sql(measures, late=has_late(connection, table)))
        reader = tiles.order(", ".join(tile_keys(measures))).to_arrow_reader(BATCH_ROWS)
        path = folder / f"{table}.parquet"
        with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch, row_group_size=BATCH_ROWS)
    return pq.read_metadata(path).num_rows


def parts(folder: Path) -> Iterator[Tiles]:
    """The tiles of a range of customers after that of another, from `write_tiles`."""
    with (
        pq.ParquetFile(folder / f"{ORDERS}.parquet") as orders,
        pq.ParquetFile(folder / f"{VISITED}.parquet") as visits,
    ):
        firsts = [low for low, _ in _bounds(visits)][PART_GROUPS::PART_GROUPS]
        for low, high in zip([None, *firsts], [*firsts, None], strict=True):
            yield {ORDERS: _range(orders, low, high), VISITED: _range(visits, low, high)}


def index_of(tiles: Tiles) -> TileIndex:
    """The index of these tiles, as `TileIndex.of` makes it of histories."""
    found = [one["customer_id"].unique().cast(pa.string()) for one in tiles.values()]
    ids = pa.concat_arrays(found).unique()
    ids = ids.take(pc.sort_indices(ids))
    families = {}
    for family, measures in SIXTY.families.items():
        named = {measure.name: measure for measure in measures}
        families[family] = Family(TileArrays(tiles[family], ids, named), named)
    return TileIndex(SHAPE, ids, families)


def first_days(index: TileIndex) -> Ints:
    """The day of each customer's first tile."""
    first = np.full(index.customer_count, np.iinfo(np.int64).max)
    for family in index.families.values():
        begins = np.flatnonzero(np.diff(family.codes, prepend=-1))
        codes = family.codes[begins]
        first[codes] = np.minimum(first[codes], family.days[begins])
    return first


def values_at(index: TileIndex, codes: Ints, cutoff_days: Ints) -> Floats:
    """The sixty features of these customers at these cutoffs, shape (60, n_rows)."""
    return feature_values(AsOf(index, codes, cutoff_days), SIXTY)


class RowsFile:
    """A Parquet file of rows, written a part at a time."""

    def __init__(self, path: Path) -> None:
        """A file that is not there yet."""
        fields = [("customer_id", pa.string()), ("cutoff", pa.date32())]
        fields += [
            (one.name, pa.int64() if one.kind == "whole" else pa.float64()) for one in FEATURES
        ]
        self._schema = pa.schema(fields)
        # Numbers of few values shrink by their dictionary; the others are written as they are.
        self._writer = pq.ParquetWriter(
            path, self._schema, compression="snappy", write_statistics=False
        )
        self.rows = 0

    def __enter__(self) -> Self:
        """The file itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Finish the file."""
        self._writer.close()

    def write(self, index: TileIndex, codes: Ints, cutoff_days: Ints) -> None:
        """Add the rows of these customers at these cutoffs."""
        values = values_at(index, codes, cutoff_days)
        columns = [
            index.customer_ids.take(pa.array(codes)),
            pa.array(cutoff_days.astype(np.int32)).view(pa.date32()),
        ]
        for field, column in zip(list(self._schema)[2:], values, strict=True):
            columns.append(pa.array(column, from_pandas=True).cast(field.type))
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self.rows += len(codes)


def _range(file: pq.ParquetFile, low: str | None, high: str | None) -> pa.Table:
    """The tiles of the customers from `low` to before `high`; None is no bound."""
    groups = [
        number
        for number, (first, last) in enumerate(_bounds(file))
        if (low is None or last >= low) and (high is None or first < high)
    ]
    tiles = file.read_row_groups(groups, use_threads=False)
    ids = tiles["customer_id"]
    if low is not None:
        tiles = tiles.slice(pc.sum(pc.less(ids, low)).as_py() or 0)
    if high is not None:
        tiles = tiles.slice(0, pc.sum(pc.less(tiles["customer_id"], high)).as_py() or 0)
    return tiles


def _bounds(file: pq.ParquetFile) -> list[tuple[str, str]]:
    """The first and the last customer of each row group."""
    metadata = file.metadata
    statistics = [
        metadata.row_group(number).column(0).statistics for number in range(file.num_row_groups)
    ]
    return [(one.min, one.max) for one in statistics]
