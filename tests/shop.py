"""Small shops for the tests: orders by hand, and a simulated shop with a truth that is known."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from features import stored
from features.histories import Histories
from features.schema import ORDERS
from features.shape import Shape
from features.store.histories import write

FIRST_DAY = date(2024, 1, 1)


def order_table(rows: Iterable[tuple[str, date, int]]) -> pa.Table:
    """Orders of (customer, day, amount in cents); a negative amount is a refund."""
    rows = list(rows)
    return ORDERS.filled(
        {
            "customer_id": [row[0] for row in rows],
            "occurred_at": [
                datetime(row[1].year, row[1].month, row[1].day, 12, tzinfo=UTC) for row in rows
            ],
            "day": [row[1] for row in rows],
            "kind": ["refund" if row[2] < 0 else "order" for row in rows],
            "amount_minor": [row[2] for row in rows],
            "market": ["US"] * len(rows),
        }
    )


def histories(rows: Iterable[tuple[str, date, int]]) -> Histories:
    """Histories of such orders."""
    return histories_of({"orders": order_table(rows)})


def histories_of(
    events: Mapping[str, pa.Table],
    *,
    markets: tuple[str, ...] = ("US",),
    currency: str = "USD",
) -> Histories:
    """Histories of events by table."""
    return Histories.from_events(events, Shape.of(events, markets=markets, currency=currency))


def store_orders(orders: pa.Table, folder: Path, **keys: object) -> str:
    """Keep these orders, and only these, as the histories of a folder; gives the generation."""
    shape = histories_of({"orders": orders}, **keys).shape
    numbers = pa.array(range(orders.num_rows), pa.uint64())
    for name in ("key_0", "key_1", "content_0", "content_1"):
        orders = orders.append_column(name, numbers)
    with write(folder, buckets=4, fresh=True) as draft:
        draft.append("orders", orders, stored.builder(shape), stored.merges(shape))
        return draft.publish({"shape": shape.to_dict()})


def simulated_orders(
    *, customers: int = 700, days: int = 400, seed: int = 3
) -> list[tuple[str, date, int]]:
    """A shop by the Pareto/NBD story: own pace, own chance to leave, own basket size."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, date, int]] = []
    for number in range(customers):
        pace = rng.gamma(1.2, 1 / 30)
        leaves_after = rng.exponential(1 / max(rng.gamma(0.8, 1 / 200), 1e-9))
        basket = rng.lognormal(3.2, 0.5)
        day = rng.integers(0, days // 2)
        left = day + leaves_after
        when = float(day)
        while when < min(days, left + 1e-9) or when == day:
            cents = int(100 * basket * rng.lognormal(0, 0.3)) + 1
            rows.append((f"C{number:05d}", FIRST_DAY + timedelta(days=int(when)), cents))
            when += rng.exponential(1 / max(pace, 1e-9))
            if when >= days:
                break
    return rows
