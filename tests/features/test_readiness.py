"""Readiness names what is missing, how much is needed, and what to do."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from features.account import Account
from features.readiness import Readiness, assess
from features.schema import ORDERS
from features.source_settings import OrderColumns, OrdersSource

FIRST = date(2025, 1, 1)
SOURCE = OrdersSource(
    path=Path("orders.csv"),
    format="csv",
    columns=OrderColumns(customer_id="c", timestamp="t", amount="a"),
)


def ready(orders: list[tuple[str, int]], *, amount_minor: int = 100, **keys: object) -> Readiness:
    """Readiness of (customer, day number) rows."""
    count = len(orders)
    days = [FIRST + timedelta(days=number) for _, number in orders]
    table = ORDERS.filled(
        {
            "customer_id": [customer for customer, _ in orders],
            "occurred_at": pa.array(days).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC")),
            "day": days,
            "kind": ["refund" if amount_minor < 0 else "order"] * count,
            "amount_minor": [amount_minor] * count,
            "market": ["home"] * count,
        }
    )
    return assess(Account(count, count, 0, count), table, SOURCE, min_customers=100, **keys)


def visits(customers: int, every: int, until: int) -> list[tuple[str, int]]:
    """So many customers, each ordering every so many days."""
    return [(f"c{n}", day) for n in range(customers) for day in range(n % every, until, every)]


def levels(found: Readiness) -> dict[str, str]:
    return {line.name: line.level for line in found.lines}


def test_enough_of_everything_is_ready():
    found = ready(visits(120, 20, 365))
    assert found.is_ready
    assert set(levels(found).values()) == {"ok"}
    assert found.as_text().endswith("Predictions: ready.")


def test_too_few_customers_are_named_with_the_number_needed():
    reason = ready(visits(99, 20, 365)).unavailable_reason
    assert reason.startswith("unavailable, because 99 customers is below the 100 needed; ")


def test_too_short_a_history_is_named_with_the_days_needed():
    found = ready(visits(120, 20, 200), horizon_days=90)
    assert "200 days of history is below the 270 needed (3 x 90)" in found.unavailable_reason


def test_customers_who_never_come_back_are_missing():
    found = ready([(f"c{n}", n % 300) for n in range(300)])
    assert levels(found)["repeat customers"] == "missing"


def test_no_order_at_all_is_told_and_nothing_breaks():
    found = ready([])
    assert levels(found)["rows"] == "missing"
    assert "0 customers" in found.unavailable_reason


@pytest.mark.parametrize(("every", "window"), [(20, 30), (31, 60), (60, 60), (61, 90), (100, 180)])
def test_the_window_is_the_smallest_that_most_gaps_fit_into(every, window):
    found = ready(visits(120, every, 1100))
    assert found.churn_window_days == window
    assert f"{window} days" in found.window_reason


def test_the_window_leaves_three_of_itself_in_the_history():
    found = ready(visits(120, 100, 300))
    assert found.churn_window_days == 90
    assert "180 days would be better, but need 540 days of history" in found.window_reason


def test_months_without_orders_are_a_warning():
    later = [(customer, day + 120) for customer, day in visits(120, 20, 200)]
    assert levels(ready(visits(120, 20, 60) + later))["gaps"] == "warning"


def test_an_id_that_holds_many_orders_is_a_warning():
    found = ready(visits(120, 20, 365) + [("till", day) for day in range(365)] * 2)
    assert levels(found)["largest customer"] == "warning"


def test_refunds_only_are_a_warning_and_no_orders():
    found = ready(visits(120, 20, 365), amount_minor=-100)
    assert levels(found)["refunds"] == "warning"
    assert not found.is_ready


def test_an_old_export_is_a_warning_if_today_is_known():
    found = ready(visits(120, 20, 365), today=date(2026, 6, 1))
    assert levels(found)["age"] == "warning"
