"""How long ago: the customer's first and last order."""

from features.declarations import Floats, Source, divided
from features.kernel import AsOf
from features.measures import ORDER_DAYS

orders = Source("orders")


@orders.feature()
def recency_days(known: AsOf) -> Floats:
    """Days from the last order day to the cutoff."""
    return known.days_since_last(ORDER_DAYS)


@orders.feature()
def tenure_days(known: AsOf) -> Floats:
    """Days from the first order day to the cutoff."""
    return known.days_since_first(ORDER_DAYS)


@orders.feature()
def first_to_last_order_days(known: AsOf) -> Floats:
    """Days from the first order day to the last."""
    return known.days_since_first(ORDER_DAYS) - known.days_since_last(ORDER_DAYS)


@orders.feature()
def recency_of_tenure_share(known: AsOf) -> Floats:
    """Part of the customer's life that has passed since the last order."""
    return divided(known.days_since_last(ORDER_DAYS), known.days_since_first(ORDER_DAYS))
