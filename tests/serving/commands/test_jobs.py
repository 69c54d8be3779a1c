"""Whether there are enough orders is judged by all that are known, not by what was read now."""

from datetime import date, timedelta

import pytest

from features.errors import NotEnoughData
from features.ingestion import ingest
from features.settings import load_settings
from serving.commands.jobs import require_enough

TODAY = date(2026, 6, 30)
HEAD = "id,at,amount\n"
SETTINGS = """\
sources:
  orders:
    path: orders/
    format: csv
    columns: {customer_id: id, timestamp: at, amount: amount}
churn: {within_days: 30}
value: {horizon_days: 30}
min_customers: 100
"""


def months(*numbers):
    """Orders of 120 customers, one a month."""
    days = [date(2026, 1, 1) + timedelta(days=30 * number) for number in numbers]
    return HEAD + "".join(f"c{n},{day},10.00\n" for n in range(120) for day in days)


@pytest.fixture
def business(tmp_path):
    (tmp_path / "orders").mkdir()
    (tmp_path / "regulars.yml").write_text(SETTINGS)
    return load_settings(tmp_path / "regulars.yml")


def test_orders_that_were_not_read_again_count(business, tmp_path):
    (tmp_path / "orders" / "a.csv").write_text(months(0, 1, 2, 3))
    require_enough(business, ingest(business, today=TODAY))
    again = ingest(business, today=TODAY)
    assert again.tables["orders"].new_files_count == 0
    require_enough(business, again)
    (tmp_path / "orders" / "b.csv").write_text(months(4))
    grown = ingest(business, today=TODAY)
    assert grown.tables["orders"].new_files_count == 1
    require_enough(business, grown)


@pytest.mark.parametrize(
    ("orders", "reason"), [(HEAD, "no row could be used"), (months(0, 1), "31 days of history")]
)
def test_too_few_orders_are_refused_with_the_reason(business, tmp_path, orders, reason):
    (tmp_path / "orders" / "a.csv").write_text(orders)
    with pytest.raises(NotEnoughData, match=reason):
        require_enough(business, ingest(business, today=TODAY))
