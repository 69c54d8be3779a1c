"""Events by hand, for every table: what a test does not say is filled in plainly."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import ModuleType

import pandas as pd
import pyarrow as pa

from features.catalog import features_of
from features.contracts import EPOCH
from features.histories import Histories
from features.matrix import matrix
from features.schema import EVENT_TABLES
from features.shape import Shape

CUTOFF = date(2025, 6, 15)
"""A Sunday."""

Row = Mapping[str, object]


def day(age_days: int) -> date:
    """The day so long before the cutoff."""
    return CUTOFF - timedelta(days=age_days)


def day_number(age_days: int) -> int:
    """The same as days since 1970."""
    return (day(age_days) - EPOCH).days


def table_of(table: str, rows: Iterable[Row]) -> pa.Table:
    """Events of a table; a row says its `age`, in days before the cutoff, or its `day`."""
    whole = [_whole(table, row) for row in rows]
    names = [column.name for column in EVENT_TABLES[table].columns]
    given = [name for name in names if any(name in row for row in whole)]
    return EVENT_TABLES[table].filled({name: [row.get(name) for row in whole] for name in given})


def events_of(**rows: Iterable[Row]) -> dict[str, pa.Table]:
    """Events by table, each row as `table_of` takes it."""
    return {table: table_of(table, some) for table, some in rows.items()}


def ada(**rows: Iterable[Row]) -> pd.Series:
    """The features of ada at the cutoff; she ordered once, 400 days before, if nothing is said."""
    return rows_of(**rows).loc["ada"]


def rows_of(
    *, markets: tuple[str, ...] = ("US",), shape: Mapping[str, object] = {}, **rows: Iterable[Row]
) -> pd.DataFrame:
    """The features of every customer at the cutoff, by customer; `shape` are keys of Shape.of."""
    rows.setdefault("orders", [{"age": 400}])
    events = events_of(**rows)
    known = Histories.from_events(
        events, Shape.of(events, markets=markets, currency="USD", **shape)
    )
    return matrix(known, [CUTOFF]).set_index("customer_id")


def _whole(table: str, row: Row) -> dict[str, object]:
    whole = {"customer_id": "ada", "market": "US", **_plain(table), **row}
    if "age" in whole:
        whole["day"] = day(whole.pop("age"))
    whole.setdefault("occurred_at", datetime.combine(whole["day"], time(12), UTC))
    whole.setdefault("known_from", whole["day"])
    whole.setdefault("known_to", date(9999, 12, 31))
    for name in ("started_day", "opened_day"):
        if name in EVENT_TABLES[table].arrow_schema().names:
            whole.setdefault(name, (whole["day"] - EPOCH).days)
    return whole


def _plain(table: str) -> dict[str, object]:
    return {
        "orders": {"kind": "order", "amount_minor": 1000},
        "emails": {"kind": "sent"},
        "tickets": {"kind": "opened"},
        "surveys": {"kind": "nps"},
        "loyalty": {"kind": "earned"},
        "subscriptions": {"kind": "started"},
        "contacts": {"kind": "contact"},
        "consents": {"purpose": "marketing", "granted": True},
    }.get(table, {})


def counted_by_hand(row: pd.Series, group: ModuleType, expected: Mapping[str, float]) -> None:
    """Every feature of a group is what somebody counted, and none was forgotten."""
    declared = {one.name for one in features_of(group)} & set(row.index)
    assert set(expected) >= declared, f"not counted: {sorted(declared - set(expected))}"
    found = {name: float(row[name]) for name in expected}
    wrong = {
        name: (found[name], value)
        for name, value in expected.items()
        if not math.isclose(found[name], value, rel_tol=1e-12)
        and not (math.isnan(found[name]) and math.isnan(value))
    }
    assert wrong == {}, "found and expected"
