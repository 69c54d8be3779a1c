"""Subscriptions: how many, how old, at what price, and what changed."""

from features.declarations import Floats, Ints, Source, divided
from features.kernel import AsOf

subscriptions = Source("subscriptions")

STARTED = subscriptions.count("subscriptions_started", "kind = 'started'")
STARTED_DAYS = subscriptions.days("subscription_days", "kind = 'started'")
ENDED = subscriptions.count("subscriptions_ended", "kind = 'ended'")
ENDED_DAYS = subscriptions.days("subscription_end_days", "kind = 'ended'")
STARTED_ON = subscriptions.total("started_day_sum", "started_day", "kind = 'started'")
ENDED_STARTED_ON = subscriptions.total("ended_started_day_sum", "started_day", "kind = 'ended'")
STARTED_PRICE = subscriptions.total(
    "started_price_minor", "price_minor", "kind = 'started'", needs=("price_minor",)
)
PRICED_DAYS = subscriptions.days(
    "subscription_priced_days",
    "kind = 'started' AND price_minor IS NOT NULL",
    needs=("price_minor",),
)
ENDED_PRICE = subscriptions.total(
    "ended_price_minor", "price_minor", "kind = 'ended'", needs=("price_minor",)
)
PLANS = subscriptions.bits("plan_bits", "plan", "kind = 'started'")
LAST_PLAN = subscriptions.word("last_plan", "plan", "kind = 'started'")
LAST_REASON = subscriptions.word("last_end_reason", "reason", "kind = 'ended'")


@subscriptions.feature()
def subscriptions_running_count(known: AsOf) -> Ints:
    """Subscriptions that have started and not ended before the cutoff."""
    return known.total(STARTED) - known.total(ENDED)


@subscriptions.feature()
def subscription_age_days(known: AsOf) -> Floats:
    """Mean days since the start of the subscriptions that run."""
    running = subscriptions_running_count.compute(known)
    started_on = known.total(STARTED_ON) - known.total(ENDED_STARTED_ON)
    return divided(running * known.cutoff_days - started_on, running)


@subscriptions.feature()
def subscribed_days(known: AsOf) -> Floats:
    """Days from the first start of a subscription to the cutoff."""
    return known.days_since_first(STARTED_DAYS)


@subscriptions.windowed(over=(90, 365))
def subscriptions_started_count(known: AsOf, window_days: int | None) -> Ints:
    """Subscriptions started: moves between plans and renewals included."""
    return known.total(STARTED, window_days)


@subscriptions.windowed(over=(90, 365))
def subscriptions_ended_count(known: AsOf, window_days: int | None) -> Ints:
    """Subscriptions ended."""
    return known.total(ENDED, window_days)


@subscriptions.feature()
def last_subscription_started_days(known: AsOf) -> Floats:
    """Days from the last start of a subscription to the cutoff."""
    return known.days_since_last(STARTED_DAYS)


@subscriptions.feature()
def last_subscription_ended_days(known: AsOf) -> Floats:
    """Days from the last end of a subscription to the cutoff."""
    return known.days_since_last(ENDED_DAYS)


@subscriptions.feature(needs=("price_minor",))
def running_price_value(known: AsOf) -> Floats:
    """Price of a month of the subscriptions that run."""
    return known.money(STARTED_PRICE) - known.money(ENDED_PRICE)


@subscriptions.feature(needs=("price_minor",))
def price_change_ratio(known: AsOf) -> Floats:
    """Price of the last day of starts against that of the one before: above 1 after a rise."""
    return divided(
        known.last(PRICED_DAYS, STARTED_PRICE), known.last(PRICED_DAYS, STARTED_PRICE, before=1)
    )


@subscriptions.feature(needs=("plan",))
def plans_count(known: AsOf) -> Ints:
    """Different plans ever subscribed to."""
    return known.distinct(PLANS)


@subscriptions.feature(needs=("plan",))
def last_plan_code(known: AsOf) -> Floats:
    """Plan of the subscription started last."""
    return known.last_word(LAST_PLAN)


@subscriptions.feature(needs=("reason",))
def last_end_reason_code(known: AsOf) -> Floats:
    """Why a subscription ended last."""
    return known.last_word(LAST_REASON)
