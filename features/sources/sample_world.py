"""A small made-up world: random events in every table, for trying features out.

Nobody's data and no model of anybody: days, words and amounts are drawn evenly, with gaps where a
contract allows them, late arrivals and corrections. The same seed gives the same events.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import ModuleType
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import EPOCH, FOREVER, Column, Table
from features.declarations import Ints
from features.schema import EVENT, EVENT_TABLES
from features.shape import Shape

FIRST_DAY = date(2024, 1, 1)
DAYS = 500
CUSTOMERS = 60
ROWS_PER_TABLE = 900
MARKETS = ("north", "south")
PLACES = (("DE", "BY"), ("CZ", None))
CURRENCY = "EUR"
WORDS: dict[str, tuple[str, ...]] = {
    "orders.kind": ("order", "order", "order", "order", "refund"),
    "visits.kind": ("view", "search", "like", "post"),
    "emails.kind": ("sent", "opened", "clicked", "bounced", "complained", "unsubscribed"),
    "tickets.kind": ("opened", "closed"),
    "surveys.kind": ("nps", "csat"),
    "loyalty.kind": ("earned", "spent", "expired", "tier"),
    "subscriptions.kind": ("started", "ended"),
    "contacts.kind": ("contact", "offer"),
    "consents.purpose": ("analytics", "marketing"),
}
MISSING_SHARE = 0.1
LATE_SHARE = 0.1
CORRECTED_SHARE = 0.05
CORRECTED_AFTER_DAYS = 15
GRANTED_SHARE = 0.7
OTHER_WORDS = 9
# The days of a row that lie before it; the other columns of days lie after.
PAST_DAYS = ("opened_day", "started_day", "registered_day", "born_day")
MOST_OF_UNIT = {"minor units": 20_000, "seconds": 1_800, "hundredths": 1_000, "points": 500}

Words: TypeAlias = Mapping[str, set[str]]


def sample_events(*, seed: int, words: Words | None = None) -> dict[str, pa.Table]:
    """Made-up events in every table of the schema.

    `words` are further values of columns (`visits.kind`) that shall occur.
    """
    rng = np.random.default_rng(seed)
    return {name: _events(table, words or {}, rng) for name, table in EVENT_TABLES.items()}


def sample_shape(events: Mapping[str, pa.Table], groups: tuple[ModuleType, ...] = ()) -> Shape:
    """The shape of the made-up events with a business's own feature groups."""
    return Shape.of(events, markets=MARKETS, currency=CURRENCY, groups=groups, calendars=PLACES)


def sample_cutoffs() -> list[date]:
    """Days of prediction inside the made-up time."""
    return [FIRST_DAY + timedelta(days=days) for days in (200, 320, 440)]


def _events(table: Table, words: Words, rng: np.random.Generator) -> pa.Table:
    # Two events on one day of a customer, so that a day has something to add up.
    drawn = np.sort(rng.integers(0, DAYS, ROWS_PER_TABLE // 2)) + (FIRST_DAY - EPOCH).days
    days, customers = np.repeat(drawn, 2), np.repeat(rng.integers(0, CUSTOMERS, len(drawn)), 2)
    minutes = rng.integers(0, 1440, len(days))
    is_late = rng.random(len(days)) < LATE_SHARE
    columns: dict[str, object] = {
        "customer_id": [f"c{number:03}" for number in customers],
        "occurred_at": (days * 1440 + minutes).astype("datetime64[m]").astype("datetime64[us]"),
        "day": days.astype("datetime64[D]"),
        "minute": pa.array(minutes, mask=rng.random(len(days)) < MISSING_SHARE),
        "known_from": (days + is_late * rng.integers(1, 30, len(days))).astype("datetime64[D]"),
        "known_to": [FOREVER] * len(days),
        "market": rng.choice(MARKETS, len(days)),
        "event_id": [f"{table.name}-{number}" for number in range(len(days))],
    }
    for column in table.columns[len(EVENT) :]:
        key = f"{table.name}.{column.name}"
        values = _values(column, days, [*WORDS.get(key, ()), *sorted(words.get(key, ()))], rng)
        may_miss = not column.required
        missing = may_miss & (rng.random(len(days)) < MISSING_SHARE)
        columns[column.name] = pa.array(values, column.type, mask=missing)
    if table.name == "orders":
        is_refund = np.asarray(columns["kind"]) == "refund"
        amounts = np.asarray(columns["amount_minor"])
        columns["amount_minor"] = np.where(is_refund, -amounts, amounts)
    return _corrected(table.filled(columns), rng)


def _values(
    column: Column, days: Ints, words: Sequence[str], rng: np.random.Generator
) -> np.ndarray:
    """One value a row, by the column's type and unit."""
    count = len(days)
    if pa.types.is_boolean(column.type):
        return rng.random(count) < GRANTED_SHARE
    if pa.types.is_string(column.type):
        if column.unit == "id":
            return np.array([f"{column.name} {row // 3}" for row in range(count)], dtype=object)
        names = words or [f"{column.name} {place}" for place in range(OTHER_WORDS)]
        return rng.choice(np.array(names, dtype=object), count)
    if column.name in PAST_DAYS:
        return days - rng.integers(0, 40, count)
    if column.unit == "days since 1970":
        return days + rng.integers(1, 90, count)
    return rng.integers(1, MOST_OF_UNIT.get(column.unit, 9), count)


def _corrected(events: pa.Table, rng: np.random.Generator) -> pa.Table:
    """The events with a second version of some rows, which replaced the first after a while."""
    is_corrected = rng.random(len(events)) < CORRECTED_SHARE
    days = events["known_from"].cast(pa.int32())
    replaced = pc.add(days, pa.scalar(CORRECTED_AFTER_DAYS, pa.int32())).cast(pa.date32())
    known_to = pc.if_else(pa.array(is_corrected), replaced, events["known_to"])
    second = _with(events, "known_from", replaced)
    for column in events.schema.names:
        if column in {"amount_minor", "seconds", "score_hundredths", "points", "price_minor"}:
            second = _with(second, column, pc.add(second[column], 1))
    return pa.concat_tables([_with(events, "known_to", known_to), second.filter(is_corrected)])


def _with(events: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    place = events.schema.get_field_index(name)
    return events.set_column(place, events.schema.field(name), values)
