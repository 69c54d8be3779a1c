"""What the customer does without buying: visits and other uses of shop, site or app."""

from collections.abc import Iterator

import numpy as np

from features.declarations import Feature, Floats, Ints, Measure, Source, divided
from features.groups.trend import pace
from features.kernel import AsOf
from features.measures import ORDER_DAYS
from features.words import literal, slug

visits = Source("visits")

VISITS = visits.count("visits")
VISIT_DAYS = visits.days("visit_days")
VISIT_SECONDS = visits.total("visit_seconds", "seconds", needs=("seconds",))
VISIT_KINDS = visits.bits("visit_kind_bits", "kind")
VISIT_CHANNELS = visits.bits("visit_channel_bits", "channel")
LAST_KIND = visits.word("last_visit_kind", "kind")
LAST_CHANNEL = visits.word("last_visit_channel", "channel")


@visits.windowed()
def visits_count(known: AsOf, window_days: int | None) -> Ints:
    """Visits."""
    return known.total(VISITS, window_days)


@visits.windowed(over=(30, 90, 365))
def visit_days_count(known: AsOf, window_days: int | None) -> Ints:
    """Days with a visit."""
    return known.total(VISIT_DAYS, window_days)


@visits.feature()
def last_visit_days(known: AsOf) -> Floats:
    """Days from the last visit to the cutoff."""
    return known.days_since_last(VISIT_DAYS)


@visits.feature()
def usual_visit_gap_days(known: AsOf) -> Floats:
    """Mean days between two days with a visit."""
    span = known.days_since_first(VISIT_DAYS) - known.days_since_last(VISIT_DAYS)
    return divided(span, known.total(VISIT_DAYS) - 1)


@visits.feature()
def visit_silence_ratio(known: AsOf) -> Floats:
    """Days since the last visit, in the customer's own mean gaps between visits."""
    return divided(known.days_since_last(VISIT_DAYS), usual_visit_gap_days.compute(known))


@visits.feature()
def visits_7d_to_30d_ratio(known: AsOf) -> Floats:
    """Pace of visits over 7 days against 30."""
    return pace(known, VISITS, 7, 30)


@visits.feature()
def visits_30d_to_90d_ratio(known: AsOf) -> Floats:
    """Pace of visits over 30 days against 90."""
    return pace(known, VISITS, 30, 90)


@visits.windowed(over=(90, 365), needs=("orders",))
def visits_per_order_day_ratio(known: AsOf, window_days: int | None) -> Floats:
    """Visits per day with an order."""
    return divided(known.total(VISITS, window_days), known.total(ORDER_DAYS, window_days))


@visits.windowed(over=(30, 90), needs=("seconds",))
def visit_minutes(known: AsOf, window_days: int | None) -> Floats:
    """Time spent on visits."""
    return known.total(VISIT_SECONDS, window_days) / 60


@visits.windowed(over=(30, 90), needs=("kind",))
def visit_kinds_count(known: AsOf, window_days: int | None) -> Ints:
    """Different things done on visits."""
    return known.distinct(VISIT_KINDS, window_days)


@visits.windowed(over=(90,), needs=("channel",))
def visit_channels_count(known: AsOf, window_days: int | None) -> Ints:
    """Different channels visited through."""
    return known.distinct(VISIT_CHANNELS, window_days)


@visits.feature(needs=("kind",))
def last_visit_kind_code(known: AsOf) -> Floats:
    """What was done on the last visit."""
    return known.last_word(LAST_KIND)


@visits.feature(needs=("channel",))
def last_visit_channel_code(known: AsOf) -> Floats:
    """Channel of the last visit."""
    return known.last_word(LAST_CHANNEL)


def of_words(column: str, word: str) -> Iterator[Measure | Feature]:
    """The measures and features of one kind of visit that the settings name."""
    if column != "visits.kind":
        return
    is_it, name = f"kind = {literal(word)}", slug(word)
    happened = visits.count(f"visits_{name}", is_it, needs=("kind",))
    days = visits.days(f"visit_days_{name}", is_it, needs=("kind",))
    yield from (happened, days)

    def of_kind(known: AsOf, window_days: int | None) -> Ints:
        return known.total(happened, window_days)

    of_kind.__name__ = f"visits_{name}_count"
    of_kind.__doc__ = f"Visits of the kind {word}."
    yield from visits.windowed(over=(30, 90), needs=("kind",))(of_kind)

    def last(known: AsOf) -> Floats:
        return known.days_since_last(days)

    last.__name__ = f"last_visit_{name}_days"
    last.__doc__ = f"Days from the last visit of the kind {word} to the cutoff."
    yield visits.feature(needs=("kind",))(last)

    def changed(known: AsOf) -> Floats:
        return np.asarray(pace(known, happened, 30, 90))

    changed.__name__ = f"visits_{name}_30d_to_90d_ratio"
    changed.__doc__ = f"Pace of visits of the kind {word} over 30 days against 90."
    yield visits.feature(needs=("kind",))(changed)
