"""What the product predicts of a customer: churn, orders and value, from one set of fits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from features.errors import NotEnoughData
from features.histories import Histories, fingerprint
from features.matrix import feature_columns, matrix
from features.tree_settings import ModelTrees
from features.word_codes import is_word
from training.labels import active
from training.models.anchor import Anchor, Now, fit_anchors, panel_offset, sigmoid
from training.models.boosting import Recipe
from training.models.calibration import Said, earned_calibration
from training.models.churn import BY_CONTRACT, BY_SILENCE, ChurnModel, calibrated, fit_churn_model
from training.models.evidence import Past, pasts, tried_churn, tried_value
from training.models.horizons import LONGEST_DAYS
from training.models.intervals import ValueInterval, fit_value_interval
from training.models.lifetime_value import MEMBERS, ValueModel, fit_value_model, spend_of
from training.models.mixture import (
    Choice,
    Tried,
    Weights,
    alone,
    chosen,
    log_loss_of,
    mixed,
    tweedie_loss,
)
from training.panel import Panel, PanelPlan, build_panel, data_end, plan_panel

DAYS_PER_YEAR = 365.25
LIFETIME_DAYS = (0, *(round(year * DAYS_PER_YEAR) for year in range(1, 10)), LONGEST_DAYS)
"""Ends of the years that a lifetime value adds up, in days."""

PRODUCT_TREES = ModelTrees()
"""How trees are grown where nothing was tuned."""

Progress = Callable[[str], None]


def no_progress(step: str) -> None:
    """Nobody is told about the steps."""


@dataclass(frozen=True, slots=True)
class Horizons:
    """How far ahead is predicted, by which definition, and which share an interval covers.

    `grace_days` belongs to churn by a subscription's end; None is churn by silence.
    """

    churn_days: int
    value_days: int
    interval: float
    grace_days: int | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the registered model; `digest` vouches for its files."""

    name: str
    number: str
    run_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What one must know to use a model: its horizons, its features, what it learned from.

    `typical` is the median of each feature over the customers active at `as_of`, of words the
    commonest; `notes` say what was odd in the data and what was done about it; `quality` holds the
    holdout's figures beside the baseline's. `trees` says how those of each model were grown,
    `reference` how features and scores were distributed (`training.reference`).
    """

    horizons: Horizons
    as_of: str
    cutoffs: tuple[str, ...]
    churn_label_days: int
    value_label_days: int
    customers_count: int
    rows_count: int
    churn_rate: float
    data_fingerprint: str
    catalogue_version: str
    shape: dict[str, Any]
    feature_names: tuple[str, ...]
    typical: dict[str, float | None]
    currency: str
    seed: int
    notes: tuple[str, ...] = ()
    quality: dict[str, Any] = field(default_factory=dict)
    trees: dict[str, Any] = field(default_factory=dict)
    reference: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """The facts as JSON-able data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CustomerModel:
    """The churn model, the value model, the interval of values and the facts about all."""

    churn: ChurnModel
    value: ValueModel
    interval: ValueInterval
    facts: ModelFacts

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """One row per row of `features`, same index.

        `churn_probability` within the churn horizon, and `answers` within the value horizon.
        """
        horizons = self.facts.horizons
        asked = [horizons.churn_days, horizons.value_days, LONGEST_DAYS, self.interval.days]
        silence = self.churn.churn_probabilities(features, asked)
        answers = self._answers(features, horizons.value_days, silence)
        answers.insert(0, "churn_probability", silence[horizons.churn_days])
        return answers

    def answers(self, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
        """What each customer will do within any horizon; one row per row, same index.

        `no_order_probability`, `alive_probability` (has not left for good: at least the chance to
        order at all), `expected_orders` (order days), `expected_value`, `value_median`,
        `value_low` and `value_high` in whole units. The longer the horizon, the less likely is
        silence and the more orders and value are expected. Raises ModelRefused for a horizon
        beyond ten years.
        """
        asked = [horizon_days, LONGEST_DAYS, self.interval.days]
        silence = self.churn.churn_probabilities(features, asked)
        return self._answers(features, horizon_days, silence)

    def _answers(
        self, features: pd.DataFrame, horizon_days: int, silence: Mapping[int, np.ndarray]
    ) -> pd.DataFrame:
        silent = silence[horizon_days]
        known_days = self.interval.days
        values = self.value.expected_values(features, dict.fromkeys([horizon_days, known_days]))
        expected = values[horizon_days]
        low, high = self.interval.around(
            expected, silent, (values[known_days], silence[known_days])
        )
        return pd.DataFrame(
            {
                "no_order_probability": silent,
                "alive_probability": np.maximum(
                    self.churn.anchor.alive_probability(features), 1 - silence[LONGEST_DAYS]
                ),
                "expected_orders": self._expected_orders(features, horizon_days, silent),
                "expected_value": expected,
                "value_median": self.interval.median(expected, silent),
                "value_low": low,
                "value_high": high,
            },
            index=features.index,
        )

    def lifetime_value(
        self, features: pd.DataFrame, *, margin: float, discount_rate: float
    ) -> pd.Series:
        """Margin that each customer brings over ten years, discounted to today, in whole units.

        The years' parts are differences of the expected value at their ends, each discounted from
        its middle by the yearly rate.
        """
        total = before = np.zeros(len(features))
        until = self.value.expected_values(features, LIFETIME_DAYS[1:])
        for first, last in pairwise(LIFETIME_DAYS):
            years = (first + last) / 2 / DAYS_PER_YEAR
            total = total + (until[last] - before) * margin / (1 + discount_rate) ** years
            before = until[last]
        return pd.Series(total, index=features.index, name="lifetime_value")

    def _expected_orders(
        self, features: pd.DataFrame, horizon_days: int, silent: np.ndarray
    ) -> np.ndarray:
        """The anchor's orders of a customer who comes back, times the chance that she does."""
        anchor = self.churn.anchor
        if_any = anchor.expected_orders(features, horizon_days) / np.maximum(
            1 - anchor.models.churn_probability(features, horizon_days), 1e-12
        )
        return np.maximum(if_any, 1.0) * (1 - silent)


def fit_customer_model(
    histories: Histories,
    as_of: date,
    horizons: Horizons,
    *,
    seed: int,
    trees: ModelTrees = PRODUCT_TREES,
    progress: Progress = no_progress,
) -> CustomerModel:
    """Models for predictions at the start of `as_of`, learned from strictly before it.

    Odd data never fail: what was odd and what stands in is told by `facts.notes`. Raises
    NotEnoughData when nobody ordered before, or when history is too short for a single label.
    """
    known = histories.before(as_of)
    if known.orders.num_rows == 0:
        message = f"unavailable, because there is no order before {as_of}"
        raise NotEnoughData(message)
    end = data_end(known, as_of)
    current = matrix(known, [as_of])
    progress("panel of customers and cutoffs")
    grace = horizons.grace_days
    panel_of = Panels(known, end, grace)
    churn_panel = panel_of(horizons.churn_days)
    value_panel = panel_of(horizons.value_days)
    progress("probability models")
    anchor = Anchor.fit(current)
    still_here = active(current, horizon_days=horizons.churn_days, grace_days=grace)
    now = Now(current, still_here, anchor)
    progress("past days of prediction")
    churn_pasts = pasts(known, churn_panel, grace_days=grace, seed=seed)
    value_pasts = churn_pasts
    if value_panel is not churn_panel:
        value_pasts = pasts(known, value_panel, grace_days=grace, seed=seed)
    progress("churn model")
    churn_recipe = Recipe(seed, trees.churn)
    churn, churn_tried = _fit_churn(churn_panel, churn_pasts, now, horizons, churn_recipe)
    progress("value model")
    value, value_tried = _fit_value(
        value_panel, value_pasts, now, horizons, Recipe(seed, trees.value)
    )
    if value_tried and not (churn_tried and value_pasts is churn_pasts):
        churn_tried = [tried_churn(value_pasts[0], churn.choice.weights, churn_recipe)]
    interval = _fit_interval(value_panel, churn, churn_tried, value, value_tried, horizons.interval)
    names = feature_columns(current)
    return CustomerModel(
        churn,
        value,
        interval,
        ModelFacts(
            horizons=horizons,
            as_of=as_of.isoformat(),
            cutoffs=tuple(cutoff.isoformat() for cutoff in churn_panel.plan.cutoffs),
            churn_label_days=churn_panel.plan.label_days,
            value_label_days=value_panel.plan.label_days,
            customers_count=len(current),
            rows_count=len(churn_panel.features),
            churn_rate=float(churn_panel.labels["churned"].mean()),
            data_fingerprint=fingerprint(known),
            catalogue_version=histories.catalogue.version,
            shape=histories.shape.to_dict(),
            feature_names=tuple(names),
            typical={name: _typical(current.loc[still_here, name]) for name in names},
            currency=histories.currency,
            seed=seed,
            notes=tuple(_notes(churn_panel, value_panel, anchor)),
            trees=trees.model_dump(),
        ),
    )


def churn_weights(horizons: Horizons) -> Weights:
    """What each member of the churn model weighs by design."""
    return BY_SILENCE if horizons.grace_days is None else BY_CONTRACT


class Panels:
    """The panels of the day of prediction, each plan built once."""

    def __init__(self, known: Histories, end: date, grace_days: int | None) -> None:
        """`end` is the first day that no label may reach."""
        self._known, self._end, self._grace_days = known, end, grace_days
        self._built: dict[PanelPlan, Panel] = {}

    def __call__(self, horizon_days: int) -> Panel:
        """The panel whose labels look so far, or as far as history allows."""
        plan = plan_panel(self._known.first_day, self._end, horizon_days)
        if plan not in self._built:
            self._built[plan] = build_panel(
                self._known, plan, as_of=self._end, grace_days=self._grace_days
            )
        return self._built[plan]


def _fit_churn(
    panel: Panel, past_days: Sequence[Past], now: Now, horizons: Horizons, recipe: Recipe
) -> tuple[ChurnModel, Sequence[Tried]]:
    """The churn model, its members weighed by what the past says of them, and what that is."""
    weights = churn_weights(horizons)
    if _one_fate(panel):
        # A purchase model still tells customers apart; of contracts only the base rate is left.
        weights = alone(weights, "anchor" if horizons.grace_days is None else "plain")
        past_days = ()
    tried = [tried_churn(past, weights, recipe) for past in past_days]
    choice = chosen(tried, weights, log_loss_of)
    said = []
    if panel.plan.label_days >= horizons.churn_days:
        # What a stretched horizon was off by tells nothing of another one.
        said = [
            Said(mixed(one.members, choice.weights), one.outcome, past.now.rows["market"])
            for one, past in zip(tried, past_days, strict=True)
            if past.panel.plan.label_days >= past.days
        ]
    offset = panel_offset(panel, fit_anchors(panel), Anchor.churn_logit)
    both = tuple(dict.fromkeys((horizons.churn_days, horizons.value_days)))
    model = fit_churn_model(panel, offset, now, both, choice, recipe)
    calibration = earned_calibration(said)
    if calibration.kind == "none":
        return replace(model, calibration=calibration), tried
    return calibrated(model, calibration, now, both[0]), tried


def _fit_value(
    panel: Panel, past_days: Sequence[Past], now: Now, horizons: Horizons, recipe: Recipe
) -> tuple[ValueModel, Sequence[Tried]]:
    """The value model, its members weighed by what the past says of them, and what that is."""
    tried = []
    if all(spend_of(past.panel).any() for past in past_days):
        tried = [tried_value(past, recipe) for past in past_days]
    choice = chosen(tried, MEMBERS, tweedie_loss)
    if not spend_of(panel).any():
        choice = Choice(alone(MEMBERS, "anchor"))
    anchors = fit_anchors(panel)
    offset = panel_offset(panel, anchors, Anchor.log_value)
    scale = panel_offset(panel, anchors, Anchor.log_order_value_at)
    return fit_value_model(panel, offset, scale, now, [horizons.value_days], choice, recipe), tried


def _fit_interval(
    panel: Panel,
    churn: ChurnModel,
    churn_tried: Sequence[Tried],
    value: ValueModel,
    value_tried: Sequence[Tried],
    level: float,
) -> ValueInterval:
    """The interval that the newest past day teaches, its predictions brought to the right level."""
    days = panel.plan.label_days
    if value_tried:
        expected = np.exp(mixed(value_tried[0].members, value.choice.weights))
        silence = sigmoid(mixed(churn_tried[0].members, churn.choice.weights))
        spend = value_tried[0].outcome
    else:
        # Nothing was predicted before; the anchor alone saw no outcome of its own cutoff.
        newest = panel.at(panel.plan.latest)
        rows = panel.features[newest]
        anchor = Anchor.fit(rows)
        expected = np.exp(anchor.log_value(rows, days))
        silence = sigmoid(anchor.churn_logit(rows, days))
        spend = spend_of(panel)[newest]
    if spend.any():
        expected = expected * (spend.sum() / expected.sum())
    return fit_value_interval(expected, silence, spend, days=days, level=level)


def _typical(values: pd.Series) -> float | None:
    if is_word(str(values.name)):
        common = values.mode()
        return float(common.iloc[0]) if len(common) else None
    median = values.median()
    return None if pd.isna(median) else float(median)


def _one_fate(panel: Panel) -> bool:
    return panel.labels["churned"].nunique() < 2


def _notes(churn_panel: Panel, value_panel: Panel, anchor: Anchor) -> Iterator[str]:
    """What was odd in the data and what was done, one sentence each."""
    if _one_fate(churn_panel):
        plan = churn_panel.plan
        what = "left" if churn_panel.labels["churned"].all() else "came back"
        yield (
            f"Everybody {what} within {plan.label_days} days after every one of "
            f"{len(plan.cutoffs)} cutoffs, so churn is told by Pareto/NBD or the base rate alone; "
            "another number of days for churn would tell customers apart."
        )
    if not spend_of(value_panel).any():
        yield (
            f"No order within {value_panel.plan.label_days} days after a cutoff has an amount "
            "above 0, so value is told by Gamma-Gamma alone; check the column of the amount."
        )
    for model in (anchor.models.orders, anchor.models.order_value):
        if model.note is not None:
            yield model.note
