"""What the same build costs on DuckDB and on Spark, and whether every bit is equal.

    python benchmarks/spark.py              2 million events
    python benchmarks/spark.py 20_000_000   as many as you like

Processor seconds are those of this process and everything that it started, Java included, read
from /proc, so this runs on Linux only. Both engines read the same Parquet files.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# Another script here bears the name of a package: the repository is searched before this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features.contracts import EPOCH
from features.engine_settings import SparkSettings
from features.histories import Histories, fingerprint
from features.matrix import KEYS, matrix
from features.schema import EVENT_TABLES
from features.shape import Shape
from features.spark.events import read_events, shape_on_spark
from features.spark.rows import spark_matrix
from features.spark.session import spark_session
from features.spark.tiles import histories_from_spark, spark_tiles

FIRST_DAY = (date(2023, 1, 1) - EPOCH).days
DAYS = 730
CUTOFFS = [date(2024, month, 1) for month in (4, 7, 10, 12)]
EVENTS_PER_CUSTOMER = 40
SETTINGS = SparkSettings(
    master="local[2]",
    partitions=8,
    config={
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "8",
        "spark.driver.memory": "4g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    },
)


def main(count: int) -> None:
    """Print one line per step and engine."""
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        paths = write_events(folder, count)
        print(f"{count:,} events, {count // EVENTS_PER_CUSTOMER:,} customers, 4 cutoffs")
        with step("DuckDB: tiles"):
            known = Histories.from_events(paths, shape_of(paths))
        with step("DuckDB: rows, written"):
            rows = matrix(known, CUTOFFS)
            rows.to_parquet(folder / "rows.parquet")
        with step("Spark: start"):
            session = spark_session(SETTINGS)
            session.range(1).count()
        with step("Spark: shape"):
            frames = {name: read_events(session, name, files) for name, files in paths.items()}
            shape = shape_on_spark(frames, Shape.of({}, markets=("US",), currency="USD"))
        with step("Spark: tiles, written"):
            tiles = {}
            for name, frame in spark_tiles(session, frames, shape).items():
                frame.write.parquet(f"{folder}/tiles/{name}")
                tiles[name] = session.read.parquet(f"{folder}/tiles/{name}")
        with step("Spark: rows, written"):
            found = spark_matrix(tiles, shape, CUTOFFS, partitions=SETTINGS.partitions)
            found.write.parquet(f"{folder}/rows")
        same = fingerprint(histories_from_spark(tiles, shape)) == fingerprint(known)
        print(f"tiles equal: {same}")
        theirs = pq.read_table(folder / "rows").to_pandas(date_as_object=False)
        theirs = theirs.sort_values(["cutoff", "customer_id"], ignore_index=True)
        names = rows.columns.difference(KEYS)
        differing = [
            one for one in names if not np.array_equal(theirs[one], rows[one], equal_nan=True)
        ]
        order_equal = theirs["customer_id"].tolist() == rows["customer_id"].tolist()
        print(f"{len(rows):,} rows x {len(names)} features, same customers: {order_equal}")
        print(f"features that differ in any bit: {len(differing)}")


def write_events(folder: Path, count: int) -> dict[str, list[Path]]:
    """Orders and visits, half each, in files of a million, some days late."""
    rng = np.random.default_rng(1)
    paths: dict[str, list[Path]] = {"orders": [], "visits": []}
    for name, files in paths.items():
        left = count // 2
        while left > 0:
            files.append(folder / f"{name}-{len(files)}.parquet")
            pq.write_table(events(name, min(left, 10**6), count, rng), files[-1])
            left -= 10**6
    return paths


def events(name: str, rows: int, count: int, rng: np.random.Generator) -> pa.Table:
    """Random events, few customers having many."""
    customers = count // EVENTS_PER_CUSTOMER
    who = (customers * rng.random(rows) ** 2).astype(np.int64)
    days = FIRST_DAY + rng.integers(0, DAYS, rows)
    arrived = days + rng.integers(1, 20, rows) * (rng.random(rows) < 0.02)
    given: dict[str, object] = {
        "customer_id": pa.array(np.char.mod("C%08d", who), pa.string()),
        "occurred_at": pa.array(days * 86_400_000_000, pa.timestamp("us", tz="UTC")),
        "day": _dates(days),
        "minute": pa.array(rng.integers(0, 1440, rows), pa.int16()),
        "known_from": _dates(arrived),
        "known_to": _dates(np.full(rows, (date(9999, 12, 31) - EPOCH).days)),
        "market": pa.array(["US"]).take(pa.array(np.zeros(rows, np.int64))),
        "channel": _words(("web", "app", "store"), rng, rows),
    }
    if name == "orders":
        given["kind"] = _words(("order",) * 9 + ("refund",), rng, rows)
        given["amount_minor"] = pa.array(rng.integers(100, 20_000, rows))
        given["quantity"] = pa.array(rng.integers(1, 5, rows))
        given["order_id"] = pa.array(np.char.mod("%d", rng.integers(0, count, rows)), pa.string())
        given["product"] = pa.array(np.char.mod("P%d", rng.integers(0, 500, rows)), pa.string())
        given["category"] = _words(tuple("abcdefgh"), rng, rows)
    else:
        given["kind"] = _words(("view", "search", "like"), rng, rows)
        given["seconds"] = pa.array(rng.integers(0, 900, rows))
    return EVENT_TABLES[name].filled(given)


def shape_of(paths: dict[str, list[Path]]) -> Shape:
    """The shape of the events, read by Arrow."""
    tables = {name: pa.concat_tables(map(pq.read_table, files)) for name, files in paths.items()}
    return Shape.of(tables, markets=("US",), currency="USD")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print what the block took."""
    started, used = time.perf_counter(), processor_seconds()
    yield
    wall, processor = time.perf_counter() - started, processor_seconds() - used
    print(f"{name:24} {processor:7.1f} s of processor time, {wall:6.1f} s", flush=True)


def processor_seconds() -> float:
    """Processor seconds so far, of this process and its descendants, ended children included."""
    parents, seconds = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            parents[int(entry.name)] = int(fields[1])
            seconds[int(entry.name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    mine = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
        mine |= more
    return sum(seconds[pid] for pid in mine)


def equal(theirs: pd.Series, ours: pd.Series) -> bool:
    """Whether every value has the same bits; not a number equals itself."""
    return np.array_equal(theirs, ours, equal_nan=True)


def _dates(days: np.ndarray) -> pa.Array:
    return pa.array(days.astype(np.int32)).cast(pa.date32())


def _words(words: tuple[str, ...], rng: np.random.Generator, rows: int) -> pa.Array:
    return pa.array(words).take(pa.array(rng.integers(0, len(words), rows)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000)
