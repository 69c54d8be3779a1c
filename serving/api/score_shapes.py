"""The shapes of a score in answers: what `serving.api.score_object` fills and OpenAPI describes."""

from typing import Literal, NotRequired

# pydantic reads the standard library's TypedDict only from Python 3.12 on.
from typing_extensions import TypedDict

Number = int | float


class Calibration(TypedDict):
    """Whether probabilities agree with what happened: checked in the market, or of all customers.

    `scope` is none where too few customers could be checked; `checked_on` is the last day of the
    outcomes; `ok` is false where probabilities were off, or could not be checked.
    """

    scope: Literal["market", "all", "none"]
    checked_on: str
    ok: bool


class Churn(TypedDict):
    """The chance of no order within the horizon, by the named definition."""

    definition: str
    horizon_days: int
    probability: float
    percentile: NotRequired[int]
    band: NotRequired[str]
    alive_probability: NotRequired[float]
    calibration: NotRequired[Calibration]


class Cltv(TypedDict):
    """The discounted contribution margin expected within the horizon."""

    horizon_days: int
    basis: Literal["contribution_margin"]
    amount: str
    low: NotRequired[str]
    high: NotRequired[str]
    interval: float
    currency: str
    amount_if_retained: NotRequired[str]
    value_at_stake: NotRequired[str]


class Orders(TypedDict):
    """What was ordered, and how many orders are expected within the value horizon."""

    last_on: str
    days_count: int
    spend: str
    currency: str
    usual_gap_days: NotRequired[Number]
    expected: NotRequired[float]
    horizon_days: NotRequired[int]


class ReasonObject(TypedDict):
    """One driver of the churn score; money values are decimal strings."""

    code: str
    direction: str
    weight: str
    value: Number | str | None
    typical: Number | str | None
    unit: str
    text: str
    lang: str


class ModelName(TypedDict):
    """The model that scored."""

    name: str
    version: str
    run_id: str


class Links(TypedDict):
    """Where the score can be fetched again, and where its past."""

    self: str
    history: str


class ScoreObject(TypedDict):
    """A customer's score with its definition, horizon, interval, reasons and model."""

    customer_id: str
    available: Literal[True]
    as_of: str
    valid_until: str
    market: str
    churn: Churn
    cltv: NotRequired[Cltv]
    orders: Orders
    reasons: list[ReasonObject]
    model: ModelName
    links: NotRequired[Links]


class NoScoreObject(TypedDict):
    """A customer who is known but has no score, and why.

    `reason` is already_churned, too_little_history, objected_to_profiling, or
    model_not_calibrated_for_market where the model was too far off to be shown.
    """

    customer_id: str
    available: Literal[False]
    reason: str
    as_of: str
    valid_until: str
    market: str
    model: ModelName
    links: NotRequired[Links]


class FlatScore(TypedDict):
    """A score under one name per CRM property; null clears a field."""

    regulars_customer_id: str
    regulars_available: bool
    regulars_unavailable_reason: str | None
    regulars_as_of: str
    regulars_valid_until: str
    regulars_market: str
    regulars_churn_probability: float | None
    regulars_churn_percentile: int | None
    regulars_churn_band: str | None
    regulars_churn_definition: str
    regulars_churn_horizon_days: int
    regulars_churn_calibration_scope: str | None
    regulars_churn_calibration_checked_on: str | None
    regulars_churn_calibration_ok: bool | None
    regulars_alive_probability: float | None
    regulars_expected_orders: float | None
    regulars_cltv_amount: str | None
    regulars_cltv_low: str | None
    regulars_cltv_high: str | None
    regulars_cltv_interval: float
    regulars_cltv_if_retained: str | None
    regulars_cltv_horizon_days: int
    regulars_value_at_stake: str | None
    regulars_currency: str
    regulars_reason_1: str | None
    regulars_reason_2: str | None
    regulars_reason_3: str | None
    regulars_model_version: str
    regulars_run_id: str


AnyScore = ScoreObject | NoScoreObject
