"""Trials of tree settings with Optuna: resumable, and the same trials however often it was stopped.

Optuna is imported inside, because it is needed for nothing else.
"""

import logging
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.tree_settings import TreeSettings

if TYPE_CHECKING:
    import optuna

TRIALS_BEFORE_PRUNING = 5

Losses = Callable[[TreeSettings, int], float]
"""The mean loss of trees on a past day, counted from 0."""

Tell = Callable[[str, TreeSettings, Sequence[float]], None]
"""Is told the name of a trial that has ended, its trees, and its loss on each past day."""


@dataclass(frozen=True, slots=True)
class Budget:
    """When a search ends: after so many trials in all, or so many seconds of this clock."""

    trials: int
    seconds: float
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a setting is searched, on a logarithmic scale or a plain one."""

    low: float
    high: float
    is_log: bool = True

    def inside(self, value: float) -> float:
        """The value, or the bound that it lies beyond."""
        return min(max(value, self.low), self.high)


WHOLE = {"leaves": Bounds(2, 64), "leaf_rows": Bounds(5, 400), "bins": Bounds(15, 255)}
REAL = {
    "learning_rate": Bounds(0.01, 0.3),
    "l2_penalty": Bounds(0.1, 100),
    "feature_share": Bounds(0.1, 1, is_log=False),
}
LEAF_ROWS_BY_DEFAULT = 50
IS_START = "start"
DIGITS = 4
"""Of a number that is tried: more would only look exact."""


class Search:
    """The trials of one study, kept in a file of SQLite."""

    def __init__(self, path: Path, name: str, start: TreeSettings, *, seed: int) -> None:
        """`start` is tried first; `name` tells studies apart, so that none goes on with another."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self.start = start
        # Two studies of one seed would try the same trees.
        self._chance = (seed, zlib.crc32(name.encode()))
        self._study = optuna.create_study(
            storage=f"sqlite:///{path}",
            study_name=name,
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING),
        )

    def run(self, losses: Losses, days: int, budget: Budget, tell: Tell) -> None:
        """Trials on so many past days, until the budget is spent; the start always has its trial.

        A trial that is worse than most on the first day is not tried on the next.
        """
        self._drop_interrupted()
        until = budget.clock() + budget.seconds
        while (count := self.count) < budget.trials and (count == 0 or budget.clock() < until):
            trial, trees = self._next(count)
            told: list[float] = []
            for day in range(days):
                told.append(losses(trees, day))
                trial.report(told[-1], day)
                if day + 1 < days and trial.should_prune():
                    break
            self._end(trial, told, days)
            tell(f"trial {count + 1}", trees, told)

    @property
    def count(self) -> int:
        """Trials that have ended."""
        return len(self._ended())

    @property
    def best(self) -> TreeSettings:
        """The trees with the lowest mean loss; the start if there is none lower."""
        return self._trees(self._study.best_trial)

    @property
    def tried(self) -> list[TreeSettings]:
        """The trees of every trial that has ended, the first first."""
        return [self._trees(one) for one in self._ended()]

    def _trees(self, trial: "optuna.trial.FrozenTrial") -> TreeSettings:
        return self.start if IS_START in trial.user_attrs else _rounded(trial.params)

    def _ended(self) -> list["optuna.trial.FrozenTrial"]:
        from optuna.trial import TrialState

        return self._study.get_trials(
            deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)
        )

    def _drop_interrupted(self) -> None:
        """Trials that were under way when an earlier run was stopped count as failed."""
        from optuna.trial import TrialState

        for one in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._study.tell(one.number, state=TrialState.FAIL)

    def _next(self, count: int) -> tuple["optuna.Trial", TreeSettings]:
        import optuna

        # A sampler of its own for each trial: after a stop, chance goes on where it was.
        seed = int(np.random.default_rng([*self._chance, count]).integers(2**31))
        self._study.sampler = optuna.samplers.TPESampler(seed=seed)
        if count > 0:
            trial = self._study.ask()
            return trial, _suggested(trial)
        if not self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,)):
            self._study.enqueue_trial(_parameters(self.start))
        trial = self._study.ask()
        _suggested(trial)
        trial.set_user_attr(IS_START, value=True)
        return trial, self.start

    def _end(self, trial: "optuna.Trial", told: Sequence[float], days: int) -> None:
        from optuna.trial import TrialState

        if len(told) < days:
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            self._study.tell(trial, float(np.mean(told)))


def _suggested(trial: "optuna.Trial") -> TreeSettings:
    for name, bounds in WHOLE.items():
        trial.suggest_int(name, int(bounds.low), int(bounds.high), log=bounds.is_log)
    for name, bounds in REAL.items():
        trial.suggest_float(name, bounds.low, bounds.high, log=bounds.is_log)
    return _rounded(trial.params)


def _rounded(parameters: Mapping[str, float]) -> TreeSettings:
    """The trees of a trial's parameters."""
    found = {name: float(f"{value:.{DIGITS}g}") for name, value in parameters.items()}
    return TreeSettings.model_validate(found)


def _parameters(trees: TreeSettings) -> dict[str, float]:
    """Where these trees stand in the space that is searched, or on its edge."""
    given = {**trees.model_dump(), "leaf_rows": trees.leaf_rows or LEAF_ROWS_BY_DEFAULT}
    whole = {name: int(bounds.inside(given[name])) for name, bounds in WHOLE.items()}
    return whole | {name: float(bounds.inside(given[name])) for name, bounds in REAL.items()}
