"""How good the models would have been: a past cutoff, its own models, and what really happened.

Models and baselines of an evaluation learn strictly from before its cutoff; its outcomes are the
holdout. Every system is judged on the same rows: everybody seen before the cutoff, and the active
(those who had ordered within the churn horizon), whom the product scores.

The embargo: between the newest row that is learned from and the rows that are judged lies the
whole of that row's label, one horizon (or as much of it as a short history allows). So no label
that was learned reaches the day on which the judged outcomes begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import NotEnoughData
from features.histories import Histories
from features.matrix import matrix
from features.tree_settings import ModelTrees
from training.labels import active, outcomes
from training.metrics import churn_metrics, interval_metrics, value_metrics
from training.models.baselines import (
    Baseline,
    fit_bg_nbd_gamma_gamma,
    fit_pareto_nbd_gamma_gamma,
    fit_recency_rule,
    fit_rfm_cells,
    fit_zero_predictor,
)
from training.models.customer_model import (
    PRODUCT_TREES,
    CustomerModel,
    Horizons,
    Progress,
    fit_customer_model,
    no_progress,
)
from training.panel import build_panel, data_end, plan_panel

Bools = npt.NDArray[np.bool_]

CHAMPION = "champion"
PLAIN = "lightgbm"
SEGMENTS = ("one order day", "2-3 order days", "4+ order days")


@dataclass(frozen=True, slots=True)
class Holdout:
    """What a cutoff's models said, and what happened; tables share their index.

    `predictions` has one table per system with `churn_probability` and `expected_value`, the
    champion's also `value_low` and `value_high`. `active` marks the customers the product scores.
    `customers` says who they are: `customer_id`, `market`, `segment`, and `past_value`, the money
    of as many days before the cutoff as value is predicted for after it. `learned_until` is the
    newest cutoff that churn was learned from; its labels end by `cutoff`.
    """

    cutoff: date
    horizons: Horizons
    predictions: dict[str, pd.DataFrame]
    churned: Bools
    realised_value: npt.NDArray[np.float64]
    active: Bools
    customers: pd.DataFrame
    learned_until: date

    @property
    def embargo_days(self) -> int:
        """Days between the newest row learned from and the rows judged: the length of a label."""
        return (self.cutoff - self.learned_until).days

    def saying(self, predictions: dict[str, pd.DataFrame]) -> "Holdout":
        """The same customers and outcomes with what other systems said of them."""
        return replace(self, predictions=predictions)

    def report(self, rows: Bools | None = None) -> dict[str, Any]:
        """Metrics of every system on these rows (default: the active), as JSON-able data."""
        rows = self.active if rows is None else rows
        return {
            "cutoff": self.cutoff.isoformat(),
            "churn_horizon_days": self.horizons.churn_days,
            "value_horizon_days": self.horizons.value_days,
            "customers_count": int(rows.sum()),
            "churn_rate": float(self.churned[rows].mean()),
            "systems": {
                name: self._metrics(table[rows], rows) for name, table in self.predictions.items()
            },
        }

    def everybody(self) -> dict[str, Any]:
        """The same for everybody seen before the cutoff."""
        return self.report(np.ones(len(self.churned), dtype=bool))

    def _metrics(self, table: pd.DataFrame, rows: Bools) -> dict[str, dict[str, float]]:
        churned, realised = self.churned[rows], self.realised_value[rows]
        value = value_metrics(realised, table["expected_value"].to_numpy())
        if "value_low" in table:
            low, high = table["value_low"].to_numpy(), table["value_high"].to_numpy()
            value |= interval_metrics(realised, low, high, level=self.horizons.interval)
        churn = churn_metrics(churned, table["churn_probability"].to_numpy())
        return {"churn": churn, "value": value}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A holdout, the model that was judged on it, and the features that it was asked about."""

    holdout: Holdout
    model: CustomerModel
    rows: pd.DataFrame


def holdout_cutoff(histories: Histories, as_of: date, horizons: Horizons) -> date:
    """The newest cutoff whose outcomes are all known at `as_of`.

    Raises NotEnoughData when too little history precedes it to learn from.
    """
    cutoff = as_of - timedelta(days=max(horizons.churn_days, horizons.value_days))
    plan_panel(histories.first_day, cutoff, horizons.churn_days)
    return cutoff


def backtest_cutoffs(
    histories: Histories, as_of: date, horizons: Horizons, *, count: int
) -> list[date]:
    """Up to `count` holdout cutoffs, one churn horizon apart, oldest first."""
    cutoffs: list[date] = []
    cutoff = holdout_cutoff(histories, as_of, horizons)
    while len(cutoffs) < count:
        try:
            plan_panel(histories.first_day, cutoff, horizons.churn_days)
        except NotEnoughData:
            break
        cutoffs.append(cutoff)
        cutoff -= timedelta(days=horizons.churn_days)
    return cutoffs[::-1]


def evaluate(
    histories: Histories,
    cutoff: date,
    horizons: Horizons,
    *,
    seed: int,
    trees: ModelTrees = PRODUCT_TREES,
    progress: Progress = no_progress,
) -> Holdout:
    """The champion's recipe and all baselines, learned before `cutoff`, against what followed."""
    return attempt(histories, cutoff, horizons, seed=seed, trees=trees, progress=progress).holdout


def attempt(
    histories: Histories,
    cutoff: date,
    horizons: Horizons,
    *,
    seed: int,
    trees: ModelTrees = PRODUCT_TREES,
    progress: Progress = no_progress,
) -> Attempt:
    """The same, with the model that was judged."""
    model = fit_customer_model(
        histories, cutoff, horizons, seed=seed, trees=trees, progress=progress
    )
    rows = matrix(histories.before(cutoff), [cutoff])
    return Attempt(evaluate_model(model, histories), model, rows)


