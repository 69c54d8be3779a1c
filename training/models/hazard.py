"""Discrete-time hazard of a contract: the chance that it ends in each month ahead, per customer.

LightGBM on the panel of contracts, on top of the shifted-beta-geometric hazard of the contract's
own month as offset: what is known of all contracts carries the level and its fall with time, the
trees say how customers differ. Survival is the product over months.

Where ends tell a reason, a second step shares each month's hazard out among the reasons, so that
the incidences of all reasons and survival add up to 1 by construction.
Source of the hazard as a sequence of yes and no: Singer and Willett (1993), "It's About Time",
Journal of Educational Statistics 18(2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from features.declarations import Floats, Ints
from training.contract_panel import ContractPanel, Landmarks
from training.models.anchor import logit, sigmoid
from training.models.boosting import Recipe, Rows, Target, fit_trees, raw_score
from training.models.shifted_beta_geometric import (
    Lifetimes,
    ShiftedBetaGeometric,
    fit_shifted_beta_geometric,
)
from training.spells import NO_REASON

FEWEST_CUSTOMERS = 20
"""Where fewer left, or fewer stayed, trees would learn noise."""
FEWEST_OF_A_REASON = 50
"""The same for who left for a reason, and who for another."""
FADES = 0.5
"""What a month further ahead than any that was learned from leaves of the trees' say."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason to leave: its share of all ends, and trees that move its log-odds, if any."""

    name: str
    share: float
    trees: lgb.Booster | None

    def odds(self, inputs: pd.DataFrame) -> Floats:
        """Log-odds of this reason among all, for somebody who leaves; shape (n_rows,)."""
        base = np.full(len(inputs), float(logit(np.array([self.share]))[0]))
        return base if self.trees is None else base + raw_score(self.trees, inputs)


@dataclass(frozen=True, slots=True)
class HazardModel:
    """A fitted hazard; `note` says in a sentence what was odd, None if nothing was.

    `strength` is how far the trees may move the anchor's log-odds: 1 wholly, 0 not at all.
    """

    anchor: ShiftedBetaGeometric
    trees: lgb.Booster | None
    strength: float
    farthest: int
    reasons: tuple[Reason, ...] = ()
    note: str | None = None

    def hazards(self, landmarks: Landmarks, months: int) -> Floats:
        """Chance to leave in each month ahead of who is there before it, shape (n, months)."""
        found = np.empty((len(landmarks.codes), months))
        for ahead in range(months):
            found[:, ahead] = self._hazard(landmarks, ahead)
        return found

    def survival(self, landmarks: Landmarks, months: int) -> Floats:
        """Chance to be there after 0, 1, … months, shape (n, months + 1)."""
        return survival_of(self.hazards(landmarks, months))

    def churn_probability(self, landmarks: Landmarks, months: int) -> Floats:
        """Chance that the contract ends within so many months."""
        return 1 - self.survival(landmarks, months)[:, -1]

    def incidences(self, landmarks: Landmarks, months: int) -> dict[str, Floats]:
        """Chance to have left for each reason after 0, 1, … months, shape (n, months + 1) each.

        Their sum is 1 - survival. Without told reasons there is the one `not told`.
        """
        hazards = self.hazards(landmarks, months)
        leaving = survival_of(hazards)[:, :-1] * hazards
        parts = {one.name: np.zeros((len(leaving), months + 1)) for one in self.reasons}
        if not parts:
            total = np.zeros((len(leaving), months + 1))
            total[:, 1:] = np.cumsum(leaving, axis=1)
            return {NO_REASON: total}
        for ahead in range(months):
            for name, share in self._shares(self._inputs(landmarks, ahead)).items():
                parts[name][:, ahead + 1] = parts[name][:, ahead] + leaving[:, ahead] * share
        return parts

    def _hazard(self, landmarks: Landmarks, ahead: int) -> Floats:
        offset = logit(self.anchor.hazard(landmarks.month_numbers + ahead))
        if self.trees is None:
            return sigmoid(offset)
        score = raw_score(self.trees, self._inputs(landmarks, ahead))
        beyond = max(ahead - self.farthest, 0)
        return sigmoid(offset + self.strength * FADES**beyond * score)

    def _inputs(self, landmarks: Landmarks, ahead: int) -> pd.DataFrame:
        months = np.full(len(landmarks.codes), ahead, dtype=np.int64)
        return landmarks.inputs(months, farthest=self.farthest)

    def _shares(self, inputs: pd.DataFrame) -> dict[str, Floats]:
        odds = np.stack([sigmoid(one.odds(inputs)) for one in self.reasons])
        shares = odds / odds.sum(axis=0)
        return {one.name: share for one, share in zip(self.reasons, shares, strict=True)}


