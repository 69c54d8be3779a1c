"""Kaplan-Meier by month under contract: what survival was seen, with no model behind it.

Source: Kaplan and Meier (1958), JASA 53(282); the interval is Greenwood's variance on the scale
log(-log S), which keeps it within 0 and 1 (Kalbfleisch and Prentice, "The Statistical Analysis of
Failure Time Data", 1.4); incidences by reason are those of Aalen and Johansen (1978),
Scandinavian Journal of Statistics 5(3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from training.models.purchase_summary import FloatArray
from training.models.shifted_beta_geometric import Ints, Lifetimes
from training.spells import NO_REASON, Spells

LEVEL = 0.95
FEWEST_AT_RISK = 30
NEW_CUSTOMERS = "all"


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """Survival after periods 0, 1, …, shape (n_periods + 1,); at risk and ended in 1, 2, …."""

    survival: FloatArray
    low: FloatArray
    high: FloatArray
    at_risk: FloatArray
    ended: FloatArray

    def hazard(self, periods: Ints) -> FloatArray:
        """Chance to leave in these periods (from 1), as it was seen, with half an end more.

        Where fewer than 30 were at risk, it is that of the last period with more.
        """
        # No end among 40 contracts does not make one impossible: hence the half.
        counted = int((self.at_risk >= FEWEST_AT_RISK).sum())  # at risk only falls
        if not counted:
            overall = (self.ended.sum() + 0.5) / (self.at_risk.sum() + 1)
            return np.full(periods.shape, overall)
        seen = (self.ended[:counted] + 0.5) / (self.at_risk[:counted] + 1)
        return seen[np.minimum(periods, counted) - 1]

    def table(self) -> list[dict[str, float]]:
        """One row per period from 0, as JSON-able data."""
        at_start = self.at_risk[:1] if len(self.at_risk) else np.zeros(1)
        at_risk, ended = np.append(at_start, self.at_risk), np.append(0.0, self.ended)
        return [
            {
                "month": month,
                "at_risk_count": float(at_risk[month]),
                "ended_count": float(ended[month]),
                "survival": float(self.survival[month]),
                "low": float(self.low[month]),
                "high": float(self.high[month]),
            }
            for month in range(len(self.survival))
        ]


def kaplan_meier(lifetimes: Lifetimes, *, level: float = LEVEL) -> KaplanMeier:
    """Survival by period, with an interval that covers the truth at this level.

    >>> kaplan_meier(Lifetimes.of([1, 2, 2], [True, True, False])).survival.round(3)
    array([1.   , 0.667, 0.333])
    """
    at_risk, ended = lifetimes.by_period()
    stayed = at_risk - ended
    survival = np.append(1.0, np.cumprod(stayed / np.maximum(at_risk, 1e-300)))
    spread = np.divide(
        ended, at_risk * stayed, out=np.zeros(len(ended)), where=(stayed > 0) & (at_risk > 0)
    )
    variance = np.append(0.0, np.cumsum(spread))
    inside = (survival > 0) & (survival < 1)
    log_survival = np.log(np.where(inside, survival, 0.5))
    width = ndtri((1 + level) / 2) * np.sqrt(variance) / -log_survival
    low = np.where(inside, survival ** np.exp(width), survival)
    high = np.where(inside, survival ** np.exp(-width), survival)
    return KaplanMeier(survival, low, high, at_risk, ended)


def lifetimes_of(spells: Spells) -> Lifetimes:
    """How long these spells lasted, in months that were seen to their end."""
    return Lifetimes.of(*spells.months())


def retention_by_cohort(spells: Spells, *, level: float = LEVEL) -> pd.DataFrame:
    """Kaplan-Meier of each month of starts, and of `all`, one row per cohort and month since.

    Columns: cohort (YYYY-MM), contracts_count, month, at_risk_count, ended_count, survival, low,
    high.
    """
    lifetimes = lifetimes_of(spells)
    cohorts = spells.start_days.astype("datetime64[D]").astype("datetime64[M]").astype(str)
    parts = []
    for cohort in [*np.unique(cohorts), NEW_CUSTOMERS]:
        mask = np.ones(len(cohorts), dtype=bool) if cohort == NEW_CUSTOMERS else cohorts == cohort
        own = Lifetimes(lifetimes.periods[mask], lifetimes.ended[mask], lifetimes.counts[mask])
        table = pd.DataFrame(kaplan_meier(own, level=level).table())
        table.insert(0, "cohort", str(cohort))
        table.insert(1, "contracts_count", int(mask.sum()))
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def incidence_by_reason(spells: Spells, reason_names: Sequence[str]) -> dict[str, FloatArray]:
    """Chance to have left for each reason after months 0, 1, …; together 1 - survival.

    An end that tells no reason counts as `not told`.
    """
    lifetimes = lifetimes_of(spells)
    curve = kaplan_meier(lifetimes)
    found = {}
    for place, name in [*enumerate(reason_names), (-1, NO_REASON)]:
        mine = lifetimes.ended & (spells.reasons == place)
        if not mine.any():
            continue
        ended = np.bincount(lifetimes.periods[mine], minlength=len(curve.survival))[1:]
        share = ended / np.maximum(curve.at_risk, 1)
        found[name] = np.append(0.0, np.cumsum(curve.survival[:-1] * share))
    return found
