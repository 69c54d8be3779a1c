"""How often: days with an order, and orders.

Several orders on one day are one order day, as the probability models count them.
"""

from features.declarations import Floats, Ints, Source, divided
from features.kernel import AsOf
from features.measures import ORDER_DAYS, ORDER_IDS, ORDER_LINES, ORDERS_WITHOUT_ID

orders = Source("orders")


@orders.windowed()
def order_days_count(known: AsOf, window_days: int | None) -> Ints:
    """Days with an order."""
    return known.total(ORDER_DAYS, window_days)


@orders.feature()
def repeat_order_days_count(known: AsOf) -> Ints:
    """Days with an order after the first one."""
    return known.total(ORDER_DAYS) - 1


@orders.feature()
def orders_count(known: AsOf) -> Ints:
    """Orders; a row without an order id is an order of its own."""
    return _orders(known)


@orders.feature()
def orders_per_order_day_ratio(known: AsOf) -> Floats:
    """Orders per day with an order."""
    return divided(_orders(known), known.total(ORDER_DAYS))


@orders.feature()
def lines_per_order_ratio(known: AsOf) -> Floats:
    """Order rows per order."""
    return divided(known.total(ORDER_LINES), _orders(known))


@orders.feature()
def order_days_of_tenure_ratio(known: AsOf) -> Floats:
    """Days with an order per 30 days since the first one."""
    return divided(30 * known.total(ORDER_DAYS), known.days_since_first(ORDER_DAYS))


def _orders(known: AsOf) -> Ints:
    alone = known.total(ORDERS_WITHOUT_ID)
    return alone + known.distinct_values(ORDER_IDS) if known.has(ORDER_IDS) else alone
