"""What came back: refunds."""

from features.declarations import Floats, Ints, Source, divided
from features.kernel import AsOf
from features.measures import IS_REFUND, ORDER_VALUE, REFUND_VALUE, REFUNDS

orders = Source("orders")

REFUND_DAYS = orders.days("refund_days", IS_REFUND)


@orders.windowed(over=(90, 180, 365))
def refunds_count(known: AsOf, window_days: int | None) -> Ints:
    """Rows that are refunds."""
    return known.total(REFUNDS, window_days)


@orders.windowed(over=(180,))
def refunded_share(known: AsOf, window_days: int | None) -> Floats:
    """Part of the money ordered that was paid back."""
    return divided(known.total(REFUND_VALUE, window_days), known.total(ORDER_VALUE, window_days))


@orders.feature()
def last_refund_days(known: AsOf) -> Floats:
    """Days from the last refund to the cutoff."""
    return known.days_since_last(REFUND_DAYS)
