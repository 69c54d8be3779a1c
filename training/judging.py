"""The judgement of some rows of a backtest: every figure of every system, with its interval."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import pandas as pd

from training.evaluation import CHAMPION, Holdout
from training.figures import FIGURES, Figure
from training.judged_figures import JudgedRows, Resampled, figures_of
from training.metrics import Bools, Floats
from training.profit import own_offer
from training.uncertainty import Interval, interval, resamples

FEWEST_CUSTOMERS = 200
FEWEST_OF_A_FATE = 20

Sheet = dict[str, Any]
"""JSON-able data; a figure that does not exist is None."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The active rows of all cutoffs one below the other, and what every system said of them."""

    rows: JudgedRows
    cutoffs: np.ndarray
    markets: np.ndarray
    segments: np.ndarray
    said: Mapping[str, pd.DataFrame]

    @classmethod
    def of(cls, holdouts: list[Holdout], *, margin: float) -> Self:
        """The rows that the product would have scored at each cutoff.

        The offer is one for all of them, so that no slice is judged by other costs.
        """
        people = pd.concat([one.customers[one.active] for one in holdouts])
        own_value = np.maximum(people["past_value"].to_numpy(dtype=np.float64), 0) * margin
        rows = JudgedRows(
            customer=pd.factorize(people["customer_id"])[0],
            churned=np.concatenate([one.churned[one.active] for one in holdouts]),
            realised_value=np.concatenate([one.realised_value[one.active] for one in holdouts]),
            own_value=own_value,
            offer=own_offer(own_value),
            level=holdouts[0].horizons.interval,
        )
        dates = [np.full(int(one.active.sum()), one.cutoff.isoformat()) for one in holdouts]
        return cls(
            rows,
            np.concatenate(dates),
            people["market"].to_numpy(),
            people["segment"].to_numpy(),
            {
                name: pd.concat([one.predictions[name][one.active] for one in holdouts])
                for name in holdouts[0].predictions
            },
        )

    def only(self, mask: Bools) -> "Stack":
        """These rows only; customers keep their numbers."""
        kept = {
            one.name: getattr(self.rows, one.name)[mask]
            for one in fields(self.rows)
            if one.name not in {"offer", "level"}
        }
        return Stack(
            JudgedRows(**kept, offer=self.rows.offer, level=self.rows.level),
            self.cutoffs[mask],
            self.markets[mask],
            self.segments[mask],
            {name: table[mask] for name, table in self.said.items()},
        )

    def counts(self) -> Sheet:
        """How many predictions, customers and churners there are, and whether they are enough."""
        churned = self.rows.churned
        customers = len(np.unique(self.rows.customer))
        fates = int(churned.sum()), int((~churned).sum())
        return {
            "predictions_count": len(churned),
            "customers_count": customers,
            "churned_count": fates[0],
            "churn_rate": float(churned.mean()) if len(churned) else None,
            "judged": customers >= FEWEST_CUSTOMERS and min(fates) >= FEWEST_OF_A_FATE,
        }


@dataclass(frozen=True, slots=True)
class Draws:
    """How resamples of customers are drawn: the same ones for every slice and every system."""

    customers_count: int
    count: int
    seed: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Figures by system, and the same in every resample: the value first, then the draws.

    Arrays have shape (1 + n_resamples,) for a figure, (10, 1 + n_resamples) for a tenth's.
    """

    figures: Mapping[str, Mapping[str, Floats]]
    tenths: Mapping[str, Mapping[str, Floats]]


def judged(stack: Stack, draws: Draws) -> Judged:
    """The figures of every system on the rows of one cutoff."""
    figures: dict[str, list[dict[str, Floats]]] = {name: [] for name in stack.said}
    tenths: dict[str, list[dict[str, Floats]]] = {name: [] for name in stack.said}
    for name, table in stack.said.items():
        values = figures_of(stack.rows, table)
        figures[name].append({figure: np.array([value]) for figure, value in values.items()})
        exact = Resampled(stack.rows, table, most=None)
        tenths[name].append(exact.drawn(np.ones((len(table), 1)))[1])
    systems = {name: Resampled(stack.rows, table) for name, table in stack.said.items()}
    for weights in resamples(draws.customers_count, count=draws.count, seed=draws.seed):
        own = weights[stack.rows.customer]
        for name, system in systems.items():
            drawn = system.drawn(own)
            figures[name].append(drawn[0])
            tenths[name].append(drawn[1])
    return Judged(
        {name: _joined(parts) for name, parts in figures.items()},
        {name: _joined(parts) for name, parts in tenths.items()},
    )


def mean_of(parts: list[Judged]) -> Judged:
    """The mean over cutoffs, each counting the same; a customer is drawn in all of them at once."""
    return Judged(_mean_of([one.figures for one in parts]), _mean_of([one.tenths for one in parts]))


def strongest_baselines(found: Judged) -> dict[str, str]:
    """The best baseline for each figure, whom the champion is compared with."""
    strongest = {}
    for name, figure in FIGURES.items():
        known = {
            system: figures[name][0] * (-1 if figure.better == "higher" else 1)
            for system, figures in found.figures.items()
            if system != CHAMPION and name in figures and math.isfinite(figures[name][0])
        }
        if known and figure.better != "neither" and name in found.figures[CHAMPION]:
            strongest[name] = min(known, key=lambda system: float(known[system]))
    return strongest


def sheet_of(found: Judged, opponents: Mapping[str, str]) -> Sheet:
    """Figures by system, differences from the strongest baselines, and tenths, with intervals."""
    ours = found.figures[CHAMPION]
    return {
        "figures": {
            name: {
                system: _told(interval(figures[name], FIGURES[name].lowest, FIGURES[name].highest))
                for system, figures in found.figures.items()
                if name in figures
            }
            for name in ours
        },
        "differences": {
            name: _difference(FIGURES[name], opponent, ours[name] - found.figures[opponent][name])
            for name, opponent in opponents.items()
        },
        "tenths": {
            system: {name: _tenths(name, values) for name, values in parts.items()}
            for system, parts in found.tenths.items()
        },
    }


def _joined(parts: list[dict[str, Floats]]) -> dict[str, Floats]:
    return {name: np.concatenate([one[name] for one in parts], axis=-1) for name in parts[0]}


def _mean_of(
    parts: list[Mapping[str, Mapping[str, Floats]]],
) -> dict[str, dict[str, Floats]]:
    return {
        system: {name: np.mean([one[system][name] for one in parts], axis=0) for name in figures}
        for system, figures in parts[0].items()
    }


def _difference(figure: Figure, opponent: str, difference: Floats) -> Sheet:
    """Champion less opponent, within each resample."""
    found = interval(difference, -math.inf, math.inf)
    return {"opponent": opponent, **_told(found), "verdict": _verdict(figure, found)}


def _verdict(figure: Figure, difference: Interval) -> str:
    """Better or worse only where the interval leaves out zero."""
    if not (difference.low > 0 or difference.high < 0):
        return "no difference shown"
    return "better" if (difference.low > 0) == (figure.better == "higher") else "worse"


def _tenths(name: str, values: Floats) -> list[Sheet]:
    """One figure of the tenths as a list of ten."""
    lowest = -math.inf if name.startswith("value") else 0.0
    highest = 1.0 if name in {"reached_share", "churn_said", "churn_seen"} else math.inf
    return [_told(interval(tenth, lowest, highest)) for tenth in values]


def _told(found: Interval) -> Sheet:
    parts = {"value": found.value, "low": found.low, "high": found.high}
    return {name: part if math.isfinite(part) else None for name, part in parts.items()}
