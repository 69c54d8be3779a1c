"""The backtest's report as data: what the page shows, and what other programs read.

`SCHEMA` names the form; it grows when a key changes its meaning or goes away. At the top: what
was judged (`business`, `definition`, `data`, `offers`, `intervals`, `embargo`), the words of the
figures (`figures`), the `strongest` baseline per figure, the `slices`, and under `holdouts` the
plain metrics per cutoff, of the active customers and of everybody, and the mark of every market.

A slice has a `kind` (all, market, segment), a `name`, `over_time` (a sheet per cutoff) and `mean`
(over the cutoffs that could be judged, each counting the same). A sheet has counts and `judged`;
if there are enough customers also `figures` (figure, system, then value, low and high),
`differences` (of the champion and the strongest baseline) and `tenths` (system, then ten of each).
"""

import math
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Self

import numpy as np

from features.histories import Histories, fingerprint
from features.settings import CalibrationSettings, Settings
from training.evaluation import CHAMPION, SEGMENTS, Holdout
from training.figures import FIGURES
from training.judging import (
    FEWEST_CUSTOMERS,
    FEWEST_OF_A_FATE,
    Draws,
    Judged,
    Sheet,
    Stack,
    judged,
    mean_of,
    sheet_of,
    strongest_baselines,
)
from training.market_calibration import market_marks
from training.profit import CLASSIC, CLASSIC_VALUE
from training.uncertainty import LEVEL, RESAMPLES_COUNT

SCHEMA = "regulars.backtest/1"
MARKS = CalibrationSettings()


def about_business(settings: Settings, histories: Histories) -> Sheet:
    """What is known of the business and of its data: words and counts, nobody's row."""
    return {
        "business": settings.business,
        "currency": histories.currency,
        "product": f"regulars {version('regulars')}",
        "definition": {
            "churn": settings.churn.name,
            "churn_horizon_days": settings.churn.horizon_days,
            "value_horizon_days": settings.value.horizon_days,
            "margin": settings.value.margin,
        },
        "data": {
            "order_days_count": histories.orders.num_rows,
            "customers_count": len(histories.customer_ids),
            "first_day": histories.first_day.isoformat(),
            "last_day": histories.last_day.isoformat(),
            "markets": list(histories.markets),
            "features_count": len(histories.catalogue.features),
            "catalogue": histories.catalogue.version,
            "fingerprint": fingerprint(histories),
        },
    }


def backtest_report(
    holdouts: list[Holdout],
    about: Sheet,
    *,
    margin: float,
    seed: int,
    resamples_count: int = RESAMPLES_COUNT,
    calibration: CalibrationSettings = MARKS,
) -> Sheet:
    """The whole report; `about` is what is known of the business and of its data."""
    stack = Stack.of(holdouts, margin=margin)
    draws = Draws(int(stack.rows.customer.max()) + 1, resamples_count, seed)
    whole = _Slice.of(stack, draws)
    strongest = strongest_baselines(whole.mean) if whole.mean else {}
    slices = [whole.told("all", "all active customers", strongest)]
    for kind, owners in (("market", stack.markets), ("segment", stack.segments)):
        for name in (one for one in (*SEGMENTS, *_found(stack.markets)) if (owners == one).any()):
            mask = owners == name
            # A business of one market need not be judged twice.
            part = whole if mask.all() else _Slice.of(stack.only(mask), draws)
            slices.append(part.told(kind, name, strongest))
    return {
        "schema": SCHEMA,
        **about,
        "champion": CHAMPION,
        "systems": list(stack.said),
        "embargo": [_embargo(one) for one in holdouts],
        "intervals": {"level": LEVEL, "resamples_count": resamples_count, "seed": seed},
        "offers": {
            "classic": {"value": CLASSIC_VALUE, **asdict(CLASSIC)},
            "own": {"mean_value": float(stack.rows.own_value.mean()), **asdict(stack.rows.offer)},
        },
        "too_few": {
            "customers_below": FEWEST_CUSTOMERS,
            "churned_or_stayed_below": FEWEST_OF_A_FATE,
        },
        "figures": {
            name: {key: _plain(value) for key, value in asdict(one).items() if key != "name"}
            for name, one in FIGURES.items()
        },
        "strongest": strongest,
        "slices": slices,
        "holdouts": [
            {
                "active": _plain(one.report()),
                "everybody": _plain(one.everybody()),
                "calibration": market_marks(one, calibration),
            }
            for one in holdouts
        ],
    }


@dataclass(frozen=True, slots=True)
class _Slice:
    """Counts of a slice and its judgement at each cutoff; None where there are too few."""

    counts: Sheet
    cutoffs: dict[str, tuple[Sheet, Judged | None]]
    mean: Judged | None

    @classmethod
    def of(cls, stack: Stack, draws: Draws) -> Self:
        cutoffs: dict[str, tuple[Sheet, Judged | None]] = {}
        for cutoff in _found(stack.cutoffs):
            here = stack.only(stack.cutoffs == cutoff)
            counts = here.counts()
            cutoffs[cutoff] = counts, judged(here, draws) if counts["judged"] else None
        known = [one for _, one in cutoffs.values() if one]
        counts = stack.counts() | {"judged": bool(known), "judged_cutoffs_count": len(known)}
        return cls(counts, cutoffs, mean_of(known) if known else None)

    def told(self, kind: str, name: str, strongest: dict[str, str]) -> Sheet:
        over_time = [
            {"cutoff": cutoff, **counts, **(sheet_of(found, strongest) if found else {})}
            for cutoff, (counts, found) in self.cutoffs.items()
        ]
        mean = self.counts | (sheet_of(self.mean, strongest) if self.mean else {})
        return {"kind": kind, "name": name, "mean": mean, "over_time": over_time}


def _embargo(holdout: Holdout) -> Sheet:
    return {
        "cutoff": holdout.cutoff.isoformat(),
        "learned_until": holdout.learned_until.isoformat(),
        "embargo_days": holdout.embargo_days,
    }


def _found(names: np.ndarray) -> list[str]:
    return [str(name) for name in np.unique(names)]


def _plain(value: Any) -> Any:
    """The same without what JSON has no word for: NaN and infinity become null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
