"""What is in an order: units and products, where the source has them."""

from features.declarations import divided, feature, windowed
from features.kernel import AsOf, Floats, Ints
from features.tiles import ORDER_DAYS, ORDER_VALUE, PRODUCTS, UNITS


@windowed(over=(90, 365), needs="quantity")
def units_count(known: AsOf, window_days: int | None) -> Ints:
    """Units ordered."""
    return known.total(UNITS, window_days)


@feature(needs="quantity")
def units_per_order_day_ratio(known: AsOf) -> Floats:
    """Units per day with an order."""
    return divided(known.total(UNITS), known.total(ORDER_DAYS))


@feature(needs="quantity")
def unit_price_value(known: AsOf) -> Floats:
    """Mean money of a unit."""
    return divided(known.money(ORDER_VALUE), known.total(UNITS))


@feature(needs="product")
def products_per_order_day_ratio(known: AsOf) -> Floats:
    """Different products per day with an order."""
    return divided(known.total(PRODUCTS), known.total(ORDER_DAYS))
