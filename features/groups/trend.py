"""More or less than before: a short window against a longer one, 1 being steady."""

from features.declarations import divided, feature
from features.kernel import AsOf, Floats
from features.tiles import ORDER_DAYS, ORDER_VALUE, TileColumn


@feature()
def order_days_30d_to_90d_ratio(known: AsOf) -> Floats:
    """Pace of order days over 30 days against 90."""
    return _pace(known, ORDER_DAYS, 30, 90)


@feature()
def order_days_90d_to_180d_ratio(known: AsOf) -> Floats:
    """Pace of order days over 90 days against 180."""
    return _pace(known, ORDER_DAYS, 90, 180)


@feature()
def order_days_180d_to_365d_ratio(known: AsOf) -> Floats:
    """Pace of order days over 180 days against 365."""
    return _pace(known, ORDER_DAYS, 180, 365)


@feature()
def order_value_90d_to_180d_ratio(known: AsOf) -> Floats:
    """Pace of money ordered over 90 days against 180."""
    return _pace(known, ORDER_VALUE, 90, 180)


@feature()
def order_value_180d_to_365d_ratio(known: AsOf) -> Floats:
    """Pace of money ordered over 180 days against 365."""
    return _pace(known, ORDER_VALUE, 180, 365)


def _pace(known: AsOf, column: TileColumn, short_days: int, long_days: int) -> Floats:
    return divided(
        known.total(column, short_days) * long_days, known.total(column, long_days) * short_days
    )
