"""Whether two engines computed the same features: counts and money exactly, the rest to 1e-9."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.features_bench.definitions import FEATURES

TOLERANCE = 1e-9
"""Relative; floating-point sums depend on the order of addition."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rows compared, and what differs: text per feature, empty if all agree."""

    rows: int
    differences: tuple[str, ...]


def compare(folder: Path, reference: Path, columns: tuple[str, ...] = ()) -> Comparison:
    """Every file of `folder` against the one of the same name in `reference`.

    `columns` are the features compared, all sixty if empty.
    """
    rows = 0
    differences: list[str] = []
    with duckdb.connect() as connection:
        for path in sorted(folder.glob("*.parquet")):
            n_rows, n_different, names = _compare_file(connection, path, reference / path.name, columns)
            rows += n_rows
            differences += [
                f"{path.stem}: {name} differs in {count:,} rows"
                for name, count in zip(names, n_different, strict=True)
                if count
            ]
    return Comparison(rows, tuple(differences))


def _compare_file(
    connection: duckdb.DuckDBPyConnection, mine: Path, theirs: Path, columns: tuple[str, ...]
) -> tuple[int, list[int], list[str]]:
    checked = [one for one in FEATURES if not columns or one.name in columns]
    counts = ", ".join(
        f"count(*) FILTER ({_differs(one.name, exact=one.kind == 'whole')})" for one in checked
    )
    query = (
        f"SELECT count(*), count(*) FILTER (a.customer_id IS NULL OR b.customer_id IS NULL), {counts}"
        f" FROM '{mine}' AS a FULL JOIN '{theirs}' AS b"
        " ON a.customer_id = b.customer_id AND a.cutoff = b.cutoff"
    )
    n_rows, *different = connection.sql(query).fetchall()[0]
    return int(n_rows), different, ["the set of rows", *(one.name for one in checked)]


def _differs(name: str, *, exact: bool) -> str:
    a, b = f"a.{name}", f"b.{name}"
    if exact:
        return f"{a} IS DISTINCT FROM {b}"
    return (
        f"({a} IS NULL) <> ({b} IS NULL)"
        f" OR NOT coalesce(abs({a} - {b}) <= {TOLERANCE} * greatest(abs({b}), 1), true)"
    )
