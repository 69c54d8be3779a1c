"""Calibration that has to be earned: of everybody, or of each market, or none at all.

A calibrator is fitted on an older past day and judged on a newer one that it has not seen. Only if
the log loss falls by more than chance explains is it fitted again on the newer day and used;
else probabilities stay as the models say them. Only days count whose labels had seen the whole
horizon, because what a stretched horizon is off by tells nothing of another one. Markets are shrunk
to the whole: a market of few customers moves little.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from training.models.mixture import CUTOFFS_NEEDED, ERRORS_NEEDED, log_loss_of

Floats = npt.NDArray[np.float64]

LEAST_SLOPE = 0.05  # a calibrator may flatten an order, never turn it


@dataclass(frozen=True, slots=True)
class Said:
    """Log-odds that were said on a past day, what happened (0 or 1), and each row's market."""

    log_odds: Floats
    happened: Floats
    markets: pd.Series


@dataclass(frozen=True, slots=True)
class Calibration:
    """slope x log-odds + shift + the market's own shift; the default changes nothing.

    `gains` is what each kind of calibrator would have gained in log loss on the newest past day,
    in standard errors.
    """

    kind: str = "none"
    slope: float = 1.0
    shift: float = 0.0
    markets: Mapping[str, float] = field(default_factory=dict)
    gains: Mapping[str, float] = field(default_factory=dict)

    def of(self, log_odds: Floats, features: pd.DataFrame) -> Floats:
        """Calibrated log-odds per row; rows without a column `market` get no shift of a market."""
        moved: Floats = self.slope * log_odds + self.shift
        if self.markets and "market" in features:
            moved += _of_rows(features["market"], self.markets)
        return moved

    def to_dict(self) -> dict[str, Any]:
        """The calibration as JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """The calibration that `to_dict` described."""
        return cls(**fields)


def earned_calibration(said: Sequence[Said]) -> Calibration:
    """The calibrator that past days speak for, newest day first; by default none."""
    if len(said) < CUTOFFS_NEEDED:
        return Calibration()
    newest, older = said[0], said[1]
    plain = log_loss_of(newest.log_odds, newest.happened)
    gains = {}
    for kind, fit in _KINDS.items():
        frame = pd.DataFrame({"market": newest.markets.to_numpy()})
        gain = plain - log_loss_of(fit(older).of(newest.log_odds, frame), newest.happened)
        error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
        gains[kind] = float(gain.mean() / error) if error > 0 else 0.0
    best = max(gains, key=lambda kind: gains[kind])
    if gains[best] <= ERRORS_NEEDED:
        return Calibration(gains=gains)
    found = _KINDS[best](newest)
    return Calibration(found.kind, found.slope, found.shift, found.markets, gains)


def _level(said: Said) -> Calibration:
    """A shift for everybody."""
    return Calibration("level", shift=_intercept(said.log_odds, said.happened)[0])


def _platt(said: Said) -> Calibration:
    """A slope and a shift. Source: Platt (1999), in Advances in Large Margin Classifiers."""

    def loss(parameters: Floats) -> float:
        moved = parameters[0] * said.log_odds + parameters[1]
        return float(log_loss_of(moved, said.happened).mean())

    bounds = [(LEAST_SLOPE, 5), (-9, 9)]
    # One thread: the order of sums must not depend on the machine.
    with threadpool_limits(1, "blas"):
        found = minimize(loss, np.array([1.0, 0.0]), method="SLSQP", bounds=bounds)
    return Calibration("platt", slope=float(found.x[0]), shift=float(found.x[1]))


def _by_market(said: Said) -> Calibration:
    """A shift for everybody and one per market, each shrunk by what differs between markets.

    Source: DerSimonian and Laird (1986), "Meta-analysis in clinical trials", Controlled Clinical
    Trials 7(3), with equal weights.
    """
    whole = _level(said)
    moved = said.log_odds + whole.shift
    found = {}
    for market, rows in said.markets.groupby(said.markets, observed=True).indices.items():
        happened = said.happened[rows]
        if 0 < happened.sum() < len(happened):
            found[str(market)] = _intercept(moved[rows], happened)
    if len(found) < CUTOFFS_NEEDED:
        return Calibration("markets", shift=whole.shift)
    shifts, variances = (np.array(part) for part in zip(*found.values(), strict=True))
    between = max(float(np.var(shifts, ddof=1) - variances.mean()), 0.0)
    shrunk = shifts * between / (between + variances)
    named = dict(zip(found, (float(one) for one in shrunk), strict=True))
    return Calibration("markets", shift=whole.shift, markets=named)


_KINDS: dict[str, Callable[[Said], Calibration]] = {
    "level": _level,
    "platt": _platt,
    "markets": _by_market,
}


def _intercept(log_odds: Floats, happened: Floats) -> tuple[float, float]:
    """The shift of greatest likelihood and its variance, by Newton's method."""
    shift, information = 0.0, 1.0
    for _ in range(50):
        probability = 1 / (1 + np.exp(-(log_odds + shift)))
        information = float((probability * (1 - probability)).sum()) + 1e-9
        step = float((happened - probability).sum()) / information
        shift += float(np.clip(step, -1, 1))
        if abs(step) < 1e-9:
            break
    return shift, 1 / information


def _of_rows(markets: pd.Series, shifts: Mapping[str, float]) -> Floats:
    named = markets.astype(object).map(dict(shifts)).fillna(0.0)
    return np.asarray(named, dtype=np.float64)