def survival_of(hazards: Floats) -> Floats:
    """Survival after 0, 1, … months from each month's hazard: shape (n, months + 1)."""
    start = np.ones((len(hazards), 1))
    return np.concatenate([start, np.cumprod(1 - hazards, axis=1)], axis=1)


def fit_hazard(
    panel: ContractPanel, lifetimes: Lifetimes, *, seed: int, reason_names: Sequence[str] = ()
) -> HazardModel:
    """A hazard model of this panel, anchored in the lifetimes of all contracts.

    With too few ends to learn from it is the anchor alone, and says so.
    """
    anchor = fit_shifted_beta_geometric(lifetimes)
    # One who leaves is seen from every cutoff before: customers count, not rows.
    left = len(np.unique(panel.customers[panel.ended]))
    stayed = len(np.unique(panel.customers[~panel.ended]))
    if min(left, stayed) < FEWEST_CUSTOMERS:
        note = (
            f"{left:,} customers left and {stayed:,} stayed a month, below the "
            f"{FEWEST_CUSTOMERS} needed: everybody has the hazard of the contract's month."
        )
        return HazardModel(anchor, None, 0.0, panel.farthest, note=note)
    inputs = panel.inputs()
    offset = logit(anchor.hazard(panel.month_numbers))
    target = Target("binary", panel.ended.astype(np.float64), offset)
    strength = _strength(inputs, target, panel.customers, seed=seed)
    trees = fit_trees(Rows(inputs, panel.customers, Recipe(seed)), target)
    reasons = _fit_reasons(panel, inputs, reason_names, seed=seed)
    return HazardModel(anchor, trees, strength, panel.farthest, reasons, anchor.note)


def _strength(inputs: pd.DataFrame, target: Target, customers: Ints, *, seed: int) -> float:
    """How far trees may move the anchor: what served best on customers they had not seen.

    Each half of the customers is judged by trees of the other half. Where the features hold next
    to nothing this is near 0, and the anchor stands.
    """
    half = np.random.default_rng(seed).permutation(int(customers.max()) + 1)[customers] % 2 == 0
    score, happened = np.zeros(len(inputs)), target.values  # noqa: PD011 - no frame
    for mask in (half, ~half):
        numbers = np.unique(customers[mask], return_inverse=True)[1].astype(np.int64)
        if np.ptp(happened[mask]) == 0:
            return 0.0
        trees = fit_trees(Rows(inputs[mask], numbers, Recipe(seed)), target.rows(mask))
        score[~mask] = raw_score(trees, inputs[~mask])
    offset = np.zeros(len(score)) if target.offset is None else target.offset

    def loss(strength: float) -> float:
        log_odds = offset + strength * score
        return float(np.mean(np.logaddexp(0, log_odds) - happened * log_odds))

    return float(minimize_scalar(loss, bounds=(0, 1), method="bounded").x)


def _fit_reasons(
    panel: ContractPanel, inputs: pd.DataFrame, names: Sequence[str], *, seed: int
) -> tuple[Reason, ...]:
    """How ends are shared out among reasons, learned from the months with an end alone."""
    told = panel.reasons[panel.ended]
    if not (told >= 0).any():
        return ()
    ended, customers = inputs[panel.ended], panel.customers[panel.ended]
    numbers = np.unique(customers, return_inverse=True)[1].astype(np.int64)
    found = []
    for place, name in [*enumerate(names), (-1, NO_REASON)]:
        mine = told == place
        if not mine.any():
            continue
        trees = None
        leavers = min(len(np.unique(numbers[mine])), len(np.unique(numbers[~mine])))
        if leavers >= FEWEST_OF_A_REASON:
            base = np.full(len(mine), float(logit(np.array([mine.mean()]))[0]))
            target = Target("binary", mine.astype(np.float64), base)
            trees = fit_trees(Rows(ended, numbers, Recipe(seed)), target)
        found.append(Reason(name, float(mine.mean()), trees))
    return tuple(found)
