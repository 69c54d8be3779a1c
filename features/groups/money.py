"""How much: money ordered, in whole units of the shop's currency."""

from features.declarations import divided, feature, windowed
from features.kernel import AsOf, Floats
from features.tiles import ORDER_DAYS, ORDER_VALUE, REFUND_VALUE


@windowed()
def spend_value(known: AsOf, window_days: int | None) -> Floats:
    """Money ordered less money paid back."""
    return known.money(ORDER_VALUE, window_days) - known.money(REFUND_VALUE, window_days)


@feature()
def order_day_value(known: AsOf) -> Floats:
    """Mean money of a day with an order."""
    return divided(known.money(ORDER_VALUE), known.total(ORDER_DAYS))


@feature()
def repeat_order_day_value(known: AsOf) -> Floats:
    """Mean money of a day with an order, the first one left out."""
    repeat = known.money(ORDER_VALUE) - known.first_order_value()
    return divided(repeat, known.total(ORDER_DAYS) - 1)


@feature()
def first_order_day_value(known: AsOf) -> Floats:
    """Money of the first order day."""
    return known.first_order_value()


@feature()
def last_order_day_value(known: AsOf) -> Floats:
    """Money of the last order day."""
    return known.last_order_value()


@feature()
def largest_order_day_value(known: AsOf) -> Floats:
    """Money of the largest order day."""
    return known.largest_order_value()


@feature()
def last_to_usual_value_ratio(known: AsOf) -> Floats:
    """Money of the last order day, in the customer's own mean order days."""
    usual = divided(known.money(ORDER_VALUE), known.total(ORDER_DAYS))
    return divided(known.last_order_value(), usual)
