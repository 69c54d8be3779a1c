"""Who the customer is, as it was known before the cutoff."""

import numpy as np

from features.declarations import Floats, Source
from features.kernel import AsOf
from features.word_codes import code_of

customers = Source("customers")
orders = Source("orders")

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
COUNTRY = customers.word("country", "country")
LANGUAGE = customers.word("language", "language")
WON_THROUGH = customers.word("won_through", "channel")


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


@customers.feature(needs=("country",))
def country_code(known: AsOf) -> Floats:
    """Country where the customer lives."""
    return known.last_word(COUNTRY)


@customers.feature(needs=("language",))
def language_code(known: AsOf) -> Floats:
    """Language to write in."""
    return known.last_word(LANGUAGE)


@customers.feature(needs=("channel",))
def won_through_code(known: AsOf) -> Floats:
    """Channel through which the customer was won."""
    return known.last_word(WON_THROUGH)


@orders.feature(needs=("markets",))
def market_code(known: AsOf) -> Floats:
    """Market of the last order."""
    codes = [code_of(market) for market in known.index.shape.markets]
    return np.array(codes, dtype=np.float64)[known.market_numbers]
