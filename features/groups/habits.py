"""When in the week and in the day: the customer's habits."""

from features.declarations import Floats, Source, divided
from features.kernel import AsOf
from features.measures import IS_ORDER, ORDER_DAYS
from features.tile_index import DayWeight

orders = Source("orders")

# 1970-01-01 was a Thursday, so adding 3 makes Monday 0.
WEEKDAYS = tuple(
    DayWeight(name, lambda days, place=place: (days + 3) % 7 == place)  # type: ignore[misc]
    for place, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
)
WEEKEND = DayWeight("weekend", lambda days: (days + 3) % 7 >= 5)

# Only rows whose time is known: a date alone says nothing of the hour.
TIMED_LINES = orders.count("timed_lines", f"{IS_ORDER} AND minute IS NOT NULL", needs=("minute",))
NIGHT_LINES = orders.count("night_lines", f"{IS_ORDER} AND minute < 360", needs=("minute",))
MORNING_LINES = orders.count(
    "morning_lines", f"{IS_ORDER} AND minute >= 360 AND minute < 720", needs=("minute",)
)
EVENING_LINES = orders.count("evening_lines", f"{IS_ORDER} AND minute >= 1080", needs=("minute",))


@orders.feature()
def weekend_order_days_share(known: AsOf) -> Floats:
    """Part of the order days that fell on a Saturday or Sunday."""
    return divided(known.total(ORDER_DAYS, on=WEEKEND), known.total(ORDER_DAYS))


@orders.feature()
def usual_weekday_share(known: AsOf) -> Floats:
    """Part of the order days that fell on the customer's commonest weekday."""
    commonest = known.total(ORDER_DAYS, on=WEEKDAYS[0])
    for weekday in WEEKDAYS[1:]:
        commonest = commonest.clip(min=known.total(ORDER_DAYS, on=weekday))
    return divided(commonest, known.total(ORDER_DAYS))


@orders.feature(needs=("minute",))
def night_lines_share(known: AsOf) -> Floats:
    """Part of the order rows written between midnight and six."""
    return divided(known.total(NIGHT_LINES), known.total(TIMED_LINES))


@orders.feature(needs=("minute",))
def morning_lines_share(known: AsOf) -> Floats:
    """Part of the order rows written between six and noon."""
    return divided(known.total(MORNING_LINES), known.total(TIMED_LINES))


@orders.feature(needs=("minute",))
def evening_lines_share(known: AsOf) -> Floats:
    """Part of the order rows written after six in the evening."""
    return divided(known.total(EVENING_LINES), known.total(TIMED_LINES))
