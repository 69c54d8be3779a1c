"""Random events of every table with every column filled: what two engines must agree on."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa

from features.contracts import EPOCH, FOREVER, Column
from features.schema import EVENT_TABLES

FIRST_DAY = date(2024, 1, 1)
MARKETS = ("US", "DE", "JP")
DAYS = 400

KINDS = {
    "orders": ("order", "order", "order", "refund"),
    "visits": ("view", "search", "like", "post"),
    "emails": ("sent", "opened", "clicked", "bounced", "complained", "unsubscribed"),
    "tickets": ("opened", "closed"),
    "surveys": ("nps", "csat"),
    "loyalty": ("earned", "spent", "expired", "tier"),
    "subscriptions": ("started", "ended"),
    "contacts": ("contact", "offer"),
}


def every_table(
    *, rows: int = 300, customers: int = 40, late_share: float = 0.2, seed: int = 1
) -> dict[str, pa.Table]:
    """Events of all tables; some came days late, some were replaced by a later row."""
    rng = np.random.default_rng(seed)
    return {name: _table(name, rng, rows, customers, late_share) for name in EVENT_TABLES}


def _table(
    name: str, rng: np.random.Generator, rows: int, customers: int, late_share: float
) -> pa.Table:
    contract = EVENT_TABLES[name]
    days = rng.integers(0, DAYS, rows)
    known_from = days + rng.integers(1, 40, rows) * (rng.random(rows) < late_share)
    replaced = rng.random(rows) < late_share / 2
    known_to = [
        _day(start + more) if gone else FOREVER
        for start, more, gone in zip(known_from, rng.integers(1, 90, rows), replaced, strict=True)
    ]
    given: dict[str, object] = {
        # Not ASCII alone: the order of customers is that of their bytes on every engine.
        "customer_id": [f"{'Zé'[n % 2]}-{n}" for n in rng.integers(0, customers, rows)],
        "occurred_at": [_noon(day) for day in days],
        "day": [_day(day) for day in days],
        "known_from": [_day(day) for day in known_from],
        "known_to": known_to,
        "market": list(rng.choice(MARKETS, rows)),
    }
    for column in contract.columns:
        if column.name not in given:
            given[column.name] = _values(column, name, rng, rows)
    if name == "orders":
        refunds = np.array(given["kind"]) == "refund"
        given["amount_minor"] = np.where(refunds, -1, 1) * rng.integers(1, 10**6, rows)
    return contract.filled(given)


def _values(column: Column, table: str, rng: np.random.Generator, rows: int) -> list[object]:
    if column.name == "kind":
        values: list[object] = list(rng.choice(KINDS[table], rows))
    elif column.type == pa.string():
        # More different words than there are bits.
        values = [f"{column.name} {word}" for word in rng.integers(0, 70, rows)]
    elif column.type == pa.bool_():
        values = (rng.random(rows) < 0.5).tolist()
    elif column.type == pa.int16():
        values = rng.integers(0, 1440, rows).tolist()
    elif column.name.endswith("_day"):
        values = ((FIRST_DAY - EPOCH).days + rng.integers(-30, DAYS + 90, rows)).tolist()
    else:
        values = rng.integers(0, 2_000, rows).tolist()
    if not column.required:
        empty = rng.random(rows) < 0.1
        values = [None if gone else value for gone, value in zip(empty, values, strict=True)]
    return values


def without_time(events: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The same events, all known on their day and for ever."""
    return {
        name: EVENT_TABLES[name].filled(
            {column: rows[column] for column in rows.column_names if "known" not in column}
        )
        for name, rows in events.items()
    }


def _day(number: int) -> date:
    return FIRST_DAY + timedelta(days=int(number))


def _noon(number: int) -> datetime:
    day = _day(number)
    return datetime(day.year, day.month, day.day, 12, 30, tzinfo=UTC)
