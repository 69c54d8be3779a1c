"""The sixty features of the comparison, as every engine must compute them.

A row is a customer with an order line or a visit before the cutoff. What happened on the cutoff's
day or later is unknown; a window of w days is [cutoff - w, cutoff). Counts and money are whole
numbers and must be equal; means, deviations and shares may differ in their last bits.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

CHANNELS = ("web", "app", "store", "phone", "partner")
CATEGORIES = tuple(f"category-{number:02d}" for number in range(20))

WINDOWS: tuple[tuple[str, int | None], ...] = (
    ("7d", 7),
    ("30d", 30),
    ("90d", 90),
    ("180d", 180),
    ("365d", 365),
    ("life", None),
)
"""Suffix of a window's columns and its days; None is the whole life."""

Kind = Literal["whole", "decimal"]


@dataclass(frozen=True, slots=True)
class Definition:
    """One feature: its column, how it must agree, and what it is."""

    name: str
    kind: Kind
    meaning: str


_WINDOWED: tuple[tuple[str, Kind, str], ...] = (
    ("visits_{}_count", "whole", "visits"),
    ("visit_days_{}_count", "whole", "days with a visit"),
    ("order_lines_{}_count", "whole", "order lines"),
    ("order_days_{}_count", "whole", "days with an order"),
    ("ordered_{}_minor", "whole", "money ordered; 0 without a line"),
    ("largest_line_{}_minor", "whole", "money of the largest line; empty without a line"),
    ("mean_line_{}_minor", "decimal", "money per line; empty without a line"),
    ("categories_{}_count", "whole", "different categories ordered"),
)

_ONCE: tuple[tuple[str, Kind, str], ...] = (
    ("order_recency_days", "whole", "days since the last order; empty without one"),
    ("visit_recency_days", "whole", "days since the last visit; empty without one"),
    ("tenure_days", "whole", "days since the first order or visit"),
    ("order_gap_mean_days", "decimal", "mean days between order days; empty below 2 days"),
    ("order_gap_sd_days", "decimal", "their sample deviation; empty below 3 days"),
    ("visit_trend_ratio", "decimal", "3 × visits of 30 days / visits of 90; empty without"),
    ("order_trend_ratio", "decimal", "3 × lines of 30 days / lines of 90; empty without"),
    *((f"{channel}_share", "decimal", f"share of lines by {channel}") for channel in CHANNELS),
)

FEATURES: tuple[Definition, ...] = (
    *(
        Definition(name.format(suffix), kind, f"{meaning}, window {suffix}")
        for name, kind, meaning in _WINDOWED
        for suffix, _ in WINDOWS
    ),
    *(Definition(*one) for one in _ONCE),
)
"""All sixty."""

NAMES = tuple(feature.name for feature in FEATURES)


def cutoffs_before(end: date, count: int) -> list[date]:
    """`count` firsts of a month, the last being `end`, itself the first of a month."""
    months = [end.year * 12 + end.month - 1 - back for back in reversed(range(count))]
    return [date(month // 12, month % 12 + 1, 1) for month in months]
