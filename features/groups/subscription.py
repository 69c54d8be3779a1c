"""How long it is paid: where rows are payments for a time."""

from features.declarations import feature
from features.kernel import AsOf, Ints


@feature(needs="paid_until_day")
def paid_ahead_days(known: AsOf) -> Ints:
    """Days from the cutoff to the end of the time paid for; below 0 when it has ended."""
    return known.paid_until_day() - known.cutoff_days


@feature(needs="paid_until_day")
def paid_at_last_order_days(known: AsOf) -> Ints:
    """Days that were paid ahead on the day of the last order."""
    return known.paid_until_day() - known.last_order_day()
