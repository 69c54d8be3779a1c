"""CDNOW: the purchases of an online CD shop, a public set that comes with the product.

Everybody who first bought in the first quarter of 1997, followed to the middle of 1998. Real data.

Size      69,659 rows, 23,570 customers, 1997-01-01 to 1998-06-30, 2,500,315.63 dollars
Columns   customer_id (text), ordered_on (date), quantity (CDs), amount (US dollars, decimal)
Origin    package lifetimes 0.11.3 of the Python Package Index (MIT licence),
          file CDNOW_master.txt,
          sha256 eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef
Source    P. S. Fader and B. G. S. Hardie (2001), Forecasting Repeat Sales at CDNOW:
          A Case Study, Interfaces 31(3), S94-S107
Changed   dates parsed, money as decimals, ids as text; no row left out

Oddities: there are no order ids and no times of day; 80 rows have the amount 0; 255 rows repeat
another row and are kept, because two equal orders on one day are two orders. Nobody joins after
March 1997, so the share of new customers says nothing here. There are no refunds.
"""

from importlib import resources
from pathlib import Path

from features.settings import Settings
from features.source_settings import OrderColumns, OrdersSource

_FILE = "cdnow.parquet"


def path() -> Path:
    """The file of the set, as installed with the product."""
    return Path(str(resources.files("features.sources") / "data" / _FILE))


def settings(workspace: Path) -> Settings:
    """The shop as a business, keeping what it makes in this workspace."""
    source = OrdersSource(
        path=path(),
        format="parquet",
        columns=OrderColumns(
            customer_id="customer_id", timestamp="ordered_on", amount="amount", quantity="quantity"
        ),
        duplicates="keep",
    )
    # Plain data, so that one value from the environment leaves the others as they are.
    described = {
        "business": "CDNOW",
        "workspace": workspace,
        "sources": {"orders": source.model_dump()},
        "markets": {"US": {"time_zone": "America/New_York", "currency": "USD"}},
        "churn": {"kind": "no-order", "within_days": 180},
        "value": {"horizon_days": 180, "margin": 0.3, "discount_rate": 0.1, "interval": 0.8},
    }
    return Settings.model_validate(described)
