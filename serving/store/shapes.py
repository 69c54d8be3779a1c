"""What the store keeps, as plain objects: scores, their generation, sums, the past, events."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

MOST_REASONS = 3  # of a score; a fourth would not be read


@dataclass(frozen=True, slots=True)
class Reason:
    """One driver of a churn score; `typical` is the customer's or the population's usual value."""

    code: str
    direction: str  # raises | lowers
    weight: str  # high | medium | low
    value: float | None
    typical: float | None
    unit: str
    meaning: str = ""  # of a feature of the business's own, in its own words


@dataclass(frozen=True, slots=True)
class Score:
    """A customer's score; without a score, `unavailable_reason` says why and numbers are None.

    Money is in whole units of the generation's currency. `cltv` is the discounted contribution
    margin expected over the value horizon; `value_at_stake` is the probability of churn times
    `cltv_if_retained`; `value_band` is a third of the scored customers by that last amount.
    """

    customer_id: str
    market: str
    last_order_on: date
    order_days_count: int
    spend_value: float
    usual_gap_days: float | None = None
    unavailable_reason: str | None = None
    churn_probability: float | None = None
    percentile: int | None = None
    band: str | None = None
    alive_probability: float | None = None
    expected_orders: float | None = None
    cltv: float | None = None
    cltv_low: float | None = None
    cltv_high: float | None = None
    cltv_if_retained: float | None = None
    value_at_stake: float | None = None
    value_band: str | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Generation:
    """What all scores of one publication share.

    `quality` holds the model's measured grades, `scales` what makes a new score comparable with
    the published ones: 99 `percentiles` of churn probability, two `value_edges`, `value_factor`.
    """

    business: str
    as_of: date
    valid_until: date
    published_at: datetime
    histories: str
    model_name: str
    model_version: str
    model_digest: str
    run_id: str
    churn_definition: str
    churn_horizon_days: int
    value_horizon_days: int
    value_interval: float
    currency: str
    quality: dict[str, Any] = field(default_factory=dict)
    scales: dict[str, Any] = field(default_factory=dict)
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the risk-value matrix: customers of a churn band and a value band."""

    band: str
    value_band: str
    customers_count: int
    value_at_stake: float


@dataclass(frozen=True, slots=True)
class Overview:
    """The sums of a generation, for the first picture of the page."""

    customers_count: int
    scored_count: int
    at_risk_count: int
    value_at_stake: float
    unavailable: dict[str, int]
    bands: dict[str, int]


@dataclass(frozen=True, slots=True)
class PastScore:
    """A customer's score as it once was; it held until the next one of the same customer.

    `reasons` are codes with their direction, such as `("silence.own", "raises")`.
    """

    generation: Generation
    churn_probability: float | None
    band: str | None
    cltv: float | None
    unavailable_reason: str | None
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What is different between a score and the one before it.

    `probability_delta` is None where one of the two has no probability.
    """

    probability_delta: float | None
    band_before: str | None
    band_after: str | None
    reasons_appeared: tuple[str, ...]
    reasons_disappeared: tuple[str, ...]
    model_changed: bool
    definition_changed: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """A current score and the number of the generation since which it is what it is."""

    score: Score
    since: int


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """Something that happened, at its place in the journal.

    For `score.band_changed`, `before` and `after` are bands, None where there was no score.
    """

    sequence: int
    kind: str
    occurred_at: datetime
    customer_id: str | None = None
    as_of: date | None = None
    before: str | None = None
    after: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
