"""How long ago: the customer's first and last order."""

from features.declarations import divided, feature
from features.kernel import AsOf, Floats, Ints


@feature()
def recency_days(known: AsOf) -> Ints:
    """Days from the last order day to the cutoff."""
    return known.cutoff_days - known.last_order_day()


@feature()
def tenure_days(known: AsOf) -> Ints:
    """Days from the first order day to the cutoff."""
    return known.cutoff_days - known.first_order_day()


@feature()
def first_to_last_order_days(known: AsOf) -> Ints:
    """Days from the first order day to the last."""
    return known.last_order_day() - known.first_order_day()


@feature()
def recency_of_tenure_share(known: AsOf) -> Floats:
    """Part of the customer's life that has passed since the last order."""
    return divided(
        known.cutoff_days - known.last_order_day(), known.cutoff_days - known.first_order_day()
    )
