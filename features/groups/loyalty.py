"""Loyalty points and tiers: earned, spent, expiring."""

from features.declarations import Floats, Ints, Source, divided
from features.kernel import AsOf

loyalty = Source("loyalty")

EARNED = loyalty.total("points_earned", "points", "kind = 'earned'", needs=("points",))
SPENT = loyalty.total("points_spent", "points", "kind = 'spent'", needs=("points",))
EXPIRED = loyalty.total("points_expired", "points", "kind = 'expired'", needs=("points",))
SPENT_DAYS = loyalty.days("points_spent_days", "kind = 'spent'")
EXPIRING = loyalty.total(
    "points_expiring",
    "points",
    "kind = 'earned'",
    needs=("points", "expires_day"),
    at="expires_day",
)
TIER_DAYS = loyalty.days(
    "tier_days", "kind = 'tier' AND tier_level IS NOT NULL", needs=("tier_level",)
)
TIER = loyalty.largest("tier_level", "tier_level", "kind = 'tier'", needs=("tier_level",))


@loyalty.windowed(over=(30, 90, 365), needs=("points",))
def earned_points(known: AsOf, window_days: int | None) -> Ints:
    """Points earned."""
    return known.total(EARNED, window_days)


@loyalty.windowed(over=(90, 365), needs=("points",))
def spent_points(known: AsOf, window_days: int | None) -> Ints:
    """Points spent."""
    return known.total(SPENT, window_days)


@loyalty.feature(needs=("points",))
def balance_points(known: AsOf) -> Ints:
    """Points earned and neither spent nor expired."""
    return known.total(EARNED) - known.total(SPENT) - known.total(EXPIRED)


@loyalty.feature(needs=("points",))
def points_spent_share(known: AsOf) -> Floats:
    """Part of the points earned that was spent."""
    return divided(known.total(SPENT), known.total(EARNED))


@loyalty.feature(needs=("points", "expires_day"))
def expiring_30d_points(known: AsOf) -> Ints:
    """Points earned that expire within 30 days from the cutoff, spent ones included."""
    return known.ahead(EXPIRING, 30)


@loyalty.feature()
def last_points_spent_days(known: AsOf) -> Floats:
    """Days from the last spending of points to the cutoff."""
    return known.days_since_last(SPENT_DAYS)


@loyalty.feature(needs=("tier_level",))
def tier_level(known: AsOf) -> Floats:
    """The tier, 0 being the lowest."""
    return known.last(TIER_DAYS, TIER)


@loyalty.feature(needs=("tier_level",))
def tier_change_level(known: AsOf) -> Floats:
    """The tier, less the one before it: below 0 after a fall."""
    return known.last(TIER_DAYS, TIER) - known.last(TIER_DAYS, TIER, before=1)


@loyalty.feature(needs=("tier_level",))
def last_tier_change_days(known: AsOf) -> Floats:
    """Days from the last change of tier to the cutoff."""
    return known.days_since_last(TIER_DAYS)
