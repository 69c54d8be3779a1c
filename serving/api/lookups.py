"""What the API answers, without HTTP: requests in, JSON-ready objects out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal, NotRequired, cast

from typing_extensions import TypedDict

from serving import calibration, drift
from serving.access.keys import LOCAL, Caller
from serving.api.answers import etag_of, json_bytes
from serving.api.inputs import BatchGet, Predict, clean_text
from serving.api.problems import FORBIDDEN, UNKNOWN_CUSTOMER, Problem, ProblemBody
from serving.api.raw_orders import orders_table, require_orders_only
from serving.api.score_object import flat_score, score_object
from serving.api.score_shapes import AnyScore, FlatScore
from serving.state import ServerState
from serving.store import Generation, Score


@dataclass(frozen=True, slots=True)
class Look:
    """How scores are to be written."""

    view: Literal["full", "flat"] = "full"
    language: str = "en"
    caller: Caller = LOCAL  # for whom other markets' customers do not exist

    def of(
        self, score: Score, generation: Generation, *, stored: bool = True
    ) -> AnyScore | FlatScore:
        """The score in this view and language."""
        if self.view == "flat":
            return flat_score(score, generation, language=self.language)
        return score_object(score, generation, language=self.language, stored=stored)


READY = "full", "en"
"""The view and language that are made when scores are published."""


class Result(TypedDict):
    """What came of one customer of a batch: a score, or the problem of this customer alone."""

    customer_id: str
    status: Literal[200, 404]
    score: NotRequired[AnyScore | FlatScore]
    problem: NotRequired[ProblemBody]


class Results(TypedDict):
    """One result per customer asked for, in the order asked."""

    results: list[Result]


class CardPart(TypedDict):
    """What a model predicts, and how far ahead."""

    horizon_days: int
    definition: NotRequired[str]
    basis: NotRequired[Literal["contribution_margin"]]
    interval: NotRequired[float]
    currency: NotRequired[str]


class MarketCalibration(TypedDict):
    """The figures of a mark: shares said and seen with an interval, the error over five groups."""

    state: Literal["ok", "unchecked", "flagged", "withheld"]
    customers_count: NotRequired[int]
    said: NotRequired[float]
    seen: NotRequired[float]
    seen_low: NotRequired[float]
    seen_high: NotRequired[float]
    ece: NotRequired[float]


class CalibrationRule(TypedDict):
    """When a market is off: beyond these tolerances, with this share of error over all markets."""

    flagged_over: float
    withheld_over: float
    min_customers: int
    error_share: float


class CardCalibration(TypedDict):
    """Where probabilities agreed with what happened on the holdout, per market.

    `customers` counts the customers of the published scores whom a mark concerns, by state and
    market. A market that is unchecked or not here takes the mark of `all`.
    """

    rule: CalibrationRule
    cutoff: str
    checked_on: str
    all: MarketCalibration
    markets: dict[str, MarketCalibration]
    customers: NotRequired[dict[str, dict[str, int]]]


class CardDrift(TypedDict):
    """How far the scored customers are from those that the model learned from.

    Population stability indices by feature and of the churn probability: below 0.1 little has
    moved, above 0.25 much. The model knew everything before `learned_until`. The probability is
    null where a market is withheld, for then not all of its values are shown.
    """

    learned_until: str
    churn_probability: float | None
    features: dict[str, float]


class ModelCard(TypedDict):
    """The model that the published scores come from; `quality` holds its measured grades."""

    name: str
    version: str
    run_id: str
    business: str
    as_of: str
    valid_until: str
    published_at: str
    churn: CardPart
    cltv: CardPart
    calibration: NotRequired[CardCalibration]
    drift: NotRequired[CardDrift]
    quality: dict[str, Any]


def get_score(state: ServerState, customer_id: str, look: Look) -> AnyScore | FlatScore:
    """The stored score of one customer. Raises Problem for an id that is not stored."""
    generation = state.generation()
    known = clean_text(customer_id)
    score = state.store.scores(generation.generation, [known]).get(known)
    if score is None or not look.caller.sees(score.market):
        raise Problem(UNKNOWN_CUSTOMER)
    return look.of(score, generation)


def ready_answer(score: Score, generation: Generation) -> tuple[bytes, str]:
    """The body and ETag of a score in the default view and language, to be kept with it."""
    body = json_bytes(Look().of(score, generation))
    return body, etag_of(body)


def get_ready(state: ServerState, customer_id: str, look: Look) -> tuple[bytes, str] | None:
    """The answer that was made when the score was published; None where it must be made now."""
    # A caller of some markets is asked about each customer's; the bytes do not tell it.
    if look.caller.markets is not None or (look.view, look.language) != READY:
        return None
    return state.store.document(state.generation().generation, clean_text(customer_id))


def get_scores(state: ServerState, asked: BatchGet, look: Look) -> Results:
    """The stored scores of many customers; an id that is not stored spoils only its own result."""
    generation = state.generation()
    known = {customer_id: clean_text(customer_id) for customer_id in asked.customer_ids}
    scores = state.store.scores(generation.generation, list(dict.fromkeys(known.values())))
    found = {
        customer_id: _result(customer_id, scores.get(stored_id), generation, look)
        for customer_id, stored_id in known.items()
    }
    return Results(results=[found[customer_id] for customer_id in asked.customer_ids])


def _result(customer_id: str, score: Score | None, generation: Generation, look: Look) -> Result:
    if score is None or not look.caller.sees(score.market):
        problem = Problem(UNKNOWN_CUSTOMER).body()
        return Result(customer_id=customer_id, status=404, problem=problem)
    return Result(customer_id=customer_id, status=200, score=look.of(score, generation))


def predict(state: ServerState, asked: Predict, look: Look) -> Results:
    """Scores of the histories sent along; nothing of them is kept."""
    generation = state.generation()
    as_of = asked.as_of or generation.as_of
    require_orders_only(state.settings)
    orders = orders_table(asked.customers, state.settings, as_of)
    if not all(look.caller.sees(market) for market in orders["market"].unique().to_pylist()):
        raise Problem(FORBIDDEN, "The key is not for the market of every order.")
    scorer = state.scorer(generation)
    scores = {score.customer_id: score for score in scorer.score_orders(orders, as_of)}
    valid_until = as_of + timedelta(days=state.settings.valid_days)
    shared = replace(scorer.generation, as_of=as_of, valid_until=valid_until)
    results = [
        Result(
            customer_id=one.customer_id,
            status=200,
            score=look.of(scores[one.customer_id], shared, stored=False),
        )
        for one in asked.customers
    ]
    return Results(results=results)


def model_card(state: ServerState) -> ModelCard:
    """The model behind the published scores, with its grades."""
    current = state.generation()
    grades = dict(current.quality)
    # Models of earlier versions bring no marks.
    marks, moved = grades.pop(calibration.KEY, None), grades.pop(drift.KEY, None)
    card = ModelCard(
        name=current.model_name,
        version=current.model_version,
        run_id=current.run_id,
        business=current.business,
        as_of=current.as_of.isoformat(),
        valid_until=current.valid_until.isoformat(),
        published_at=current.published_at.isoformat(timespec="seconds"),
        churn=CardPart(
            definition=current.churn_definition, horizon_days=current.churn_horizon_days
        ),
        cltv=CardPart(
            horizon_days=current.value_horizon_days,
            basis="contribution_margin",
            interval=current.value_interval,
            currency=current.currency,
        ),
        quality=cast("dict[str, Any]", _finite(grades)),
    )
    if marks:
        card["calibration"] = marks
    if moved:
        card["drift"] = moved
    return card


def _finite(part: object) -> object:
    """The same without numbers that are none: a grade that could not be computed is left out."""
    if isinstance(part, dict):
        return {name: _finite(one) for name, one in part.items() if not _is_nan(one)}
    if isinstance(part, Sequence) and not isinstance(part, str):
        return [_finite(one) for one in part if not _is_nan(one)]
    return part


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
