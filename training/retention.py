"""The report on contracts: how long they last, by cohort and reason, and how well it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from features.errors import NotEnoughData
from features.groups.subscriptions import STARTED
from features.histories import Histories
from training.models.customer_model import Progress, no_progress
from training.models.kaplan_meier import incidence_by_reason, lifetimes_of, retention_by_cohort
from training.models.shifted_beta_geometric import (
    ShiftedBetaGeometric,
    fit_shifted_beta_geometric,
)
from training.retention_evaluation import MONTHS_ASKED, Contracts, evaluate_retention
from training.spells import Spells, changes_of, day_of, spells_at

MONTHS_PER_YEAR = 12
MONTHS_PROJECTED = 36


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about: the day, the grace, the months ahead, how many past cutoffs."""

    as_of: date
    grace_days: int
    discount_rate: float  # per year
    months: tuple[int, ...] = MONTHS_ASKED
    cutoffs_count: int = 4
    seed: int = 1


def retention_report(
    histories: Histories,
    asked: Asked,
    reasons: pa.Table | None = None,
    *,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """The report as JSON-able data; nothing from `asked.as_of` on is used.

    `reasons` are events of subscriptions, whose ends may tell why. Keys: as_of, told_by,
    grace_days, contracts_count, ended_count, open_count, cohorts (Kaplan-Meier by month of start
    and of all), projection (shifted-beta-geometric), reasons, evaluation. Raises NotEnoughData if
    the business has no contracts before that day.
    """
    known = histories.before(asked.as_of)
    changes = changes_of(known, reasons)
    day = day_of(asked.as_of)
    spells = None if changes is None else spells_at(changes, day, grace_days=asked.grace_days)
    if changes is None or spells is None or not len(spells.codes):
        message = (
            f"unavailable, because no contract is known before {asked.as_of}: neither "
            "subscriptions nor payments that say until when they pay"
        )
        raise NotEnoughData(message)
    progress("cohorts")
    subscribed = STARTED.family in known.tiles and known.tiles[STARTED.family].num_rows > 0
    report: dict[str, Any] = {
        "as_of": asked.as_of.isoformat(),
        "told_by": "subscriptions" if subscribed else "payments",
        "grace_days": asked.grace_days,
        "contracts_count": len(spells.codes),
        "ended_count": int(spells.ended.sum()),
        "open_count": int((~spells.ended).sum()),
        "cohorts": retention_by_cohort(spells).to_dict("records"),
        "projection": _projection(spells, asked.discount_rate),
        "reasons": _reasons(spells, changes.reason_names),
    }
    contracts = Contracts(known, changes, asked.grace_days, asked.seed)
    return report | _evaluation(contracts, asked, progress)


def monthly_rate(yearly_rate: float) -> float:
    """The rate per month that adds up to this one over a year."""
    return float((1 + yearly_rate) ** (1 / MONTHS_PER_YEAR) - 1)


def _projection(spells: Spells, discount_rate: float) -> dict[str, Any]:
    """The shifted-beta-geometric of all contracts, and what it expects of one that is new."""
    model = fit_shifted_beta_geometric(lifetimes_of(spells))
    months = np.arange(MONTHS_PROJECTED + 1)
    return model.to_dict() | {
        "survival": [float(one) for one in model.survival(months)],
        "renewals_expected": _renewals(model, discount_rate),
    }


def _renewals(model: ShiftedBetaGeometric, discount_rate: float) -> float | None:
    """Renewals to come of a new contract, discounted; None without a discount."""
    if discount_rate <= 0:
        return None
    rate = monthly_rate(discount_rate)
    return float(model.residual_lifetime(0, discount_rate=rate))


def _reasons(spells: Spells, names: Sequence[str]) -> dict[str, Any]:
    """Ends by reason, and how likely each is within the months that were seen."""
    if not (spells.reasons >= 0).any():
        return {}
    found = incidence_by_reason(spells, names)
    counted = np.bincount(
        spells.reasons[spells.ended & (spells.reasons >= 0)], minlength=len(names)
    )
    counts = dict(zip(names, counted.tolist(), strict=True))
    untold = int((spells.ended & (spells.reasons < 0)).sum())
    return {
        name: {
            "ended_count": counts.get(name, untold),
            "incidence": [float(one) for one in curve],
        }
        for name, curve in found.items()
    }


def _evaluation(contracts: Contracts, asked: Asked, progress: Progress) -> dict[str, Any]:
    try:
        judged = evaluate_retention(
            contracts,
            asked.as_of,
            months_asked=asked.months,
            count=asked.cutoffs_count,
            progress=progress,
        )
    except NotEnoughData as error:
        return {"evaluation": [], "evaluation_note": str(error)}
    missing = sorted(set(asked.months) - {one.months for one in judged})
    note = None
    if missing:
        told = ", ".join(str(months) for months in missing)
        note = f"No past cutoff has been followed for {told} months, grace included."
    return {
        "evaluation": [one.report(seed=asked.seed) for one in judged],
        "evaluation_note": note,
    }
