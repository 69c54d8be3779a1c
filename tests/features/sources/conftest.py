"""Small files of orders, written by the tests and read as a business would."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from features.quality import Reading
from features.settings import CsvFormat, Market, OrderColumns, OrdersSource
from features.sources.orders import read_orders

TODAY = date(2026, 6, 30)


@dataclass
class Shop:
    """A business with one market, as far as reading needs it."""

    markets: dict[str, Market] = field(default_factory=lambda: {"home": Market()})

    @property
    def default_market(self) -> str:
        """The first."""
        return next(iter(self.markets))


Read = Callable[..., Reading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write bytes or text to a file and read it; keywords go into the source or its CSV format."""

    def _read(
        content: str | bytes,
        *,
        name: str = "orders.csv",
        columns: dict[str, str] | None = None,
        markets: dict[str, Market] | None = None,
        before: date | None = None,
        **keys: object,
    ) -> Reading:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        csv = {key: keys.pop(key) for key in list(keys) if key in CsvFormat.model_fields}
        mapped = {"customer_id": "customer_id", "timestamp": "timestamp", "amount": "amount"}
        source = OrdersSource.model_validate(
            {
                "path": path,
                "format": "parquet" if name.endswith(".parquet") else "csv",
                "columns": OrderColumns.model_validate(mapped | (columns or {})),
                "csv": csv,
                **keys,
            }
        )
        shop = Shop(markets) if markets else Shop()
        return read_orders(source, shop, today=TODAY, before=before)

    return _read
