"""How often: days with an order, and orders.

Several orders on one day are one order day, as the probability models count them.
"""

from features.declarations import divided, feature, windowed
from features.kernel import AsOf, Floats, Ints
from features.tiles import ORDER_DAYS, ORDER_LINES, ORDERS


@windowed()
def order_days_count(known: AsOf, window_days: int | None) -> Ints:
    """Days with an order."""
    return known.total(ORDER_DAYS, window_days)


@feature()
def repeat_order_days_count(known: AsOf) -> Ints:
    """Days with an order after the first one."""
    return known.total(ORDER_DAYS) - 1


@feature()
def orders_count(known: AsOf) -> Ints:
    """Orders; a row without an order id is an order of its own."""
    return known.total(ORDERS)


@feature()
def orders_per_order_day_ratio(known: AsOf) -> Floats:
    """Orders per day with an order."""
    return divided(known.total(ORDERS), known.total(ORDER_DAYS))


@feature()
def lines_per_order_ratio(known: AsOf) -> Floats:
    """Order rows per order."""
    return divided(known.total(ORDER_LINES), known.total(ORDERS))


@feature()
def order_days_of_tenure_ratio(known: AsOf) -> Floats:
    """Days with an order per 30 days since the first one."""
    return divided(30 * known.total(ORDER_DAYS), known.cutoff_days - known.first_order_day())


@feature()
def weekend_order_days_share(known: AsOf) -> Floats:
    """Part of the order days that fell on a Saturday or Sunday."""
    return divided(known.weekend_order_days(), known.total(ORDER_DAYS))
