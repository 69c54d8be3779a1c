"""The customer's own rhythm: gaps between order days, and silence measured in them.

All are unknown (NaN) for a customer with a single order day.
"""

import numpy as np

from features.declarations import Floats, Source, divided
from features.kernel import AsOf
from features.measures import ORDER_DAYS

orders = Source("orders")


@orders.feature()
def usual_gap_days(known: AsOf) -> Floats:
    """Mean days between two order days."""
    return divided(_span(known), known.total(ORDER_DAYS) - 1)


@orders.feature()
def gap_spread_days(known: AsOf) -> Floats:
    """Standard deviation of the days between two order days."""
    count = known.total(ORDER_DAYS) - 1
    mean_square = divided(known.squared_gaps(ORDER_DAYS), count)
    mean = divided(_span(known), count)
    return np.sqrt(np.maximum(mean_square - mean * mean, 0.0))


@orders.feature()
def gap_regularity_ratio(known: AsOf) -> Floats:
    """Standard deviation of the gaps in mean gaps: 0 is a clock, 1 is chance."""
    return divided(gap_spread_days.compute(known), usual_gap_days.compute(known))


@orders.feature()
def last_gap_days(known: AsOf) -> Floats:
    """Days between the last two order days."""
    return known.last_gap(ORDER_DAYS)


@orders.feature()
def longest_gap_days(known: AsOf) -> Floats:
    """Longest time between two order days."""
    return known.largest_gap(ORDER_DAYS)


@orders.feature()
def silence_ratio(known: AsOf) -> Floats:
    """Days since the last order, in the customer's own mean gaps."""
    silence = known.days_since_last(ORDER_DAYS)
    return divided(silence * (known.total(ORDER_DAYS) - 1), _span(known))


@orders.feature()
def silence_to_longest_gap_ratio(known: AsOf) -> Floats:
    """Days since the last order, in the customer's own longest gap."""
    return divided(known.days_since_last(ORDER_DAYS), known.largest_gap(ORDER_DAYS))


@orders.feature()
def last_to_usual_gap_ratio(known: AsOf) -> Floats:
    """The last gap, in the customer's own mean gaps."""
    return divided(known.last_gap(ORDER_DAYS) * (known.total(ORDER_DAYS) - 1), _span(known))


def _span(known: AsOf) -> Floats:
    return known.days_since_first(ORDER_DAYS) - known.days_since_last(ORDER_DAYS)
