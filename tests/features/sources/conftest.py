"""Small files of orders, written by the tests and read as a business would."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from pydantic import TypeAdapter

from features.contracts import Table
from features.market_settings import Market
from features.quality import Reading
from features.schema import ORDERS
from features.settings_parts import CsvFormat
from features.source_settings import Sources, TableSource
from features.sources.chunks import RowSource
from features.sources.opening import opened
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

    @property
    def currency(self) -> str:
        """That of the first market."""
        return self.markets[self.default_market].currency


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


@dataclass(frozen=True)
class Somewhere:
    """A place of rows as the settings would tell it."""

    format: Literal["csv", "parquet", "database"] = "csv"
    path: Path | str | None = None
    csv: CsvFormat = field(default_factory=CsvFormat)
    url: str | None = None
    table: str | None = None
    query: str | None = None
    order_by: tuple[str, ...] = ()


@pytest.fixture
def open_place() -> Callable[..., RowSource]:
    """Open a place; keywords are those of Somewhere."""
    return lambda **keys: opened(Somewhere(**keys))


Rows = Callable[[RowSource], list[tuple[object, ...]]]


@pytest.fixture
def rows() -> Rows:
    """All rows of a source: file, row, and the texts of the columns."""

    def _rows(source: RowSource) -> list[tuple[object, ...]]:
        return [
            (chunk.file, *row.values())
            for chunk in source.chunks(2)
            for row in chunk.table.to_pylist()
        ]

    return _rows
