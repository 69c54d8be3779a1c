"""Events on Spark: read in their contract, and asked for the shape of the business."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from features.contracts import Column, Table
from features.errors import DataError, MissingColumns
from features.schema import EVENT_TABLES
from features.shape import Shape
from features.spark.session import SPARK_TYPES
from features.tiles import MOST_WORDS


def read_events(session: SparkSession, table: str, paths: Sequence[str | Path]) -> DataFrame:
    """Accepted events from Parquet, in the contract of their table.

    Optional columns that the files do not have are empty. Raises MissingColumns, or DataError for
    a column of another type.
    """
    contract = EVENT_TABLES[table]
    frame = session.read.parquet(*(str(path) for path in paths))
    _check(frame, contract, f"{table} in {paths[0]}")
    return frame.select(*(_in_contract(frame, column) for column in contract.columns))


def shape_on_spark(events: Mapping[str, DataFrame], business: Shape) -> Shape:
    """The shape of these events, as `Shape.of` gives it for events in memory.

    `business` says what no events can say (markets, currency, words, groups, holidays): it is the
    shape of no events, as `Shape.of({}, …)` and `ingestion.shape_of({}, settings)` give it.
    """
    filled = _filled(events)
    few = [
        f"{table}.{column.name}"
        for table in events
        for column in EVENT_TABLES[table].columns
        if column.few and f"{table}.{column.name}" in filled
    ]
    found = _commonest(events, few)
    words = tuple((name, found[name]) for name in few)
    available = business.available | set(events) | filled
    return replace(business, available=available, vocabulary=words)


def _filled(events: Mapping[str, DataFrame]) -> frozenset[str]:
    """The optional columns that have a value in any row, in one job for all tables."""
    counts = []
    for table, frame in events.items():
        names = [one.name for one in EVENT_TABLES[table].columns if not one.required]
        counted = frame.agg(*(f.count(name).alias(name) for name in names))
        counts.append(_under_each_other(counted, {f"{table}.{name}": name for name in names}))
    rows = reduce(DataFrame.unionAll, counts).where("value > 0").collect()
    return frozenset(row["name"] for row in rows)


def _commonest(events: Mapping[str, DataFrame], names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The commonest values of each column, sorted, in one job for all columns."""
    if not names:
        return {}
    values = []
    for table, frame in events.items():
        columns = {name: name.split(".")[1] for name in names if name.split(".")[0] == table}
        if columns:
            values.append(_under_each_other(frame, columns))
    found = reduce(DataFrame.unionAll, values).where("value IS NOT NULL")
    order = Window.partitionBy("name").orderBy(f.desc("count"), f.asc("value"))
    ranked = found.groupBy("name", "value").count().withColumn("place", f.row_number().over(order))
    rows = ranked.where(f.col("place") <= MOST_WORDS).collect()
    return {
        name: tuple(sorted(row["value"] for row in rows if row["name"] == name)) for name in names
    }


def _under_each_other(frame: DataFrame, columns: Mapping[str, str]) -> DataFrame:
    """Columns of one type as rows of `name` and `value`."""
    pairs = [
        f.struct(f.lit(name).alias("name"), f.col(column).alias("value"))
        for name, column in columns.items()
    ]
    return frame.select(f.explode(f.array(*pairs)).alias("one")).select("one.*")


def _check(frame: DataFrame, contract: Table, what: str) -> None:
    found = dict(frame.dtypes)
    missing = [one.name for one in contract.columns if one.required and one.name not in found]
    if missing:
        message = f"{what} lacks {', '.join(missing)}; write it in the contract of the table."
        raise MissingColumns(message)
    for column in contract.columns:
        wanted = _type(column)
        if found.get(column.name, wanted) != wanted:
            message = (
                f"{what}: column {column.name} is {found[column.name]} and must be {wanted}; "
                "write it in the contract of the table."
            )
            raise DataError(message)


def _in_contract(frame: DataFrame, column: Column) -> SparkColumn:
    if column.name in frame.columns:
        return f.col(column.name)
    return f.lit(None).cast(_type(column)).alias(column.name)


def _type(column: Column) -> str:
    return SPARK_TYPES[column.type]
