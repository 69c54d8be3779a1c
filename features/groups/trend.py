"""More or less than before: a short window against a longer one, 1 being steady."""

from features.declarations import Floats, Measure, Source, divided
from features.kernel import AsOf
from features.measures import ORDER_DAYS, ORDER_VALUE

orders = Source("orders")


@orders.feature()
def order_days_30d_to_90d_ratio(known: AsOf) -> Floats:
    """Pace of order days over 30 days against 90."""
    return pace(known, ORDER_DAYS, 30, 90)


@orders.feature()
def order_days_90d_to_180d_ratio(known: AsOf) -> Floats:
    """Pace of order days over 90 days against 180."""
    return pace(known, ORDER_DAYS, 90, 180)


@orders.feature()
def order_days_180d_to_365d_ratio(known: AsOf) -> Floats:
    """Pace of order days over 180 days against 365."""
    return pace(known, ORDER_DAYS, 180, 365)


@orders.feature()
def order_days_90d_to_tenure_ratio(known: AsOf) -> Floats:
    """Pace of order days over 90 days against the whole life."""
    return divided(
        known.total(ORDER_DAYS, 90) * known.days_since_first(ORDER_DAYS),
        known.total(ORDER_DAYS) * 90,
    )


@orders.feature()
def order_value_30d_to_90d_ratio(known: AsOf) -> Floats:
    """Pace of money ordered over 30 days against 90."""
    return pace(known, ORDER_VALUE, 30, 90)


@orders.feature()
def order_value_90d_to_180d_ratio(known: AsOf) -> Floats:
    """Pace of money ordered over 90 days against 180."""
    return pace(known, ORDER_VALUE, 90, 180)


@orders.feature()
def order_value_180d_to_365d_ratio(known: AsOf) -> Floats:
    """Pace of money ordered over 180 days against 365."""
    return pace(known, ORDER_VALUE, 180, 365)


def pace(known: AsOf, measure: Measure, short_days: int, long_days: int) -> Floats:
    """A measure per day over a short window, divided by the same over a longer one."""
    return divided(
        known.total(measure, short_days) * long_days, known.total(measure, long_days) * short_days
    )
