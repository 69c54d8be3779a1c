"""Our own tasks. Each leaves its result in `work.output`; `tasks.PRODUCT` says what it may use.

`rows` writes a Parquet file per cutoff, `own_cutoffs` one file; preparation that is not to be
counted ends with `work.watch.restart()`.
"""

import os
import shutil
import time
from contextlib import ExitStack
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.features_bench import product_store, product_tiles
from benchmarks.features_bench.log import EPOCH
from benchmarks.features_bench.product_tiles import RowsFile, first_days, index_of
from benchmarks.features_bench.workspace import Facts, Workspace, peak_megabytes
from features.declarations import Ints
from features.store.histories import read
from features.tile_index import TileIndex

# One thread, as every engine has: Arrow takes its number from no other place on every system.
pa.set_cpu_count(1)
pa.set_io_thread_count(1)

STORE = "regulars-tiles"
"""The task whose folder holds the tiles."""

DAY = "regulars-day"
LIVE_CUSTOMERS = 400


def tiles(work: Workspace) -> Facts:
    """Tiles of the log into `work.output`."""
    rows = sum(
        product_tiles.write_tiles(sorted((work.log / table).glob("*.parquet")), table, work.output)
        for table in product_store.TABLES
    )
    return {"rows": rows}


def rows(work: Workspace) -> Facts:
    """Features of every customer at `work.cutoffs` from the tiles."""
    return {"rows": _rows(work, work.of(STORE))}


def own_cutoffs(work: Workspace) -> Facts:
    """Features of every customer at the cutoff that `spine.parquet` gives her."""
    spine = pq.read_table(work.log / "spine.parquet", use_threads=False)
    asked, cutoffs = spine["customer_id"].combine_chunks(), _days(spine["cutoff"])
    with RowsFile(work.output / "own.parquet") as file:
        for part in product_tiles.parts(work.of(STORE)):
            index = index_of(part)
            places = pc.index_in(index.customer_ids, value_set=asked)
            codes = np.flatnonzero(places.is_valid())
            days = cutoffs[places.drop_null().to_numpy()]
            known = first_days(index)[codes] < days
            file.write(index, codes[known], days[known])
        return {"rows": file.rows}


def append_day(work: Workspace) -> Facts:
    """A store of the log (not counted), then the files of the day after added to it."""
    folder = work.output / "store"
    product_store.build_store(work.log, folder)
    files = {table: work.log / "next_day" / f"{table}.parquet" for table in product_store.TABLES}
    # What building left for the disk to write is not the day's.
    os.sync()
    work.watch.restart()
    return {"rows": product_store.append_files(files, folder)}


def refresh(work: Workspace) -> Facts:
    """Features of all customers the day after, from the store."""
    stored = read(work.of(DAY) / "store")
    cutoff = work.cutoffs[-1] + timedelta(days=1)
    with RowsFile(work.rows(cutoff)) as file:
        for bucket in stored.buckets():
            index = index_of(product_store.bucket_tiles(stored, bucket))
            codes, days = _known(index, cutoff)
            file.write(index, codes, days)
        return {"rows": file.rows}


def one_customer(work: Workspace) -> Facts:
    """Features of one customer from her tiles in memory, index included, for many customers."""
    several = [_of_one(part) for part in islice(product_tiles.parts(work.of(STORE)), 1)]
    customers = [one for part in several for one in part]
    day = np.array([_day(work.cutoffs[-1])])
    code = np.zeros(1, dtype=np.int64)
    took = []
    work.watch.restart()
    for one in customers:
        start = time.perf_counter()
        product_tiles.values_at(index_of(one), code, day)
        took.append((time.perf_counter() - start) * 1000)
    median, p99 = np.percentile(took, [50, 99])
    return {"ms_median": float(median), "ms_p99": float(p99)}


def erase(work: Workspace) -> Facts:
    """A copy of the store (not counted), then one customer erased from it."""
    folder = work.output / "store"
    shutil.copytree(work.of(DAY) / "store", folder)
    customer_id = product_store.bucket_tiles(read(folder), 0)["visits"]["customer_id"][0].as_py()
    os.sync()
    work.watch.restart()
    return {"rows": product_store.erase_one(customer_id, folder)}


def everything(work: Workspace) -> Facts:
    """Tiles and features of a log of 100 million events; the peak of memory is what counts."""
    tiles(work)
    made = _rows(work, work.output)
    return {"rows": made, "peak_gb": peak_megabytes() / 1024}


def _rows(work: Workspace, folder: Path) -> int:
    with ExitStack() as stack:
        files = [stack.enter_context(RowsFile(work.rows(cutoff))) for cutoff in work.cutoffs]
        for part in product_tiles.parts(folder):
            index = index_of(part)
            for cutoff, file in zip(work.cutoffs, files, strict=True):
                codes, days = _known(index, cutoff)
                file.write(index, codes, days)
        return sum(file.rows for file in files)


def _known(index: TileIndex, cutoff: date) -> tuple[Ints, Ints]:
    """Codes of the customers with a tile before the cutoff, and the cutoff for each."""
    codes = np.flatnonzero(first_days(index) < _day(cutoff))
    return codes, np.full(len(codes), _day(cutoff))


def _of_one(part: product_tiles.Tiles) -> list[dict[str, pa.Table]]:
    """The tiles of some customers, drawn from a seed, each apart."""
    ids = part["orders"]["customer_id"].unique()
    drawn = np.random.default_rng(1).choice(len(ids), min(LIVE_CUSTOMERS, len(ids)), replace=False)
    return [
        {
            name: table.filter(pc.equal(table["customer_id"], ids[int(place)])).combine_chunks()
            for name, table in part.items()
        }
        for place in drawn
    ]


def _day(day: date) -> int:
    return (day - EPOCH).days


def _days(column: pa.ChunkedArray) -> Ints:
    return column.cast(pa.int32()).to_numpy().astype(np.int64)
