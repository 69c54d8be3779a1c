"""Day tiles: small partial aggregates per customer and local day, made by one portable GROUP BY.

Every column merges over days by addition (or by maximum, where it says so), so any window at any
cutoff is made from tiles alone. The SQL
is plain (`CASE WHEN`, `SUM`, `COUNT`, `MAX`) so that another engine can run the same text. All
columns are 64-bit integers: sums of integers are exact whatever the order of addition.
"""

from dataclasses import dataclass

import duckdb
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class TileColumn:
    """One partial aggregate of a customer's day; `needs` is the order column it must have."""

    name: str
    sql: str
    meaning: str
    needs: str | None = None


ORDER_DAYS = TileColumn(
    "order_days",
    "MAX(CASE WHEN kind = 'order' THEN 1 ELSE 0 END)",
    "1 if the customer ordered on this day",
)
ORDERS = TileColumn(
    "orders",
    "COUNT(DISTINCT CASE WHEN kind = 'order' THEN order_id END)"
    " + SUM(CASE WHEN kind = 'order' AND order_id IS NULL THEN 1 ELSE 0 END)",
    "orders of the day; a row without an order id is an order of its own",
)
ORDER_LINES = TileColumn(
    "order_lines",
    "SUM(CASE WHEN kind = 'order' THEN 1 ELSE 0 END)",
    "rows that are orders",
)
ORDER_VALUE = TileColumn(
    "order_value_minor",
    "SUM(CASE WHEN kind = 'order' THEN amount_minor ELSE 0 END)",
    "money ordered",
)
REFUNDS = TileColumn(
    "refund_lines",
    "SUM(CASE WHEN kind = 'refund' THEN 1 ELSE 0 END)",
    "rows that are refunds",
)
REFUND_VALUE = TileColumn(
    "refund_value_minor",
    "SUM(CASE WHEN kind = 'refund' THEN -amount_minor ELSE 0 END)",
    "money paid back, as a positive amount",
)
UNITS = TileColumn(
    "units",
    "SUM(CASE WHEN kind = 'order' THEN COALESCE(quantity, 0) ELSE 0 END)",
    "units ordered",
    needs="quantity",
)
PRODUCTS = TileColumn(
    "products",
    "COUNT(DISTINCT CASE WHEN kind = 'order' THEN product END)",
    "different products of the day",
    needs="product",
)
MARKET = TileColumn(
    "market_number",
    "MAX(market_number)",
    "the market, as its place in the settings",
)

PAID_UNTIL = TileColumn(
    "paid_until_day",
    "COALESCE(MAX(paid_until_day), 0)",
    "latest day until which the rows of this day are paid; merges by maximum",
    needs="paid_until_day",
)

TILE_COLUMNS: tuple[TileColumn, ...] = (
    ORDER_DAYS,
    ORDERS,
    ORDER_LINES,
    ORDER_VALUE,
    REFUNDS,
    REFUND_VALUE,
    UNITS,
    PRODUCTS,
    MARKET,
    PAID_UNTIL,
)


def tile_sql() -> str:
    """The GROUP BY that turns the table `orders` into tiles sorted by customer and day."""
    columns = ",\n  ".join(
        f"CAST({column.sql} AS BIGINT) AS {column.name}" for column in TILE_COLUMNS
    )
    return (
        f"SELECT customer_id, day,\n  {columns}\n"
        "FROM orders\nGROUP BY customer_id, day\nORDER BY customer_id, day"
    )


def build_tiles(orders: pa.Table, markets: tuple[str, ...]) -> pa.Table:
    """Tiles of these orders, one row per customer and day, sorted by both.

    `orders` follows `schema.ORDERS`; `markets` names every market, its place being the number
    that the tiles keep.
    """
    numbers = {name: number for number, name in enumerate(markets)}
    market_number = pa.array(
        [numbers[name] for name in orders["market"].unique().to_pylist()], pa.int64()
    )
    lookup = pa.table({"market": orders["market"].unique(), "market_number": market_number})
    with duckdb.connect() as connection:
        connection.register("accepted", orders)
        connection.register("market_numbers", lookup)
        connection.execute(
            "CREATE TEMP VIEW orders AS SELECT accepted.*, market_number"
            " FROM accepted JOIN market_numbers USING (market)"
        )
        return connection.sql(tile_sql()).to_arrow_table()
