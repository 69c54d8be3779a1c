"""What is left of the money: margin and discounts, where the source knows them."""

from features.declarations import Floats, Source, divided
from features.kernel import AsOf
from features.measures import IS_ORDER, ORDER_DAYS, ORDER_LINES, ORDER_VALUE

orders = Source("orders")

# Only of rows whose cost is known: an unknown cost is not a cost of nothing.
_COSTED = f"{IS_ORDER} AND cost_minor IS NOT NULL"
MARGIN = orders.total("margin_minor", "amount_minor - cost_minor", _COSTED, needs=("cost_minor",))
COSTED_VALUE = orders.total("costed_value_minor", "amount_minor", _COSTED, needs=("cost_minor",))
DISCOUNT_VALUE = orders.total(
    "discount_value_minor", "discount_minor", IS_ORDER, needs=("discount_minor",)
)
DISCOUNTED_LINES = orders.count(
    "discounted_lines", f"{IS_ORDER} AND discount_minor > 0", needs=("discount_minor",)
)


@orders.windowed(over=(90, 365), needs=("cost_minor",))
def margin_value(known: AsOf, window_days: int | None) -> Floats:
    """Money ordered less the cost of the goods, of rows whose cost is known."""
    return known.money(MARGIN, window_days)


@orders.windowed(over=(365,), needs=("cost_minor",))
def margin_share(known: AsOf, window_days: int | None) -> Floats:
    """Part of the money ordered that is left after the cost, of rows whose cost is known."""
    return divided(known.total(MARGIN, window_days), known.total(COSTED_VALUE, window_days))


@orders.windowed(over=(90, 365), needs=("discount_minor",))
def discount_value(known: AsOf, window_days: int | None) -> Floats:
    """Money taken off the price."""
    return known.money(DISCOUNT_VALUE, window_days)


@orders.windowed(over=(365,), needs=("discount_minor",))
def discount_share(known: AsOf, window_days: int | None) -> Floats:
    """Discount as a part of the price before it."""
    discount = known.total(DISCOUNT_VALUE, window_days)
    return divided(discount, known.total(ORDER_VALUE, window_days) + discount)


@orders.feature(needs=("discount_minor",))
def discounted_lines_share(known: AsOf) -> Floats:
    """Part of the order rows that were sold with a discount."""
    return divided(known.total(DISCOUNTED_LINES), known.total(ORDER_LINES))


@orders.feature(needs=("discount_minor",))
def last_order_discount_value(known: AsOf) -> Floats:
    """Discount of the last order day."""
    return known.last(ORDER_DAYS, DISCOUNT_VALUE) / known.minor_units
