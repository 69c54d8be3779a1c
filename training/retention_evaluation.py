"""How good predictions of a contract's end would have been, at past cutoffs, by months ahead.

At each cutoff every system learns strictly from before it and is asked who of those under contract
leaves within 1, 3, 6 months. Few leave in a month, so cutoffs are pooled: the figures are of all
rows together, with an interval that draws customers, not rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from features.declarations import Floats, Ints
from features.errors import NotEnoughData
from features.histories import Histories
from training.contract_panel import (
    MOST_CUTOFFS,
    Landmarks,
    contract_panel,
    ends_after,
    landmarks_at,
    mature_months,
)
from training.metrics import auc, ece, log_loss
from training.models.anchor import sigmoid
from training.models.boosting import Recipe, Rows, Target, fit_trees, raw_score
from training.models.customer_model import Progress, no_progress
from training.models.hazard import FEWEST_CUSTOMERS, fit_hazard, survival_of
from training.models.kaplan_meier import kaplan_meier, lifetimes_of
from training.models.shifted_beta_geometric import fit_shifted_beta_geometric
from training.spells import Bools, Changes, date_of, day_of, monthly_cutoffs, spells_at

HAZARD, SBG, SEEN, PLAIN = "hazard", "shifted-beta-geometric", "kaplan-meier", "lightgbm"
MONTHS_ASKED = (1, 3, 6)
DRAWS = 200
MONTHS_OF_HISTORY = 3
"""So many landmarks must precede a cutoff that is judged."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What every system said of one question at all cutoffs, and what happened; (n_rows,) each."""

    months: int
    cutoffs: tuple[date, ...]
    customers: Ints
    ended: Bools
    said: Mapping[str, Floats]
    label_months: tuple[int, ...]
    strengths: tuple[float, ...]

    def report(self, *, seed: int) -> dict[str, Any]:
        """The figures as JSON-able data."""
        return {
            "months": self.months,
            "cutoffs": [cutoff.isoformat() for cutoff in self.cutoffs],
            "rows_count": len(self.ended),
            "customers_count": len(np.unique(self.customers)),
            "ended_count": int(self.ended.sum()),
            "hazard_strengths": list(self.strengths),
            "lightgbm_label_months": list(self.label_months),
            "systems": {name: self._figures(said, seed) for name, said in self.said.items()},
        }

    def _figures(self, said: Floats, seed: int) -> dict[str, float | None]:
        low, high = _auc_interval(self.ended, said, self.customers, seed)
        figures = {
            "auc": auc(self.ended, said),
            "auc_low": low,
            "auc_high": high,
            "log_loss": log_loss(self.ended, said),
            "ece": ece(self.ended, said),
            "said_share": float(said.mean()),
            "seen_share": float(self.ended.mean()),
        }
        return {name: None if np.isnan(value) else value for name, value in figures.items()}


@dataclass(frozen=True, slots=True)
class Contracts:
    """What an evaluation needs of a business: its histories and how its contracts changed."""

    histories: Histories
    changes: Changes
    grace_days: int
    seed: int


def evaluate_retention(
    contracts: Contracts,
    as_of: date,
    *,
    months_asked: Sequence[int] = MONTHS_ASKED,
    count: int = 4,
    progress: Progress = no_progress,
) -> list[Judged]:
    """One judgement per number of months that has been seen to its end from at least one cutoff.

    Each pools the `count` newest such cutoffs, a month apart. Raises NotEnoughData if there is none
    for any of them.
    """
    first = int(contracts.changes.days.min(initial=day_of(as_of)))
    grid = monthly_cutoffs(date_of(first), as_of, most=MOST_CUTOFFS + max(months_asked))
    asked = {months: _mature(grid, months, as_of, contracts.grace_days) for months in months_asked}
    asked = {months: cutoffs[-count:] for months, cutoffs in asked.items() if cutoffs}
    if not asked:
        message = (
            f"unavailable, because no month after a cutoff with {MONTHS_OF_HISTORY} months of "
            f"contracts before it has been seen to its end, by {as_of}"
        )
        raise NotEnoughData(message)
    progress("features by month")
    landmarks = landmarks_at(
        contracts.histories,
        contracts.changes,
        grid,
        grace_days=contracts.grace_days,
        drawn_by=contracts.seed,
    )
    answers: dict[int, list[_Answers]] = {months: [] for months in asked}
    for cutoff in sorted({cutoff for cutoffs in asked.values() for cutoff in cutoffs}):
        progress(f"cutoff {cutoff}")
        here = [months for months, cutoffs in asked.items() if cutoff in cutoffs]
        for months, one in _answers(contracts, landmarks, cutoff, here, as_of).items():
            answers[months].append(one)
    return [_pooled(months, found) for months, found in answers.items() if found]


