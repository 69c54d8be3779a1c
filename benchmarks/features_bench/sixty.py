"""The sixty features in our own declaration language, in the order of `definitions.NAMES`.

The names differ where ours end in a unit that the comparison does not have.
"""

import numpy as np

from benchmarks.features_bench.definitions import CHANNELS, NAMES
from features.catalog import Catalogue
from features.declarations import Feature, Floats, Ints, Measure, Source, divided
from features.kernel import AsOf

orders = Source("orders")
visits = Source("visits")

VISITS = visits.count("visits")
VISIT_DAYS = visits.days("visit_days")
LINES = orders.count("order_lines")
ORDER_DAYS = orders.days("order_days")
ORDERED = orders.total("ordered", "amount_minor")
LARGEST = orders.largest("largest_line", "amount_minor")
CATEGORIES = orders.bits("categories", "category")
BY_CHANNEL = tuple(orders.count(f"{one}_lines", f"channel = '{one}'") for one in CHANNELS)


@visits.windowed()
def visits_count(known: AsOf, window_days: int | None) -> Ints:
    """Visits."""
    return known.total(VISITS, window_days)


@visits.windowed()
def visit_days_count(known: AsOf, window_days: int | None) -> Ints:
    """Days with a visit."""
    return known.total(VISIT_DAYS, window_days)


@orders.windowed()
def order_lines_count(known: AsOf, window_days: int | None) -> Ints:
    """Order lines."""
    return known.total(LINES, window_days)


@orders.windowed()
def order_days_count(known: AsOf, window_days: int | None) -> Ints:
    """Days with an order."""
    return known.total(ORDER_DAYS, window_days)


@orders.windowed()
def ordered_value(known: AsOf, window_days: int | None) -> Ints:
    """Money ordered, in minor units."""
    return known.total(ORDERED, window_days)


@orders.windowed()
def largest_line_value(known: AsOf, window_days: int | None) -> Floats:
    """Money of the largest line, in minor units."""
    return known.largest(LARGEST, window_days)


@orders.windowed()
def mean_line_value(known: AsOf, window_days: int | None) -> Floats:
    """Money per line, in minor units."""
    return divided(known.total(ORDERED, window_days), known.total(LINES, window_days))


@orders.windowed()
def categories_count(known: AsOf, window_days: int | None) -> Ints:
    """Different categories ordered."""
    return known.distinct(CATEGORIES, window_days)


@orders.feature()
def order_recency_days(known: AsOf) -> Floats:
    """Days since the last order."""
    return known.days_since_last(ORDER_DAYS)


@visits.feature()
def visit_recency_days(known: AsOf) -> Floats:
    """Days since the last visit."""
    return known.days_since_last(VISIT_DAYS)


@visits.feature()
def tenure_days(known: AsOf) -> Floats:
    """Days since the first order or visit."""
    return np.fmax(known.days_since_first(VISIT_DAYS), known.days_since_first(ORDER_DAYS))


@orders.feature()
def order_gap_mean_days(known: AsOf) -> Floats:
    """Mean days between days with an order."""
    return divided(_order_span(known), _gaps(known))


@orders.feature()
def order_gap_sd_days(known: AsOf) -> Floats:
    """Sample deviation of the days between days with an order."""
    span, gaps = _order_span(known), _gaps(known)
    squares = known.squared_gaps(ORDER_DAYS) - divided(span * span, gaps)
    return np.sqrt(np.maximum(divided(squares, gaps - 1), 0))


@visits.feature()
def visit_trend_ratio(known: AsOf) -> Floats:
    """Visits of 30 days times three per visit of 90 days."""
    return divided(3 * known.total(VISITS, 30), known.total(VISITS, 90))


@orders.feature()
def order_trend_ratio(known: AsOf) -> Floats:
    """Order lines of 30 days times three per line of 90 days."""
    return divided(3 * known.total(LINES, 30), known.total(LINES, 90))


def _share_of(lines: Measure) -> Feature:
    def share(known: AsOf) -> Floats:
        """Share of order lines by a channel."""
        return divided(known.total(lines), known.total(LINES))

    share.__name__ = f"{lines.name.removesuffix('_lines')}_share"
    return orders.feature()(share)


def _order_span(known: AsOf) -> Floats:
    return known.days_since_first(ORDER_DAYS) - known.days_since_last(ORDER_DAYS)


def _gaps(known: AsOf) -> Ints:
    return known.total(ORDER_DAYS) - 1


SIXTY = Catalogue(
    measures=(VISITS, VISIT_DAYS, LINES, ORDER_DAYS, ORDERED, LARGEST, CATEGORIES, *BY_CHANNEL),
    features=(
        *visits_count,
        *visit_days_count,
        *order_lines_count,
        *order_days_count,
        *ordered_value,
        *largest_line_value,
        *mean_line_value,
        *categories_count,
        order_recency_days,
        visit_recency_days,
        tenure_days,
        order_gap_mean_days,
        order_gap_sd_days,
        visit_trend_ratio,
        order_trend_ratio,
        *map(_share_of, BY_CHANNEL),
    ),
)
"""The measures and the features; the k-th feature is the k-th of `definitions.NAMES`."""

if len(SIXTY.features) != len(NAMES):
    message = f"{len(SIXTY.features)} features are declared, {len(NAMES)} are compared"
    raise TypeError(message)
