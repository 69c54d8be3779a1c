"""Whether two engines computed the same features: counts and money exactly, the rest to 1e-9."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.features_bench.definitions import FEATURES, Definition

TOLERANCE = 1e-9
"""Relative; floating-point sums depend on the order of addition."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rows and features compared, and what differs: a text per feature, none if all agree."""

    rows: int
    features: int
    differences: tuple[str, ...]


def compare(folder: Path, reference: Path) -> Comparison:
    """Every file of `folder` against the one of the same name in `reference`.

    An engine that has only some of the sixty features is compared in those.
    """
    rows, checked = 0, list(FEATURES)
    differences: list[str] = []
    with duckdb.connect() as connection:
        for path in sorted(folder.glob("*.parquet")):
            columns = connection.sql(f"SELECT * FROM '{path}' LIMIT 0").columns
            checked = [one for one in FEATURES if one.name in columns]
            n_rows, *different = _compared(connection, path, reference / path.name, checked)
            rows += n_rows
            names = ["the set of rows", *(one.name for one in checked)]
            differences += [
                f"{path.stem}: {name} differs in {count:,} rows"
                for name, count in zip(names, different, strict=True)
                if count
            ]
    if not rows:
        differences.append("there are no rows")
    return Comparison(rows, len(checked), tuple(differences))


def _compared(
    connection: duckdb.DuckDBPyConnection, mine: Path, theirs: Path, checked: list[Definition]
) -> tuple[int, ...]:
    """Number of rows, of rows that only one side has, and of differing rows by feature."""
    counts = ", ".join(
        f"count(*) FILTER ({_differs(one.name, exact=one.kind == 'whole')})" for one in checked
    )
    query = (
        "SELECT count(*), count(*) FILTER (a.customer_id IS NULL OR b.customer_id IS NULL),"
        f" {counts}"
        f" FROM '{mine}' AS a FULL JOIN '{theirs}' AS b"
        " ON a.customer_id = b.customer_id AND a.cutoff = b.cutoff"
    )
    return connection.sql(query).fetchall()[0]


def _differs(name: str, *, exact: bool) -> str:
    a, b = f"a.{name}", f"b.{name}"
    if exact:
        return f"{a} IS DISTINCT FROM {b}"
    return (
        f"({a} IS NULL) <> ({b} IS NULL)"
        f" OR NOT coalesce(abs({a} - {b}) <= {TOLERANCE} * greatest(abs({b}), 1), true)"
    )
