"""Tuned trees: what would have predicted past days better than the trees that are in use.

Every trial fits the product's own mixture on days before a past day of prediction and judges it on
what followed, as the evidence for the members' weights is found. All of it lies before the
holdout, so that the holdout's figures stay honest. Of many trials the best looks better than it
is: it is taken only if it beats the start by more than chance explains among so many.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from features.errors import NotEnoughData
from features.histories import Histories, fingerprint
from features.settings import Settings
from features.tree_settings import ModelTrees, TreeSettings, load_trees
from training.evaluation import holdout_cutoff
from training.models.boosting import Recipe
from training.models.customer_model import (
    Horizons,
    Panels,
    Progress,
    churn_weights,
    no_progress,
)
from training.models.evidence import Past, pasts, tried_churn, tried_value
from training.models.lifetime_value import MEMBERS, spend_of
from training.models.mixture import log_loss_of, mixed, tweedie_loss
from training.panel import data_end
from training.pipeline import as_of_day, horizons_of
from training.search import REAL, WHOLE, Budget, Search
from training.tracking import log_data, log_trees, log_trial, log_tuning, tracked_run

Floats = npt.NDArray[np.float64]

STUDIES = "tuning.db"
"""The file of the workspace that trials are kept in."""

CHANCE = 0.025
"""How often the best of all trials would seem better than the start, were none of them."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is tuned: a model, the past days it is tried on, the loss per customer of its trees."""

    name: str
    days: Sequence[Past]
    loss: Callable[[Past, TreeSettings], Floats]


@dataclass(frozen=True, slots=True)
class Found:
    """The best trees of a model beside those it started from.

    `gain` is how much lower the mean loss is over all past days, `error` its standard error over
    customers, `errors_needed` how many of them a gain must exceed among so many trials.
    """

    start: TreeSettings
    best: TreeSettings
    start_loss: float
    best_loss: float
    gain: float
    error: float
    errors_needed: float
    trials_count: int
    cutoffs: tuple[str, ...]
    is_better: bool

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-able data."""
        return {**asdict(self), "start": self.start.model_dump(), "best": self.best.model_dump()}


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was found for each model, and the trees that it comes to."""

    found: dict[str, Found]
    trees: ModelTrees

    @property
    def is_better(self) -> bool:
        """Whether any model has better trees now."""
        return any(one.is_better for one in self.found.values())

    def to_dict(self) -> dict[str, Any]:
        """What was found as JSON-able data, by model."""
        return {name: one.to_dict() for name, one in self.found.items()}


def tune(
    settings: Settings, histories: Histories, budget: Budget, *, progress: Progress = no_progress
) -> Tuned:
    """The best trees for churn and for value, each in half of the budget's seconds.

    Trials are kept in the workspace: the same question is gone on with, up to the budget's trials
    in all. Nothing from the holdout's cutoff on is read. Raises NotEnoughData if no past day
    before it can be tried.
    """
    start = load_trees(settings.trees)
    as_of, horizons = as_of_day(settings, histories), horizons_of(settings)
    cutoff = holdout_cutoff(histories.before(as_of), as_of, horizons)
    known = histories.before(cutoff)
    progress("past days")
    questions = past_questions(known, cutoff, horizons, seed=settings.seed)
    each = replace(budget, seconds=budget.seconds / len(questions))
    found: dict[str, Found] = {}
    with tracked_run(settings, "tune"):
        log_trees(start)
        log_data({"cutoff": cutoff, "fingerprint": fingerprint(known)})
        for one in questions:
            began = getattr(start, one.name)
            name = f"{one.name}-{_key(known, cutoff, settings, began)}"
            search = Search(settings.workspace / STUDIES, name, began, seed=settings.seed)
            found[one.name] = _searched(one, search, each, progress=progress)
        log_tuning({name: one.to_dict() for name, one in found.items()})
    better = {name: one.best for name, one in found.items() if one.is_better}
    return Tuned(found, start.model_copy(update=better))


