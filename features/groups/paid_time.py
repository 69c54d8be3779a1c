"""How long it is paid: where order rows are payments for a time."""

import numpy as np

from features.declarations import Floats, Source
from features.kernel import AsOf
from features.measures import ORDER_DAYS, PAID_UNTIL

orders = Source("orders")


@orders.feature(needs=("paid_until_day",))
def paid_ahead_days(known: AsOf) -> Floats:
    """Days from the cutoff to the end of the time paid for; below 0 when it has ended."""
    paid_until = known.latest_maximum(PAID_UNTIL)
    return np.where(paid_until > 0, paid_until - known.cutoff_days, np.nan)


@orders.feature(needs=("paid_until_day",))
def paid_at_last_order_days(known: AsOf) -> Floats:
    """Days that were paid ahead on the day of the last order."""
    return paid_ahead_days.compute(known) + known.days_since_last(ORDER_DAYS)
