"""How much: money ordered, in whole units of the shop's currency."""

import numpy as np

from features.declarations import Floats, Source, divided
from features.kernel import AsOf
from features.measures import ORDER_DAYS, ORDER_VALUE, REFUND_VALUE

orders = Source("orders")


@orders.windowed()
def spend_value(known: AsOf, window_days: int | None) -> Floats:
    """Money ordered less money paid back."""
    return known.money(ORDER_VALUE, window_days) - known.money(REFUND_VALUE, window_days)


@orders.windowed(over=(90, 365))
def order_day_value(known: AsOf, window_days: int | None) -> Floats:
    """Mean money of a day with an order."""
    return divided(known.money(ORDER_VALUE, window_days), known.total(ORDER_DAYS, window_days))


@orders.feature()
def repeat_order_day_value(known: AsOf) -> Floats:
    """Mean money of a day with an order, the first one left out."""
    first = known.first(ORDER_DAYS, ORDER_VALUE) / known.minor_units
    return divided(known.money(ORDER_VALUE) - first, known.total(ORDER_DAYS) - 1)


@orders.feature()
def first_order_day_value(known: AsOf) -> Floats:
    """Money of the first order day."""
    return known.first(ORDER_DAYS, ORDER_VALUE) / known.minor_units


@orders.feature()
def last_order_day_value(known: AsOf) -> Floats:
    """Money of the last order day."""
    return known.last(ORDER_DAYS, ORDER_VALUE) / known.minor_units


@orders.windowed(over=(365,))
def largest_order_day_value(known: AsOf, window_days: int | None) -> Floats:
    """Money of the largest order day."""
    # A window with refunds alone has tiles, but no order day.
    ordered = known.total(ORDER_DAYS, window_days) > 0
    largest = known.largest(ORDER_VALUE, window_days) / known.minor_units
    return np.where(ordered, largest, np.nan)


@orders.feature()
def last_to_usual_value_ratio(known: AsOf) -> Floats:
    """Money of the last order day, in the customer's own mean order days."""
    usual = divided(known.money(ORDER_VALUE), known.total(ORDER_DAYS))
    return divided(known.last(ORDER_DAYS, ORDER_VALUE) / known.minor_units, usual)