def past_questions(
    known: Histories, as_of: date, horizons: Horizons, *, seed: int
) -> tuple[Question, ...]:
    """What can be asked of the past days before `as_of`, of each model.

    Raises NotEnoughData if history does not reach back to any.
    """
    grace = horizons.grace_days
    panel_of = Panels(known, data_end(known, as_of), grace)
    weights = churn_weights(horizons)

    def days(horizon_days: int) -> Sequence[Past]:
        return pasts(known, panel_of(horizon_days), grace_days=grace, seed=seed)

    def churn_loss(past: Past, trees: TreeSettings) -> Floats:
        tried = tried_churn(past, weights, Recipe(seed, trees))
        return log_loss_of(mixed(tried.members, weights), tried.outcome)

    def value_loss(past: Past, trees: TreeSettings) -> Floats:
        tried = tried_value(past, Recipe(seed, trees))
        return tweedie_loss(mixed(tried.members, MEMBERS), tried.outcome)

    of_churn = days(horizons.churn_days)
    same = panel_of(horizons.churn_days) is panel_of(horizons.value_days)
    of_value = of_churn if same else days(horizons.value_days)
    of_value = [past for past in of_value if spend_of(past.panel).any()]
    asked = (Question("churn", of_churn, churn_loss), Question("value", of_value, value_loss))
    if not all(one.days for one in asked):
        message = (
            f"unavailable, because before {as_of}, the day of the holdout, no past day can be "
            "tried: tuning needs a longer history, or more customers"
        )
        raise NotEnoughData(message)
    return asked


def _searched(one: Question, search: Search, budget: Budget, *, progress: Progress) -> Found:
    """Trials until the budget is spent, and a judgement of the best of them."""

    def mean_loss(trees: TreeSettings, day: int) -> float:
        if day == 0:
            progress(f"{one.name}: trial {search.count + 1}")
        return float(one.loss(one.days[day], trees).mean())

    def tell(name: str, trees: TreeSettings, losses: Sequence[float]) -> None:
        log_trial(f"{one.name} {name}", trees, losses)

    search.run(mean_loss, len(one.days), budget, tell)
    progress(f"{one.name}: judgement")
    began, best = search.start, search.best
    before = [one.loss(past, began) for past in one.days]
    after = before if best == began else [one.loss(past, best) for past in one.days]
    gains = [old - new for old, new in zip(before, after, strict=True)]
    error = standard_error(gains, [past.now.rows["customer_id"] for past in one.days])
    gain = float(np.mean([part.mean() for part in gains]))
    needed = float(norm.isf(CHANCE / max(search.count - 1, 1)))
    return Found(
        start=began,
        best=best,
        start_loss=float(np.mean([part.mean() for part in before])),
        best_loss=float(np.mean([part.mean() for part in after])),
        gain=gain,
        error=error,
        errors_needed=needed,
        trials_count=search.count,
        cutoffs=tuple(past.cutoff.isoformat() for past in one.days),
        is_better=gain > needed * error and all(part.mean() > 0 for part in gains),
    )


def standard_error(gains: Sequence[Floats], customers: Sequence[pd.Series]) -> float:
    """That of the mean over days of the mean gain, a customer's days taken together.

    >>> twice = [np.array([1.0, 3.0])] * 2
    >>> round(standard_error(twice, [pd.Series(["ada", "bo"])] * 2), 9)
    1.0
    """
    weighted = np.concatenate([part / len(part) / len(gains) for part in gains])
    whose = pd.concat(customers, ignore_index=True).to_numpy()
    shares = pd.Series(weighted).groupby(whose).sum().to_numpy()
    return float(np.sqrt(len(shares)) * shares.std(ddof=1))


def _key(known: Histories, cutoff: date, settings: Settings, start: TreeSettings) -> str:
    """What a study is about: the same data, question, start and space, or it is another one."""
    about = {
        "fingerprint": fingerprint(known),
        "catalogue": known.catalogue.version,
        "cutoff": cutoff.isoformat(),
        "horizons": asdict(horizons_of(settings)),
        "seed": settings.seed,
        "start": start.model_dump(),
        "space": {name: asdict(bounds) for name, bounds in (WHOLE | REAL).items()},
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
