"""The mean of models that err in different ways, and the evidence for the weight of each.

Weights are equal or fixed by design unless the past speaks clearly: one member alone takes the
place of the mean only if it was better at every past cutoff that could be tried, each time by more
than chance explains. One season tells little of the next, so a single cutoff changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Weights = Mapping[str, float]
"""Shares of the members by name; they add up to 1."""

CUTOFFS_NEEDED = 2
ERRORS_NEEDED = 2.0
"""So many standard errors is a member's loss below the mean's, or the mean stays."""

Loss = Callable[[Floats, Floats], Floats]
"""Loss per customer of predictions (log-odds or log money) against outcomes."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What the members said at a past cutoff, and what happened; arrays of shape (n_customers,)."""

    members: Mapping[str, Floats]
    outcome: Floats


@dataclass(frozen=True, slots=True)
class Choice:
    """The weights that were taken, and the mean loss of each member and of the mean by cutoff."""

    weights: Weights
    losses: tuple[Mapping[str, float], ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The choice as JSON-able data."""
        return {"weights": dict(self.weights), "losses": [dict(one) for one in self.losses]}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """The choice that `to_dict` described."""
        return cls(dict(fields["weights"]), tuple(dict(one) for one in fields["losses"]))


def alone(weights: Weights, name: str) -> Weights:
    """All the weight to one member."""
    return {member: float(member == name) for member in weights}


def mixed(members: Mapping[str, Floats], weights: Weights) -> Floats:
    """The weighted mean of the members, per row; added up in one order, whatever that of names."""
    parts = [members[name] * weights[name] for name in sorted(weights)]
    return np.sum(parts, axis=0, dtype=np.float64)


def chosen(tried: Sequence[Tried], weights: Weights, loss: Loss) -> Choice:
    """These weights, or one member alone where every past cutoff says clearly that it is better.

    `tried` are past cutoffs, each judged by models that knew only what came before it.
    """
    losses = []
    candidates = set(weights)
    for one in tried:
        together = loss(mixed(one.members, weights), one.outcome)
        told = {"mean": float(together.mean())}
        for name in weights:
            gain = together - loss(one.members[name], one.outcome)
            error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else np.inf
            told[name] = float(told["mean"] - gain.mean())
            if not gain.mean() > ERRORS_NEEDED * error:
                candidates.discard(name)
        losses.append(told)
    if len(tried) < CUTOFFS_NEEDED or not candidates:
        return Choice(weights, tuple(losses))
    best = min(sorted(candidates), key=lambda name: sum(told[name] for told in losses))
    return Choice(alone(weights, best), tuple(losses))


def log_loss_of(log_odds: Floats, happened: Floats) -> Floats:
    """Negative log-likelihood per customer of what happened (0 or 1)."""
    loss: Floats = np.logaddexp(0, log_odds) - happened * log_odds
    return loss


def tweedie_loss(log_value: Floats, spend: Floats, *, power: float = 1.5) -> Floats:
    """Tweedie deviance per customer, up to a constant of the spend; spend is never below 0.

    Source: Jorgensen (1987), "Exponential Dispersion Models", JRSS B 49(2).
    """
    loss: Floats = -spend * np.exp((1 - power) * log_value) / (1 - power) + np.exp(
        (2 - power) * log_value
    ) / (2 - power)
    return loss
