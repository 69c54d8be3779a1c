"""What is in an order: units, products, categories and channels, where the source has them."""

from features.declarations import Floats, Ints, Source, divided
from features.kernel import AsOf
from features.measures import IS_ORDER, ORDER_DAYS, UNITS

orders = Source("orders")

PRODUCT_DAYS = orders.days("product_days", IS_ORDER, needs=("product",), by="product")
COUNTED_VALUE = orders.total(
    "counted_value_minor",
    "amount_minor",
    f"{IS_ORDER} AND quantity IS NOT NULL",
    needs=("quantity",),
)
CATEGORIES = orders.bits("category_bits", "category", IS_ORDER)
CHANNELS = orders.bits("channel_bits", "channel", IS_ORDER)


@orders.windowed(over=(90, 365), needs=("quantity",))
def units_count(known: AsOf, window_days: int | None) -> Ints:
    """Units ordered."""
    return known.total(UNITS, window_days)


@orders.feature(needs=("quantity",))
def units_per_order_day_ratio(known: AsOf) -> Floats:
    """Units per day with an order."""
    return divided(known.total(UNITS), known.total(ORDER_DAYS))


@orders.feature(needs=("quantity",))
def unit_price_value(known: AsOf) -> Floats:
    """Mean money of a unit, of rows whose units are known."""
    return divided(known.money(COUNTED_VALUE), known.total(UNITS))


@orders.windowed(over=(90, 365), needs=("product",))
def products_count(known: AsOf, window_days: int | None) -> Ints:
    """Different products ordered."""
    return known.distinct_values(PRODUCT_DAYS, window_days)


@orders.feature(needs=("product",))
def products_per_order_day_ratio(known: AsOf) -> Floats:
    """Different products per day with an order."""
    return divided(known.total(PRODUCT_DAYS), known.total(ORDER_DAYS))


@orders.feature(needs=("product",))
def products_again_share(known: AsOf) -> Floats:
    """Part of the different products that were ordered on several days."""
    again = known.distinct_values(PRODUCT_DAYS, again=True)
    return divided(again, known.distinct_values(PRODUCT_DAYS))


@orders.windowed(over=(90, 365), needs=("category",))
def categories_count(known: AsOf, window_days: int | None) -> Ints:
    """Different product categories ordered."""
    return known.distinct(CATEGORIES, window_days)


@orders.windowed(over=(365,), needs=("channel",))
def channels_count(known: AsOf, window_days: int | None) -> Ints:
    """Different channels ordered through."""
    return known.distinct(CHANNELS, window_days)
