"""What the recipe would have said at past days of prediction, and what followed.

The newest cutoffs whose outcomes are known are predicted by models that learned from before them
only. From this come the weights of the members and the width of the intervals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from features.errors import NotEnoughData
from features.histories import Histories
from training.models.anchor import Anchor, Now, fit_anchors, panel_offset
from training.models.boosting import Recipe
from training.models.churn import untypical_churn_model
from training.models.lifetime_value import MEMBERS, untypical_value_model
from training.models.mixture import Choice, Tried, Weights
from training.panel import Panel, build_panel, plan_panel

MOST_CUTOFFS = 2
MOST_CUSTOMERS = 4_000
"""Past models learn from so many customers, drawn by seed: they judge a recipe, serve nobody."""

MIN_CUSTOMERS = 200


@dataclass(frozen=True, slots=True)
class Past:
    """A past day of prediction: a panel from before it, its rows, what followed for `days`.

    `anchors` are those of the panel's cutoffs, for every model that is tried on it.
    """

    panel: Panel
    anchors: Mapping[date, Anchor]
    now: Now
    outcome: pd.DataFrame
    days: int

    @property
    def cutoff(self) -> date:
        """The day that is predicted from."""
        return pd.Timestamp(self.now.rows["cutoff"].iloc[0]).date()


def pasts(
    histories: Histories, panel: Panel, *, grace_days: int | None, seed: int
) -> Sequence[Past]:
    """Up to two past days of prediction, newest first, as far as history reaches.

    `panel` is that of the day of prediction; its newest cutoff is the first of them.
    """
    found: list[Past] = []
    while len(found) < MOST_CUTOFFS:
        cutoff, days = panel.plan.latest, panel.plan.label_days
        now_rows = panel.at(cutoff)
        rows = panel.features[now_rows].reset_index(drop=True)
        known = histories.before(cutoff)
        try:
            plan = plan_panel(known.first_day, cutoff, days)
        except NotEnoughData:
            break
        earlier = build_panel(known, plan, as_of=cutoff, grace_days=grace_days)
        earlier = _drawn(earlier, seed)
        if len(rows) < MIN_CUSTOMERS or earlier.labels["churned"].nunique() < 2:
            break
        everybody = pd.Series(data=True, index=rows.index)
        now = Now(rows, everybody, Anchor.fit(rows))
        outcome = panel.labels[now_rows].reset_index(drop=True)
        found.append(Past(earlier, fit_anchors(earlier), now, outcome, days))
        panel = earlier
    return found


def tried_churn(past: Past, weights: Weights, recipe: Recipe) -> Tried:
    """What the members of the churn model said on a past day of the days that followed it."""
    offset = panel_offset(past.panel, past.anchors, Anchor.churn_logit)
    model = untypical_churn_model(
        past.panel, offset, past.now, [past.days], Choice(weights), recipe
    )
    churned = past.outcome["churned"].to_numpy(dtype=np.float64)
    return Tried(model.members(past.now.rows, past.days), churned)


def tried_value(past: Past, recipe: Recipe) -> Tried:
    """What the members of the value model said on a past day of the days that followed it."""
    starts = (
        panel_offset(past.panel, past.anchors, Anchor.log_value),
        panel_offset(past.panel, past.anchors, Anchor.log_order_value_at),
    )
    model = untypical_value_model(
        past.panel, *starts, past.now, [past.days], Choice(MEMBERS), recipe
    )
    spend = np.maximum(past.outcome["realised_value"].to_numpy(dtype=np.float64), 0.0)
    return Tried(model.members(past.now.rows, past.days), spend)


def _drawn(panel: Panel, seed: int) -> Panel:
    """The rows of at most `MOST_CUSTOMERS` customers of a panel."""
    customers = panel.customers
    count = int(customers.max()) + 1
    if count <= MOST_CUSTOMERS:
        return panel
    kept = np.random.default_rng(seed).permutation(count)[:MOST_CUSTOMERS]
    mask = np.isin(customers, kept)
    return Panel(
        panel.features[mask].reset_index(drop=True),
        panel.labels[mask].reset_index(drop=True),
        panel.plan,
    )