def evaluate_model(model: CustomerModel, histories: Histories) -> Holdout:
    """A model that was learned at a past cutoff, and all baselines, against what followed.

    The cutoff and the horizons are the model's own.
    """
    cutoff, horizons = date.fromisoformat(model.facts.as_of), model.facts.horizons
    rows = matrix(histories.before(cutoff), [cutoff])
    baselines = fit_baselines(histories, cutoff, horizons)
    predictions = {CHAMPION: model.predict(rows), PLAIN: _plain_lightgbm(model, rows, horizons)}
    predictions |= {one.name: _predicted(one, rows, horizons) for one in baselines}
    churn = _outcomes(histories, rows, horizons.churn_days, horizons.grace_days)
    value = _outcomes(histories, rows, horizons.value_days, None)
    here = active(rows, horizon_days=horizons.churn_days, grace_days=horizons.grace_days).to_numpy()
    churned = churn["churned"].to_numpy()
    _require_both_outcomes(churned[here], cutoff)
    return Holdout(
        cutoff=cutoff,
        horizons=horizons,
        predictions=predictions,
        churned=churned,
        realised_value=value["realised_value"].to_numpy(),
        active=here,
        customers=_customers(histories.before(cutoff), rows, horizons.value_days),
        learned_until=newest_learned_cutoff(histories, cutoff, horizons),
    )


def newest_learned_cutoff(histories: Histories, cutoff: date, horizons: Horizons) -> date:
    """The newest day whose labels are mature at `cutoff`: nothing younger is learned from.

    Raises ValueError if a label reached into the embargo, which would be a fault of the plan.
    """
    known = histories.before(cutoff)
    plan = plan_panel(known.first_day, data_end(known, cutoff), horizons.churn_days)
    if plan.latest + timedelta(days=plan.label_days) > cutoff:
        message = f"labels of {plan.latest} look {plan.label_days} days ahead, beyond {cutoff}"
        raise ValueError(message)
    return plan.latest


def segments(order_days: pd.Series) -> pd.Series:
    """The band of frequency that each customer is in, by her days with an order so far.

    >>> segments(pd.Series([1, 3, 4])).tolist()
    ['one order day', '2-3 order days', '4+ order days']
    """
    return pd.cut(order_days, [0, 1, 3, np.inf], labels=list(SEGMENTS)).astype("str")


def _customers(known: Histories, rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """Who the rows are, and what each brought in the days before the cutoff."""
    started = rows[["customer_id", "cutoff"]].copy()
    cutoff = rows["cutoff"].max()
    started["cutoff"] = cutoff - pd.Timedelta(days=days)
    past = outcomes(known, started, horizon_days=days, seen_until=cutoff.date())
    return pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "market": rows["market"].astype("str"),
            "segment": segments(rows["order_days_count"]),
            "past_value": past["realised_value"].to_numpy(),
        },
        index=rows.index,
    )


def fit_baselines(histories: Histories, cutoff: date, horizons: Horizons) -> Sequence[Baseline]:
    """Every baseline, learned strictly before the cutoff; rules from its newest mature labels."""
    known = histories.before(cutoff)
    plan = plan_panel(known.first_day, cutoff, horizons.churn_days)
    panel = build_panel(known, plan, as_of=cutoff, grace_days=horizons.grace_days)
    newest = panel.at(plan.latest)
    features = panel.features[newest]
    churned = panel.labels["churned"].to_numpy()[newest]
    value = panel.labels["realised_value"].to_numpy()[newest]
    current = matrix(known, [cutoff])
    days = plan.label_days
    return (
        fit_bg_nbd_gamma_gamma(current),
        fit_pareto_nbd_gamma_gamma(current),
        fit_rfm_cells(features, churned, value, label_days=days),
        fit_recency_rule(features, churned, value, label_days=days),
        fit_zero_predictor(churned, label_days=days),
    )


def _outcomes(
    histories: Histories, rows: pd.DataFrame, horizon_days: int, grace_days: int | None
) -> pd.DataFrame:
    cutoff = rows["cutoff"].max().date()
    return outcomes(
        histories,
        rows,
        horizon_days=horizon_days,
        seen_until=cutoff + timedelta(days=horizon_days),
        grace_days=grace_days,
    )


def _require_both_outcomes(churned: Bools, cutoff: date) -> None:
    """Nothing, if some of the active customers churned and some stayed; else NotEnoughData."""
    if len(churned) and churned.any() and not churned.all():
        return
    what = "nobody was active" if not len(churned) else "everybody active then met one fate"
    message = (
        f"unavailable, because {what} on {cutoff}, the day of the holdout: choose another number "
        "of days for churn, or give a longer history"
    )
    raise NotEnoughData(message)


def _predicted(baseline: Baseline, rows: pd.DataFrame, horizons: Horizons) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "churn_probability": baseline.churn_probability(rows, horizons.churn_days),
            "expected_value": baseline.expected_value(rows, horizons.value_days),
        },
        index=rows.index,
    )


def _plain_lightgbm(model: CustomerModel, rows: pd.DataFrame, horizons: Horizons) -> pd.DataFrame:
    """LightGBM without an anchor, stretched the plain way: what one would write first."""
    churn_stretch = horizons.churn_days / model.churn.label_days
    value_stretch = horizons.value_days / model.value.label_days
    return pd.DataFrame(
        {
            "churn_probability": model.churn.plain_probability(rows) ** churn_stretch,
            "expected_value": model.value.plain_value(rows) * value_stretch,
        },
        index=rows.index,
    )
