"""What the product predicts of a customer: churn, orders and value, from one set of fits."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.errors import NotEnoughData
from features.histories import Histories, fingerprint
from features.matrix import feature_columns, matrix
from training.labels import active
from training.models.anchor import Anchor, fit_anchors, panel_offset
from training.models.churn import ChurnModel, Now, fit_churn_model
from training.models.lifetime_value import ValueModel, ValuePlan, fit_value_model
from training.panel import Panel, build_panel, data_end, plan_panel

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

    `typical` is the median of each feature over the customers active at `as_of`; `quality` holds
    the holdout's figures beside the baseline's.
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
    quality: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """The facts as JSON-able data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CustomerModel:
    """The churn model, the value model and the facts about both."""

    churn: ChurnModel
    value: ValueModel
    facts: ModelFacts

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """One row per row of `features`, same index.

        `churn_probability` (no order within the churn horizon), `no_order_probability` (the same
        within the value horizon), `alive_probability`, and over the value horizon
        `expected_orders`, `expected_value`, `value_low`, `value_high` in whole units.
        """
        horizons = self.facts.horizons
        churn = self.churn.churn_probability(features, horizons.churn_days)
        silent = churn
        if horizons.value_days != horizons.churn_days:
            silent = self.churn.churn_probability(features, horizons.value_days)
        expected = self.value.expected_value(features, horizons.value_days)
        low, high = self.value.interval.around(expected)
        return pd.DataFrame(
            {
                "churn_probability": churn,
                "no_order_probability": silent,
                "alive_probability": np.maximum(
                    self.churn.anchor.alive_probability(features), 1 - np.minimum(churn, silent)
                ),
                "expected_orders": self._expected_orders(features, silent),
                "expected_value": expected,
                "value_low": low,
                "value_high": high,
            },
            index=features.index,
        )

    def _expected_orders(self, features: pd.DataFrame, silent: np.ndarray) -> np.ndarray:
        """The anchor's orders of a customer who comes back, times the chance that she does."""
        days = self.facts.horizons.value_days
        anchor = self.churn.anchor
        if_any = anchor.expected_orders(features, days) / np.maximum(
            1 - anchor.models.churn_probability(features, days), 1e-12
        )
        return np.maximum(if_any, 1.0) * (1 - silent)


def fit_customer_model(
    histories: Histories,
    as_of: date,
    horizons: Horizons,
    *,
    seed: int,
    progress: Progress = no_progress,
) -> CustomerModel:
    """Models for predictions at the start of `as_of`, learned from strictly before it.

    Raises NotEnoughData when nobody ordered before, when history is too short, or when the
    panel holds only one kind of outcome.
    """
    known = histories.before(as_of)
    if known.orders.num_rows == 0:
        message = f"unavailable, because there is no order before {as_of}"
        raise NotEnoughData(message)
    end = data_end(known, as_of)
    current = matrix(known, [as_of])
    progress("panel of customers and cutoffs")
    churn_panel = build_panel(
        known,
        plan_panel(known.first_day, end, horizons.churn_days),
        as_of=end,
        grace_days=horizons.grace_days,
    )
    value_panel = churn_panel
    value_plan = plan_panel(known.first_day, end, horizons.value_days)
    if value_plan != churn_panel.plan:
        value_panel = build_panel(known, value_plan, as_of=end, grace_days=horizons.grace_days)
    _require_both_outcomes(churn_panel)
    progress("probability models")
    anchor = Anchor.fit(current)
    anchors = fit_anchors(churn_panel)
    progress("churn model")
    still_here = active(current, horizon_days=horizons.churn_days, grace_days=horizons.grace_days)
    both = tuple(dict.fromkeys((horizons.churn_days, horizons.value_days)))
    offset = panel_offset(churn_panel, anchors, Anchor.churn_logit)
    churn = fit_churn_model(churn_panel, offset, Now(current, still_here, anchor), both, seed=seed)
    progress("value model")
    if value_panel is not churn_panel:
        anchors = fit_anchors(value_panel)
    offset = panel_offset(value_panel, anchors, Anchor.log_value)
    plan = ValuePlan((horizons.value_days,), horizons.interval, seed)
    value = fit_value_model(value_panel, offset, current, anchor, plan)
    names = feature_columns(current)
    return CustomerModel(
        churn,
        value,
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
            typical={name: _median(current.loc[still_here, name]) for name in names},
            currency=histories.currency,
            seed=seed,
        ),
    )


def _median(values: pd.Series) -> float | None:
    median = values.median()
    return None if pd.isna(median) else float(median)


def _require_both_outcomes(panel: Panel) -> None:
    churned = panel.labels["churned"]
    if churned.nunique() < 2:
        what = "everybody came back" if not churned.any() else "nobody came back"
        message = (
            f"unavailable, because {what} within {panel.plan.label_days} days after every one of "
            f"{len(panel.plan.cutoffs)} cutoffs: choose another number of days for churn"
        )
        raise NotEnoughData(message)
