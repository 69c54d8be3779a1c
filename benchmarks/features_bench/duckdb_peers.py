"""DuckDB's tasks: the floors, SQL over the log, SQL over day tiles."""

from datetime import date

import duckdb

from benchmarks.features_bench import sql
from benchmarks.features_bench.workspace import Facts, Workspace

TILES_TASK = "tiles-sql"


def scan_needed(work: Workspace) -> Facts:
    """Floor: read every column that a feature reads, once."""
    with _connected(work) as connection:
        for table, columns in sql.SCANNED.items():
            _touch(connection, table, columns)
    return {}


def scan_all(work: Workspace) -> Facts:
    """Floor: read every column of both tables once."""
    with _connected(work) as connection:
        for table in sql.SCANNED:
            _touch(connection, table, tuple(connection.table(table).columns))
    return {}


def scan_and_group(work: Workspace) -> Facts:
    """Floor: read what a feature reads and group it by customer, one sum each."""
    rows = 0
    with _connected(work) as connection:
        for table, columns in sql.SCANNED.items():
            sums = _touching(connection, table, columns[1:])
            grouped = f"SELECT customer_id, {sums} FROM {table} GROUP BY customer_id"
            # The outer sums keep the optimiser from leaving out the inner ones.
            rows += _one(
                connection, f"SELECT count(*), sum(COLUMNS(* EXCLUDE customer_id)) FROM ({grouped})"
            )
    return {"rows": rows}


def filter_per_window(work: Workspace) -> Facts:
    """The log scanned per cutoff, one FILTER per window."""
    return _per_cutoff(work, sql.FILTER)


def two_level(work: Workspace) -> Facts:
    """The log scanned per cutoff, days first, then windows over days."""
    return _per_cutoff(work, sql.TWO_LEVEL)


def tiles(work: Workspace) -> Facts:
    """Day tiles of the whole log, once."""
    with _connected(work) as connection:
        path = work.output / "tiles.parquet"
        connection.execute(f"COPY ({sql.TILES}) TO '{path}' (COMPRESSION zstd)")
        return {"rows": _one(connection, f"SELECT count(*) FROM '{path}'")}


def age_bins(work: Workspace) -> Facts:
    """Windows from tiles, by bins of age."""
    return _per_cutoff(work, sql.AGE_BINS)


def filter_on_tiles(work: Workspace) -> Facts:
    """Windows from tiles, one FILTER per window."""
    return _per_cutoff(work, sql.filter_tiles())


def own_cutoffs(work: Workspace) -> Facts:
    """Windows from tiles, every customer at a cutoff of her own."""
    query = sql.filter_tiles(own_cutoffs=True).format(cutoff="cutoff")
    with _connected(work) as connection:
        path = work.output / "own.parquet"
        connection.execute(f"COPY ({query}) TO '{path}' (COMPRESSION zstd)")
        return {"rows": _one(connection, f"SELECT count(*) FROM '{path}'")}


def _per_cutoff(work: Workspace, query: str) -> Facts:
    rows = 0
    with _connected(work) as connection:
        for cutoff in work.cutoffs:
            text = query.format(cutoff=_literal(cutoff))
            path = work.rows(cutoff)
            connection.execute(f"COPY ({text}) TO '{path}' (COMPRESSION zstd)")
            rows += _one(connection, f"SELECT count(*) FROM '{path}'")
    return {"rows": rows}


def _connected(work: Workspace) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET threads = 1; SET preserve_insertion_order = false")
    connection.execute(f"SET temp_directory = '{work.output / 'spill'}'")
    sources = {
        "orders": work.files("orders"),
        "visits": work.files("visits"),
        "spine": str(work.log / "spine.parquet"),
    }
    if (work.of(TILES_TASK) / "tiles.parquet").exists():
        sources["tiles"] = str(work.of(TILES_TASK) / "tiles.parquet")
    for name, path in sources.items():
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{path}'")
    return connection


def _touch(connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...]) -> None:
    connection.sql(f"SELECT {_touching(connection, table, columns)} FROM {table}").fetchall()


def _touching(connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...]) -> str:
    """A cheap sum over each column: a count could be answered from the files' footers."""
    relation = connection.table(table)
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    by_type = {"VARCHAR": "sum(strlen({}))", "DATE": "sum({} - DATE '1970-01-01')"}
    by_type["TIMESTAMP WITH TIME ZONE"] = "sum(epoch_us({}))"
    return ", ".join(by_type.get(types[one], "sum({})").format(one) for one in columns)


def _literal(cutoff: date) -> str:
    return f"DATE '{cutoff}'"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.sql(query).fetchall()[0][0])
