"""The feature matrix on Spark: the one kernel, over the customers of one partition at a time.

All tiles of a customer travel together: the families are laid one under the other in one table of
64-bit integers, cut by customer and sorted. The workers are told the shape and the cutoffs as data.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial, reduce
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from features.catalog import catalogue
from features.contracts import EPOCH
from features.declarations import Ints, Measure
from features.histories import Histories
from features.matrix import Rows, asked
from features.shape import Shape
from features.spark.session import Batches, mapped
from features.tile_index import TileIndex
from features.tiles import KEYS, tile_keys
from features.user_groups import GroupFiles, group_files, groups_of

ROWS_PER_BATCH = 10_000
_LAID = ("family", "customer_id", "value", *KEYS[1:], "happened_day")
_ASKED = -1
"""The family of rows that are no tiles but the cutoffs of single customers."""

Cutoffs: TypeAlias = Sequence[date] | DataFrame


@dataclass(frozen=True, slots=True)
class Question:
    """What the workers are told: the shape as JSON, own groups as text, cutoffs as days since 1970.

    Without `days` the cutoffs of single customers come among the tiles.
    """

    shape: str
    groups: GroupFiles
    days: tuple[int, ...]
    known_then: bool


def spark_matrix(
    tiles: Mapping[str, DataFrame],
    shape: Shape,
    cutoffs: Cutoffs,
    *,
    partitions: int,
    known_then: bool = True,
) -> DataFrame:
    """The rows of `features.matrix.matrix`, bit for bit, in no order of their own.

    A family of the shape that has no tiles here is empty. `cutoffs` are days, or a frame of
    `customer_id` and `cutoff`. Columns are `customer_id`, `market` as text,
    `cutoff` as a date, then the features, NaN where unknown.
    """
    found = catalogue(shape)
    width = max(len(measures) for measures in found.families.values())
    laid = [
        _laid(tiles[family], number, measures, width)
        for number, (family, measures) in enumerate(found.families.items())
        if family in tiles
    ]
    days: tuple[int, ...] = ()
    if isinstance(cutoffs, DataFrame):
        laid.append(_laid_questions(cutoffs, width))
    else:
        days = tuple((cutoff - EPOCH).days for cutoff in cutoffs)
    together = reduce(DataFrame.unionAll, laid).repartition(partitions, "customer_id")
    groups = group_files(shape.groups)
    question = Question(json.dumps(shape.to_dict()), groups, days, known_then=known_then)
    function = partial(rows_of_partition, question=question)
    return mapped(together.sortWithinPartitions(*_LAID), function, matrix_schema(shape))


def matrix_schema(shape: Shape) -> pa.Schema:
    """The Arrow schema of the rows."""
    keys = [("customer_id", pa.string()), ("market", pa.string()), ("cutoff", pa.date32())]
    return pa.schema(keys + [(one.name, pa.float64()) for one in catalogue(shape).features])


def rows_of_partition(batches: Batches, question: Question) -> Batches:
    """The rows of the customers of these batches, cutoff by cutoff; runs on the workers."""
    parts = list(batches)
    if not parts:
        return
    read = Shape.from_dict(json.loads(question.shape), groups_of(question.groups))
    laid = pa.Table.from_batches(parts)
    histories = _histories(laid, read)
    index = TileIndex.of(histories)
    for codes, cutoff_days in _questions(index, laid, question.days):
        rows = Rows.of(
            index, codes, cutoff_days, histories.catalogue, known_then=question.known_then
        )
        yield from _batches(rows, index)


def _laid(tiles: DataFrame, number: int, measures: Sequence[Measure], width: int) -> DataFrame:
    by, keys = measures[0].by, tile_keys(measures)
    return tiles.select(
        f.lit(number).alias("family"),
        "customer_id",
        (f.col(by) if by else _empty("string")).alias("value"),
        *KEYS[1:],
        f.col("happened_day") if "happened_day" in keys else _empty("date").alias("happened_day"),
        *(f.col(measure.name).alias(f"m{at}") for at, measure in enumerate(measures)),
        *(_empty("bigint").alias(f"m{at}") for at in range(len(measures), width)),
    )


def _laid_questions(cutoffs: DataFrame, width: int) -> DataFrame:
    return cutoffs.select(
        f.lit(_ASKED).alias("family"),
        "customer_id",
        _empty("string").alias("value"),
        f.col("cutoff").cast("date").alias("day"),
        *(_empty("date").alias(name) for name in (*KEYS[2:], "happened_day")),
        *(_empty("bigint").alias(f"m{at}") for at in range(width)),
    )


def _empty(kind: str) -> Column:
    return f.lit(None).cast(kind)


def _histories(laid: pa.Table, shape: Shape) -> Histories:
    """The tiles of each family again, with their own names."""
    tiles = {}
    for number, (family, measures) in enumerate(catalogue(shape).families.items()):
        mine = laid.filter(pc.equal(laid["family"], number))
        by = measures[0].by
        columns = {key: mine["value" if key == by else key] for key in tile_keys(measures)}
        columns |= {measure.name: mine[f"m{at}"] for at, measure in enumerate(measures)}
        tiles[family] = pa.table(columns)
    return Histories(tiles, shape)


def _questions(
    index: TileIndex, laid: pa.Table, days: tuple[int, ...]
) -> Iterator[tuple[Ints, Ints]]:
    """Customer codes and cutoff days, in portions that fit in memory."""
    codes = np.arange(index.customer_count, dtype=np.int64)
    for day in days:
        yield codes, np.full(len(codes), day, dtype=np.int64)
    mine = laid.filter(pc.equal(laid["family"], _ASKED))
    for start in range(0, len(mine), ROWS_PER_BATCH):
        portion = mine.slice(start, ROWS_PER_BATCH)
        spine = portion.select(["customer_id", "day"]).rename_columns(["customer_id", "cutoff"])
        yield asked(index, spine.to_pandas(date_as_object=False))


def _batches(rows: Rows, index: TileIndex) -> Batches:
    columns = [
        index.customer_ids.take(rows.codes),
        pa.array(index.shape.markets, pa.string()).take(rows.market_numbers),
        pa.array(rows.cutoff_days.astype(np.int32)).cast(pa.date32()),
        *(pa.array(values) for values in rows.features),
    ]
    table = pa.table(columns, schema=matrix_schema(index.shape))
    yield from table.to_batches(max_chunksize=ROWS_PER_BATCH)
