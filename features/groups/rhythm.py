"""The customer's own rhythm: gaps between order days, and silence measured in them.

All are unknown (NaN) for a customer with a single order day.
"""

import numpy as np

from features.declarations import divided, feature
from features.kernel import AsOf, Floats
from features.tiles import ORDER_DAYS


@feature()
def usual_gap_days(known: AsOf) -> Floats:
    """Mean days between two order days."""
    return divided(known.last_order_day() - known.first_order_day(), known.total(ORDER_DAYS) - 1)


@feature()
def gap_spread_days(known: AsOf) -> Floats:
    """Standard deviation of the days between two order days."""
    count = known.total(ORDER_DAYS) - 1
    mean_square = divided(known.squared_gaps(), count)
    mean = divided(known.last_order_day() - known.first_order_day(), count)
    return np.sqrt(np.maximum(mean_square - mean * mean, 0.0))


@feature()
def last_gap_days(known: AsOf) -> Floats:
    """Days between the last two order days."""
    return np.where(known.total(ORDER_DAYS) > 1, known.last_gap(), np.nan)


@feature()
def silence_ratio(known: AsOf) -> Floats:
    """Days since the last order, in the customer's own mean gaps."""
    span = known.last_order_day() - known.first_order_day()
    silence = known.cutoff_days - known.last_order_day()
    return divided(silence * (known.total(ORDER_DAYS) - 1), span)


@feature()
def last_to_usual_gap_ratio(known: AsOf) -> Floats:
    """The last gap, in the customer's own mean gaps."""
    span = known.last_order_day() - known.first_order_day()
    return divided(known.last_gap() * (known.total(ORDER_DAYS) - 1), span)
