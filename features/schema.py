"""The tables inside: one contract each, whatever file they came from.

`ORDERS` is one row per order or order line as accepted from a source. Times are UTC, `day` is the
local day of the market, money is whole minor units (cents), refunds are negative.
"""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its type, its unit and what it means."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str
    required: bool = True

    def field(self) -> pa.Field:
        """The Arrow field of this column."""
        return pa.field(self.name, self.type, nullable=not self.required)


ORDERS: tuple[Column, ...] = (
    Column("customer_id", pa.string(), "id", "Who ordered."),
    Column("occurred_at", pa.timestamp("us", tz="UTC"), "UTC time", "When."),
    Column("day", pa.date32(), "local date", "The day in the market's own time zone."),
    Column("kind", pa.string(), "order | refund", "A refund has an amount below zero."),
    Column("amount_minor", pa.int64(), "minor units", "Money of the row; refunds negative."),
    Column("market", pa.string(), "name", "A market of the settings."),
    Column("order_id", pa.string(), "id", "Rows with one id are one order.", required=False),
    Column("product", pa.string(), "name", "What was bought.", required=False),
    Column("quantity", pa.int64(), "count", "Units bought; negative if returned.", required=False),
    Column(
        "paid_until_day",
        pa.int64(),
        "days since 1970",
        "First day no longer paid by the row, as it was known when the row came to be.",
        required=False,
    ),
)

REFUSED: tuple[Column, ...] = (
    Column("file", pa.string(), "name", "The file, the table or the frame that the row stood in."),
    Column("row", pa.int64(), "count", "Row of that file, the header being row 1."),
    Column("column", pa.string(), "name", "Column of the file that was refused."),
    Column("code", pa.string(), "code", "The rule that it breaks, in one word."),
    Column("reason", pa.string(), "text", "What was found and what to do."),
    Column("content", pa.string(), "text", "The row as it stood in the file."),
)


def arrow_schema(table: tuple[Column, ...]) -> pa.Schema:
    """The Arrow schema of a contract."""
    return pa.schema([column.field() for column in table])
