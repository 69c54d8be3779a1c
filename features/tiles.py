"""Day tiles: small partial aggregates per customer and local day, made by one portable GROUP BY.

A tile says what one day of a customer adds up to, and when that was known: it holds for cutoffs in
`(known_from, known_to]`. Each family of tiles comes from one table by one text of plain SQL
(`CASE WHEN`, `SUM`, `MAX`, `BIT_OR`) that DuckDB and Spark read alike. All columns are 64-bit
integers, so sums are exact whatever the order of addition.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import duckdb
import pyarrow as pa

from features.declarations import Measure
from features.word_codes import word_sql

KEYS = ("customer_id", "day", "known_from", "known_to")
MOST_WORDS = 62
"""So many values of a column have a bit of their own in a 64-bit integer; the rest share one."""

_REST_BIT = 1 << MOST_WORDS
_FOREVER = "DATE '9999-12-31'"

Events: TypeAlias = pa.Table | Sequence[Path]
"""Events of a table in its contract: in memory, or as Parquet files."""

Vocabularies: TypeAlias = Mapping[str, tuple[str, ...]]
"""The values that have a bit, by `table.column`; a value's bit is its place."""


def families(measures: Iterable[Measure]) -> dict[str, tuple[Measure, ...]]:
    """Measures by the family of tiles that they are columns of."""
    found: dict[str, list[Measure]] = {}
    for measure in measures:
        found.setdefault(measure.family, []).append(measure)
    return {family: tuple(columns) for family, columns in found.items()}


def tile_keys(measures: Sequence[Measure]) -> tuple[str, ...]:
    """The columns that name a tile of this family, in the order by which tiles are sorted.

    Tiles `at` another day also keep the day of their events, as `happened_day`.
    """
    by, at = measures[0].by, measures[0].at
    keys = KEYS if by is None else ("customer_id", by, *KEYS[1:])
    return keys if at is None else (*keys, "happened_day")


def tile_sql(measures: Sequence[Measure], *, late: bool = True) -> str:
    """The GROUP BY that turns the events of a table into the tiles of one family, in no order.

    It reads the view `prepared_sql` of the table. Without `late` all rows were known on their day
    and hold for ever, which spares the engine two keys.
    """
    first = measures[0]
    day = "day" if first.at is None else f"DATE_ADD(DATE '1970-01-01', CAST({first.at} AS INT))"
    keys = ["customer_id", *([first.by] if first.by else []), f"{day} AS day"]
    groups = ["customer_id", *([first.by] if first.by else []), day]
    known: tuple[str, ...] = ("day AS known_from", f"{_FOREVER} AS known_to")
    if late or first.at:
        known = "known_from", "known_to"
        groups += known
    if first.at:
        # Qualified, because `day` alone might be read as the column of the tile.
        known += (f"{first.table}.day AS happened_day",)
        groups.append(f"{first.table}.day")
    columns = [f"CAST({measure.sql} AS BIGINT) AS {measure.name}" for measure in measures]
    where = [f"{column} IS NOT NULL" for column in (first.by, first.at) if column]
    return (
        f"SELECT {', '.join([*keys, *known])},\n  " + ",\n  ".join(columns) + "\n"
        f"FROM {first.table}\n"
        + (f"WHERE {' AND '.join(where)}\n" if where else "")
        + f"GROUP BY {', '.join(groups)}"
    )


def prepared_sql(
    table: str, bits: Iterable[str], markets: Sequence[str], words: Iterable[str]
) -> str:
    """The view that tiles are made of: the events with the bits of their words and their market.

    The columns of `words` also come as numbers, `<column>_word`. It reads `<table>_events`, and
    `<table>_<column>_bits` with `word` and `bit` for each column of `bits`.
    """
    columns, joins = [f"{word_sql(f'e.{column}')} AS {column}_word" for column in words], []
    for column in bits:
        columns.append(
            f"CASE WHEN e.{column} IS NULL THEN NULL "
            f"ELSE COALESCE(b_{column}.bit, {_REST_BIT}) END AS {column}_bit"
        )
        joins.append(f"LEFT JOIN {table}_{column}_bits b_{column} ON e.{column} = b_{column}.word")
    number = "0"
    if len(markets) > 1:
        number = "COALESCE(m.market_number, 0)"
        joins.append("LEFT JOIN market_numbers m ON e.market = m.market")
    return " ".join(
        [
            "SELECT e.*,",
            ", ".join([*columns, f"{number} AS market_number"]),
            f"FROM {table}_events e",
            *joins,
        ]
    )


def bit_columns(measures: Iterable[Measure], table: str) -> list[str]:
    """The columns of a table whose values become bits."""
    columns = {
        need.split(".", 1)[1]
        for measure in measures
        if measure.table == table and measure.merge == "or"
        for need in measure.needs
    }
    return sorted(columns)


def word_columns(measures: Iterable[Measure], table: str) -> list[str]:
    """The columns of a table whose words become numbers."""
    columns = {
        column
        for measure in measures
        if measure.table == table
        for column in (need.split(".", 1)[1] for need in measure.needs)
        if f"{column}_word" in measure.sql
    }
    return sorted(columns)


def bit_table(words: Sequence[str]) -> pa.Table:
    """Each word with its bit, for `prepared_sql`."""
    return pa.table(
        {
            "word": pa.array(words, pa.string()),
            "bit": pa.array([1 << place for place in range(len(words))], pa.int64()),
        }
    )


def market_table(markets: Sequence[str]) -> pa.Table:
    """Each market with its place in the settings, for `prepared_sql`."""
    return pa.table(
        {
            "market": pa.array(markets, pa.string()),
            "market_number": pa.array(range(len(markets)), pa.int64()),
        }
    )


def build_tiles(
    table: str,
    events: Events,
    measures: Sequence[Measure],
    *,
    markets: Sequence[str],
    vocabularies: Vocabularies,
) -> dict[str, pa.Table]:
    """The tiles of every family of a table, by family; each sorted by its keys.

    `measures` are those of this table; a market that is not named counts as the first.
    """
    with _engine(os.getpid()).cursor() as connection:
        register(connection, table, events)
        bits = bit_columns(measures, table)
        for column in bits:
            words = vocabularies.get(f"{table}.{column}", ())
            connection.register(f"{table}_{column}_bits", bit_table(words))
        connection.register("market_numbers", market_table(markets))
        prepared = prepared_sql(table, bits, markets, word_columns(measures, table))
        connection.execute(f"CREATE TEMP VIEW {table} AS {prepared}")
        late = has_late(connection, table)
        return {
            family: connection.sql(tile_sql(columns, late=late))
            .order(", ".join(tile_keys(columns)))
            .to_arrow_table()
            for family, columns in families(measures).items()
        }


@lru_cache(maxsize=1)
def _engine(process: int) -> duckdb.DuckDBPyConnection:  # noqa: ARG001 - one for each process
    """An empty database; opening one takes longer than the tiles of one customer."""
    return duckdb.connect(config={"enable_external_access": True, "threads": 1})


def register(connection: duckdb.DuckDBPyConnection, table: str, events: Events) -> None:
    """Make the events of a table readable as `<table>_events`."""
    if isinstance(events, pa.Table):
        connection.register(f"{table}_events", events)
    else:
        connection.read_parquet([str(path) for path in events]).create_view(f"{table}_events")


def has_late(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether any event became known after its day, or was replaced."""
    sql = f"SELECT 1 FROM {table}_events WHERE known_from <> day OR known_to < {_FOREVER} LIMIT 1"  # noqa: S608
    # All of the result is fetched: an unfinished one would block the connection.
    return bool(connection.execute(sql).fetchall())
