"""Who the customer is, as it was known before the cutoff."""

from features.declarations import Floats, Source
from features.kernel import AsOf

customers = Source("customers")

_DAYS_PER_YEAR = 365.25
_SHIFT_DAYS = 100_000

PROFILE_DAYS = customers.days("profile_days")
REGISTERED_DAYS = customers.days(
    "registered_days", "registered_day IS NOT NULL", needs=("registered_day",)
)
# Days before 1970 are negative, which a largest value of at least 0 would hide.
REGISTERED_ON = customers.largest(
    "registered_on", f"registered_day + {_SHIFT_DAYS}", needs=("registered_day",)
)
BORN_DAYS = customers.days("born_days", "born_day IS NOT NULL", needs=("born_day",))
BORN_ON = customers.largest("born_on", f"born_day + {_SHIFT_DAYS}", needs=("born_day",))


@customers.feature(needs=("registered_day",))
def registered_days(known: AsOf) -> Floats:
    """Days from registration to the cutoff."""
    return known.cutoff_days + _SHIFT_DAYS - known.last(REGISTERED_DAYS, REGISTERED_ON)


@customers.feature(needs=("born_day",), calendar=True)
def age_years(known: AsOf) -> Floats:
    """Age of the customer."""
    return (known.cutoff_days + _SHIFT_DAYS - known.last(BORN_DAYS, BORN_ON)) / _DAYS_PER_YEAR


@customers.feature()
def profile_changed_days(known: AsOf) -> Floats:
    """Days from the last change of what is known of the customer to the cutoff."""
    return known.days_since_last(PROFILE_DAYS)
