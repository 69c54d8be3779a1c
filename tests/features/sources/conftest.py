"""Small files of orders, written by the tests and read as a business would."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from features.contracts import Table
from features.quality import Reading
from features.schema import ORDERS
from features.settings import Market
from features.settings_parts import CsvFormat
from features.source_settings import Sources, TableSource
from features.sources.reading import read_table

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


def source_of(table: Table, **keys: object) -> TableSource:
    """The settings of a source of this table."""
    return TypeAdapter(Sources.model_fields[table.name].annotation).validate_python(keys)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write bytes or text to a file and read it; keywords go into the source or its CSV format."""

    def _read(
        content: str | bytes,
        *,
        table: Table = ORDERS,
        name: str = "",
        columns: dict[str, str] | None = None,
        markets: dict[str, Market] | None = None,
        before: date | None = None,
        **keys: object,
    ) -> Reading:
        path = tmp_path / (name or f"{table.name}.csv")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        csv = {key: keys.pop(key) for key in list(keys) if key in CsvFormat.model_fields}
        mapped = {"customer_id": "customer_id", "timestamp": "timestamp"}
        mapped |= {"amount": "amount"} if table is ORDERS else {}
        source = source_of(
            table,
            path=path,
            format="parquet" if path.suffix == ".parquet" else "csv",
            columns=mapped | (columns or {}),
            csv=csv,
            **keys,
        )
        shop = Shop(markets) if markets else Shop()
        return read_table(table, source, shop, today=TODAY, before=before)

    return _read
