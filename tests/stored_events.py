"""Events by hand for the tests of the store, and a small GROUP BY that makes tiles of them."""

import atexit
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from features.store.histories import Stored, read

FIRST_DAY = date(2024, 1, 1)
FOREVER = date(9999, 12, 31)
CONNECTION = duckdb.connect(config={"threads": 1})
atexit.register(CONNECTION.close)
MERGES = {"largest": "max", "smallest": "min", "kinds": "or"}

ORDERS_SQL = """
    SELECT customer_id, day, known_from, known_to,
        COUNT(*) AS events,
        CAST(SUM(amount) AS BIGINT) AS total,
        MAX(amount) AS largest,
        MIN(amount) AS smallest,
        BIT_OR(CAST(1 << (abs(amount) % 5) AS BIGINT)) AS kinds
    FROM events GROUP BY ALL
"""
PRODUCTS_SQL = """
    SELECT customer_id, product AS value, day, known_from, known_to, COUNT(*) AS events
    FROM events GROUP BY ALL
"""


@dataclass(frozen=True)
class Event:
    """One event; without an id it is known by its day and amount."""

    customer: str = "ada"
    day: int = 0
    amount: int = 100
    known: int = 0
    id: str | None = None
    product: str | None = "tea"


def hashes(parts: Iterable[object]) -> tuple[int, int]:
    """128 bits of these parts as two numbers."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:16], "little")


def event_table(events: Iterable[Event]) -> pa.Table:
    """Events as the store takes them."""
    events = list(events)
    content = [hashes(("content", one.day, one.amount, one.product)) for one in events]
    keys = [
        hashes(
            (one.customer, one.id) if one.id else (one.customer, one.day, one.amount, one.product)
        )
        for one in events
    ]
    words = np.array([[*key, *said] for key, said in zip(keys, content, strict=True)], np.uint64)
    words = words.reshape(-1, 4)
    return pa.table(
        {
            "customer_id": pa.array([one.customer for one in events], pa.string()),
            "event_id": pa.array([one.id for one in events], pa.string()),
            "day": pa.array([FIRST_DAY + timedelta(one.day) for one in events], pa.date32()),
            "known_from": pa.array(
                [FIRST_DAY + timedelta(one.known) for one in events], pa.date32()
            ),
            "known_to": pa.array([FOREVER for _ in events], pa.date32()),
            "amount": pa.array([one.amount for one in events], pa.int64()),
            "product": pa.array([one.product for one in events], pa.string()),
            "key_0": words[:, 0],
            "key_1": words[:, 1],
            "content_0": words[:, 2],
            "content_1": words[:, 3],
        }
    )


def build_tiles(table: str, events: pa.Table) -> dict[str, pa.Table]:
    """Tiles per day, and per day and product."""
    with CONNECTION.cursor() as connection:
        connection.register("events", events)
        return {
            "orders": connection.sql(ORDERS_SQL).to_arrow_table(),
            "products": connection.sql(PRODUCTS_SQL).to_arrow_table(),
        }


def all_tiles(stored: Stored, family: str) -> list[dict[str, object]]:
    """Every tile of a family, bucket by bucket."""
    return [row for b in stored.buckets() for row in stored.read_tiles(family, b).to_pylist()]


def all_events(stored: Stored, table: str = "orders") -> list[dict[str, object]]:
    """Every stored version of every event, bucket by bucket."""
    return [row for b in stored.buckets() for row in stored.read_events(table, b).to_pylist()]


def everything(folder: Path) -> tuple[list[dict[str, object]], ...]:
    """All that a reader can see."""
    stored = read(folder)
    return (
        all_events(stored),
        *(all_tiles(stored, family) for family in stored.families()),
    )


def whole_files(folder: Path) -> list[str]:
    """Every file below a folder but the lock."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    )
