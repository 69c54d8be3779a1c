"""The panel: rows of customer and cutoff, with features before and labels after each cutoff."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import NotEnoughData
from features.histories import Histories
from features.matrix import feature_columns, matrix
from training.labels import outcomes

MAX_CUTOFFS = 6
MIN_STEP_DAYS = 7
MIN_HISTORY_DAYS = 28
MIN_LABEL_DAYS = 14
MAX_UNSEEN_DAYS = 31  # a shop may rest for a month; longer, and silence is only a lack of data


@dataclass(frozen=True, slots=True)
class PanelPlan:
    """Which cutoffs are learned from, and how far their labels look."""

    cutoffs: tuple[date, ...]
    label_days: int

    @property
    def latest(self) -> date:
        """The newest cutoff whose labels are mature."""
        return self.cutoffs[-1]


@dataclass(frozen=True, slots=True)
class Panel:
    """Features and labels of the same rows; `customers` numbers each row's customer."""

    features: pd.DataFrame
    labels: pd.DataFrame
    plan: PanelPlan

    @property
    def feature_names(self) -> list[str]:
        """The columns that models may learn from."""
        return feature_columns(self.features)

    @property
    def customers(self) -> npt.NDArray[np.int64]:
        """A number per customer, shape (n_rows,)."""
        return pd.factorize(self.features["customer_id"])[0].astype(np.int64)

    def at(self, cutoff: date) -> npt.NDArray[np.bool_]:
        """The rows of one cutoff."""
        return (self.features["cutoff"] == pd.Timestamp(cutoff)).to_numpy()


def plan_panel(first_day: date, as_of: date, horizon_days: int) -> PanelPlan:
    """Up to six mature cutoffs, spread over the later part of what precedes the labels.

    Labels look as far as is asked, but at most over half of the history: a longer label would
    leave no history to learn from, and the models then stretch to the horizon.
    Raises NotEnoughData below eight weeks of history.
    """
    history_days = (as_of - first_day).days
    label_days = min(horizon_days, history_days // 2)
    before_label_days = history_days - label_days
    too_short = label_days < min(MIN_LABEL_DAYS, horizon_days)
    if too_short or before_label_days < MIN_HISTORY_DAYS:
        message = (
            f"unavailable, because {history_days} days of history before {as_of} are too few: "
            f"{2 * MIN_HISTORY_DAYS} are needed to learn from one cutoff"
        )
        raise NotEnoughData(message)
    earliest_days = max(before_label_days // 2, MIN_HISTORY_DAYS)
    step_days = max((before_label_days - earliest_days) // (MAX_CUTOFFS - 1), MIN_STEP_DAYS)
    ages = range(before_label_days, earliest_days - 1, -step_days)
    cutoffs = [first_day + timedelta(days=age) for age in list(ages)[:MAX_CUTOFFS]]
    return PanelPlan(tuple(reversed(cutoffs)), label_days)


def data_end(histories: Histories, as_of: date) -> date:
    """The first day that labels may not reach: `as_of`, or the end of the orders before it.

    Raises NotEnoughData if the orders end so long before that nothing is known of the days
    between: they would be taken for silence.
    """
    end = histories.last_day + timedelta(days=1)
    if (as_of - end).days > MAX_UNSEEN_DAYS:
        message = (
            f"unavailable, because the orders end on {histories.last_day}, "
            f"{(as_of - end).days} days before {as_of}: nothing is known of the days between"
        )
        raise NotEnoughData(message)
    return min(as_of, end)


def require_customers(count: int, needed: int, as_of: date) -> None:
    """Nothing, if enough customers ordered before this day; else NotEnoughData."""
    if count < needed:
        message = (
            f"unavailable, because {count} customers who ordered before {as_of} are below the "
            f"{needed} needed"
        )
        raise NotEnoughData(message)


def build_panel(
    histories: Histories, plan: PanelPlan, *, as_of: date, grace_days: int | None = None
) -> Panel:
    """Features and mature labels at every cutoff of the plan; nothing from `as_of` on is used."""
    known = histories.before(as_of)
    features = matrix(known, plan.cutoffs)
    labels = outcomes(
        known, features, horizon_days=plan.label_days, seen_until=as_of, grace_days=grace_days
    )
    return Panel(features, labels, plan)
