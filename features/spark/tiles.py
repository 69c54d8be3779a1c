"""Day tiles on Spark: the SQL text of `features.tiles`, word for word."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from features.catalog import catalogue
from features.declarations import Measure
from features.histories import Histories
from features.shape import Shape
from features.spark.session import from_arrow
from features.tiles import (
    bit_columns,
    bit_table,
    families,
    market_table,
    prepared_sql,
    tile_keys,
    tile_sql,
    word_columns,
)

_MOST_HASH = 2**32


def spark_tiles(
    session: SparkSession, events: Mapping[str, DataFrame], shape: Shape
) -> dict[str, DataFrame]:
    """The tiles of every family that is made of these tables.

    While it plans, the session's temporary views `<table>`, `<table>_events`,
    `<table>_<column>_bits` and `market_numbers` are used; afterwards they are dropped.
    """
    tiles: dict[str, DataFrame] = {}
    for table, frame in events.items():
        if measures := catalogue(shape).of_table(table):
            tiles |= _tiles_of_table(session, table, frame, measures, shape)
    return {family: tiles[family] for family in catalogue(shape).families if family in tiles}


def histories_from_spark(
    tiles: Mapping[str, DataFrame], shape: Shape, *, share: float = 1.0
) -> Histories:
    """The histories of these tiles in memory; of a share of the customers, always the same ones.

    A family of the shape that has no tiles here is empty.
    """
    families = catalogue(shape).families
    found = {
        family: _in_memory(_of_some(frame, share), families[family])
        for family, frame in tiles.items()
    }
    return Histories({**Histories.from_events({}, shape).tiles, **found}, shape)


def _tiles_of_table(
    session: SparkSession, table: str, events: DataFrame, measures: Sequence[Measure], shape: Shape
) -> dict[str, DataFrame]:
    bits = bit_columns(measures, table)
    vocabularies = dict(shape.vocabulary)
    views = {f"{table}_events": events}
    for column in bits:
        known = bit_table(vocabularies.get(f"{table}.{column}", ()))
        views[f"{table}_{column}_bits"] = f.broadcast(from_arrow(session, known))
    views["market_numbers"] = f.broadcast(from_arrow(session, market_table(shape.markets)))
    for name, frame in views.items():
        frame.createOrReplaceTempView(name)
    try:
        words = word_columns(measures, table)
        prepared = session.sql(prepared_sql(table, bits, shape.markets, words))
        prepared.createOrReplaceTempView(table)
        return {
            family: session.sql(tile_sql(columns)) for family, columns in families(measures).items()
        }
    finally:
        for name in (*views, table):
            session.catalog.dropTempView(name)


def _of_some(tiles: DataFrame, share: float) -> DataFrame:
    if share >= 1:
        return tiles
    # MD5 is the same everywhere and for ever, so a customer stays in the sample.
    place = f.conv(f.substring(f.md5("customer_id"), 1, 8), 16, 10).cast("bigint")
    return tiles.where(place < int(share * _MOST_HASH))


def _in_memory(tiles: DataFrame, measures: Sequence[Measure]) -> pa.Table:
    """The tiles as DuckDB gives them: sorted, and without Spark's word on what may be empty."""
    found = tiles.toArrow()
    schema = pa.schema([pa.field(field.name, field.type) for field in found.schema])
    return found.cast(schema).sort_by([(name, "ascending") for name in tile_keys(measures)])
