"""The holdouts of the literature: which orders, learned from before which day, judged how far.

CDNOW comes with the product. Its sample, one customer in ten, and the UCI Online Retail invoices
come from a folder of public data: `cdnow/transactions_sample.parquet`, of which only the column
`customer_id` is read, and `online_retail/transactions.parquet`, a row per line of an invoice.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from features.histories import Histories
from features.ingestion import histories_of
from features.schema import ORDERS
from features.settings import Settings
from features.sources import cdnow
from features.sources.frames import FrameRows
from features.sources.reading import read_table

WEEK_DAYS = 7
SAMPLE = Path("cdnow", "transactions_sample.parquet")
RETAIL = Path("online_retail", "transactions.parquet")
# After the last order of each set: the reader wants to know what lies in the future.
CDNOW_TODAY, RETAIL_TODAY = date(1998, 7, 1), date(2012, 1, 1)


@dataclass(frozen=True, slots=True)
class Task:
    """A set of orders, the first day that is not known, and a horizon of so many weeks."""

    name: str
    orders: str
    cutoff: date
    weeks: int
    words: str

    @property
    def horizon_days(self) -> int:
        """How far ahead is predicted."""
        return self.weeks * WEEK_DAYS


TASKS = {
    task.name: task
    for task in (
        Task("cdnow-sample-39-39", "sample", date(1997, 10, 1), 39, "CDNOW, one in ten"),
        Task("cdnow-full-39-39", "cdnow", date(1997, 10, 1), 39, "CDNOW"),
        Task("cdnow-full-52-26", "cdnow", date(1997, 12, 31), 26, "CDNOW"),
        Task("cdnow-full-65-13", "cdnow", date(1998, 4, 1), 13, "CDNOW"),
        Task("uci-retail-40-13", "retail", date(2011, 9, 9), 13, "UCI Online Retail"),
        Task("uci-retail-27-26", "retail", date(2011, 6, 10), 26, "UCI Online Retail"),
    )
}
"""By name, which ends in the weeks that are known and the weeks that are judged."""


class NoData(Exception):
    """The orders of a task are not there; the message is a sentence for the report."""


@cache
def orders_of(orders: str, folder: Path | None) -> Histories:
    """The histories of a set of orders, read once. Raises NoData if its file is not there."""
    return _READERS[orders](folder)


def _file(folder: Path | None, name: Path) -> Path:
    if folder is None or not (folder / name).exists():
        raise NoData(f"left out: {name} is not in the folder of --data")
    return folder / name


def _cdnow(folder: Path | None) -> Histories:  # noqa: ARG001 - it comes with the product
    settings = cdnow.settings(Path(tempfile.gettempdir()))
    reading = read_table(ORDERS, settings.sources.orders, settings, today=CDNOW_TODAY)
    return histories_of(reading, settings)


def _sample(folder: Path | None) -> Histories:
    ids = pd.read_parquet(_file(folder, SAMPLE), columns=["customer_id"])["customer_id"]
    everything = pd.read_parquet(cdnow.path())
    sampled = everything[everything["customer_id"].astype("int64").isin(ids)]
    settings = cdnow.settings(Path(tempfile.gettempdir()))
    source = settings.sources.orders.model_copy(update={"format": "rows", "path": None})
    sources = settings.sources.model_copy(update={"orders": source})
    settings = settings.model_copy(update={"sources": sources})
    rows = FrameRows(sampled)
    return histories_of(
        read_table(ORDERS, source, settings, today=CDNOW_TODAY, rows=rows), settings
    )


def _retail(folder: Path | None) -> Histories:
    """Sold lines of known customers: no cancelled invoice, no return, nothing that was free."""
    lines = pd.read_parquet(_file(folder, RETAIL))
    sold = (lines["quantity"] > 0) & (lines["unit_price"] > 0) & lines["customer_id"].notna()
    lines = lines[sold & ~lines["invoice_id"].str.startswith("C")]
    columns = ["invoice_timestamp", "invoice_id", "stock_code", "quantity"]
    orders = lines[columns].reset_index(drop=True)
    orders["customer_id"] = lines["customer_id"].astype("int64").astype(str).to_numpy()
    orders["amount"] = (lines["quantity"] * lines["unit_price"]).round(2).to_numpy()
    settings = _retail_settings()
    source, rows = settings.sources.orders, FrameRows(orders)
    return histories_of(
        read_table(ORDERS, source, settings, today=RETAIL_TODAY, rows=rows), settings
    )


def _retail_settings() -> Settings:
    columns = {
        "customer_id": "customer_id",
        "timestamp": "invoice_timestamp",
        "amount": "amount",
        "order_id": "invoice_id",
        "product": "stock_code",
        "quantity": "quantity",
    }
    orders = {"format": "rows", "columns": columns, "duplicates": "drop"}
    described = {
        "business": "Online Retail",
        "workspace": Path(tempfile.gettempdir()),
        "sources": {"orders": orders},
        "markets": {"UK": {"time_zone": "Europe/London", "currency": "GBP"}},
        "churn": {"within_days": 90},
        "value": {"horizon_days": 90},
    }
    return Settings.model_validate(described)


_READERS: dict[str, Callable[[Path | None], Histories]] = {
    "cdnow": _cdnow,
    "sample": _sample,
    "retail": _retail,
}
