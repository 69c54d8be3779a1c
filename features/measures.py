"""What is added up of a customer's day with orders: the measures that several groups share."""

from features.declarations import Source

orders = Source("orders")

IS_ORDER = "kind = 'order'"
IS_REFUND = "kind = 'refund'"

ORDER_DAYS = orders.days("order_days", IS_ORDER)
"""1 on a day with an order."""

ORDERS = orders.measure(
    "orders",
    "COUNT(DISTINCT CASE WHEN kind = 'order' THEN order_id END)"
    " + COUNT(CASE WHEN kind = 'order' AND order_id IS NULL THEN 1 END)",
    needs=("order_id",),
    otherwise="COUNT(CASE WHEN kind = 'order' THEN 1 END)",
)
"""Orders of the day, to be shown; of one whose lines arrived on two days there are two, so that
features count by `ORDER_IDS`."""

ORDER_IDS = orders.days("order_id_days", IS_ORDER, needs=("order_id",), by="order_id")
"""Days of each order: its lines may come, or be corrected, on different days."""

ORDERS_WITHOUT_ID = orders.count(
    "orders_without_id",
    f"{IS_ORDER} AND order_id IS NULL",
    needs=("order_id",),
    otherwise=f"COUNT(CASE WHEN {IS_ORDER} THEN 1 END)",
)
"""Rows without an order id, each an order of its own."""

ORDER_LINES = orders.count("order_lines", IS_ORDER)
"""Rows that are orders."""

ORDER_VALUE = orders.total("order_value_minor", "amount_minor", IS_ORDER)
"""Money ordered."""

REFUNDS = orders.count("refund_lines", IS_REFUND)
"""Rows that are refunds."""

REFUND_VALUE = orders.total("refund_value_minor", "-amount_minor", IS_REFUND)
"""Money paid back, as a positive amount."""

UNITS = orders.total("units", "quantity", IS_ORDER, needs=("quantity",))
"""Units ordered."""

MARKET = orders.measure("market_number", "MAX(market_number)", merge="max")
"""The market, as its place in the settings."""

PAID_UNTIL = orders.measure(
    "paid_until_day",
    "COALESCE(MAX(paid_until_day), 0)",
    merge="max",
    needs=("paid_until_day",),
)
"""Latest day until which the rows of this day are paid."""