@dataclass(frozen=True, slots=True)
class _Answers:
    cutoff: date
    customers: Ints
    ended: Bools
    said: dict[str, Floats]
    label_months: int
    strength: float


def _mature(grid: list[date], months: int, as_of: date, grace_days: int) -> list[date]:
    """Cutoffs with some months of contracts before and so many seen months after."""
    kept = grid[MONTHS_OF_HISTORY:]
    days = np.array([day_of(one) for one in kept], dtype=np.int64)
    seen = mature_months(days, as_of, grace_days=grace_days)
    return [one for one, count in zip(kept, seen, strict=True) if count >= months]


def _answers(
    contracts: Contracts, landmarks: Landmarks, cutoff: date, months_asked: list[int], as_of: date
) -> dict[int, _Answers]:
    """What the systems, fitted before the cutoff, say of who is under contract at it."""
    day, grace, seed = day_of(cutoff), contracts.grace_days, contracts.seed
    asked = landmarks.rows(landmarks.cutoff_days == day)
    if not len(asked.codes):
        return {}
    ends, _ = ends_after(asked, contracts.changes, as_of, grace_days=grace)
    known = contracts.changes.before(day)
    panel = contract_panel(landmarks, known, cutoff, grace_days=grace, seed=seed)
    lifetimes = lifetimes_of(spells_at(known, day, grace_days=grace))
    longest = max(months_asked)
    ahead = asked.month_numbers[:, None] + np.arange(longest)
    hazard = fit_hazard(panel, lifetimes, seed=seed)
    curves = {
        HAZARD: hazard.survival(asked, longest),
        SBG: survival_of(fit_shifted_beta_geometric(lifetimes).hazard(ahead)),
        SEEN: survival_of(kaplan_meier(lifetimes).hazard(ahead)),
    }
    found = {}
    for months in months_asked:
        plain, label_months = _plain(landmarks.before(day), asked, known, cutoff, months, contracts)
        said = {name: 1 - curve[:, months] for name, curve in curves.items()} | {PLAIN: plain}
        found[months] = _Answers(
            cutoff, asked.codes, ends < months, said, label_months, hazard.strength
        )
    return found


def _plain(
    past: Landmarks,
    asked: Landmarks,
    known: Changes,
    cutoff: date,
    months: int,
    contracts: Contracts,
) -> tuple[Floats, int]:
    """LightGBM on the label itself, or on the longest that is mature, stretched; and its months."""
    seen = mature_months(past.cutoff_days, cutoff, grace_days=contracts.grace_days)
    label_months = min(months, int(seen.max(initial=0)))
    mature = seen >= max(label_months, 1)
    past = past.rows(mature)
    ends, _ = ends_after(past, known, cutoff, grace_days=contracts.grace_days)
    ended = ends < label_months
    if min(ended.sum(), (~ended).sum()) < FEWEST_CUSTOMERS:
        share = (ended.sum() + 0.5) / (len(ended) + 1)
        said = np.full(len(asked.codes), share)
    else:
        customers = np.unique(past.codes, return_inverse=True)[1].astype(np.int64)
        inputs = past.inputs(np.zeros(len(past.codes), dtype=np.int64), farthest=0)
        target = Target("binary", ended.astype(np.float64))
        trees = fit_trees(Rows(inputs, customers, Recipe(contracts.seed)), target)
        rows = asked.inputs(np.zeros(len(asked.codes), dtype=np.int64), farthest=0)
        said = sigmoid(raw_score(trees, rows))
    return 1 - (1 - said) ** (months / max(label_months, 1)), label_months


def _pooled(months: int, found: list[_Answers]) -> Judged:
    return Judged(
        months=months,
        cutoffs=tuple(one.cutoff for one in found),
        customers=np.concatenate([one.customers for one in found]),
        ended=np.concatenate([one.ended for one in found]),
        said={name: np.concatenate([one.said[name] for one in found]) for name in found[0].said},
        label_months=tuple(one.label_months for one in found),
        strengths=tuple(one.strength for one in found),
    )


def _auc_interval(ended: Bools, said: Floats, customers: Ints, seed: int) -> tuple[float, float]:
    """95% interval of the AUC by drawing customers with all their rows."""
    rng = np.random.default_rng(seed)
    numbers = np.unique(customers, return_inverse=True)[1]
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(numbers.max(initial=0) + 2))
    found = []
    for _ in range(DRAWS):
        drawn = rng.integers(0, len(starts) - 1, len(starts) - 1)
        lengths = starts[drawn + 1] - starts[drawn]
        offsets = np.repeat(starts[drawn] - np.cumsum(lengths) + lengths, lengths)
        rows = order[np.arange(lengths.sum()) + offsets]
        found.append(auc(ended[rows], said[rows]))
    if np.isnan(found).all():
        return float("nan"), float("nan")
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)
