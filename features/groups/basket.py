"""What is in an order: units, products, categories and channels, where the source has them."""

from collections.abc import Iterator

from features.declarations import Feature, Floats, Ints, Measure, Source, divided
from features.kernel import AsOf
from features.measures import IS_ORDER, ORDER_DAYS, ORDER_LINES, UNITS
from features.words import literal, slug

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
LAST_CATEGORY = orders.word("last_category", "category", IS_ORDER)
LAST_CHANNEL = orders.word("last_channel", "channel", IS_ORDER)
CATEGORY_DAYS = orders.word("category_days", "category", IS_ORDER, by="category")
CHANNEL_DAYS = orders.word("channel_days", "channel", IS_ORDER, by="channel")


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


@orders.feature(needs=("category",))
def last_category_code(known: AsOf) -> Floats:
    """Product category ordered last."""
    return known.last_word(LAST_CATEGORY)


@orders.feature(needs=("category",))
def usual_category_code(known: AsOf) -> Floats:
    """Product category ordered on the most days."""
    return known.usual_word(CATEGORY_DAYS)


@orders.feature(needs=("channel",))
def last_channel_code(known: AsOf) -> Floats:
    """Channel of the last order."""
    return known.last_word(LAST_CHANNEL)


@orders.feature(needs=("channel",))
def usual_channel_code(known: AsOf) -> Floats:
    """Channel ordered through on the most days."""
    return known.usual_word(CHANNEL_DAYS)


def of_words(column: str, word: str) -> Iterator[Measure | Feature]:
    """The measure and the feature of one channel or category that the settings name."""
    table, kind = column.split(".")
    if table != "orders" or kind not in {"channel", "category"}:
        return
    name = f"{kind}_{slug(word)}_lines"
    lines = orders.count(name, f"{IS_ORDER} AND {kind} = {literal(word)}", needs=(kind,))

    def share(known: AsOf) -> Floats:
        return divided(known.total(lines), known.total(ORDER_LINES))

    share.__name__ = f"{name}_share"
    share.__doc__ = f"Part of the order rows of the {kind} {word}."
    yield from (lines, orders.feature(needs=(kind,))(share))
