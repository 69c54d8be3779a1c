"""Shifted-beta-geometric: how long contracts last when customers differ in their chance to leave.

At the end of each period a customer leaves with a chance of her own, which never changes; chances
differ between customers as Beta(alpha, beta). Those who leave easily leave first, so the hazard of
those who stay falls although nobody's own chance does.
Source of every formula unless said otherwise: Fader and Hardie (2007), "How to Project Customer
Retention", Journal of Interactive Marketing 21(1).
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

from training.models.purchase_summary import FloatArray, maximise, one_sentence

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Beyond these bounds of alpha and beta the curves no longer change.
BOUNDS = ((1e-4, 1e4), (1e-4, 1e6))
STARTS = ((1.0, 1.0), (0.5, 5.0), (10.0, 100.0))
NEGLIGIBLE = 1e-14  # what is worth less today is left out of a sum
SAME_FOR_ALL = 1e4  # alpha + beta of customers who do not differ
LARGEST_PERIOD = 100_000  # a hazard further ahead is that of this period


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long contracts lasted, in whole periods; arrays of shape (n_contracts,).

    `periods` is the period in which it ended, from 1; of those that have not `ended` it is the
    number of periods survived, which may be 0. `counts` says how many contracts share the row.
    """

    periods: Ints
    ended: Bools
    counts: FloatArray

    @classmethod
    def of(cls, periods: npt.ArrayLike, ended: npt.ArrayLike) -> Self:
        """One contract per row."""
        lengths = np.asarray(periods, dtype=np.int64)
        return cls(lengths, np.asarray(ended, dtype=bool), np.ones(len(lengths)))

    @classmethod
    def of_survivors(cls, survivors: npt.ArrayLike) -> Self:
        """One cohort, from how many of it were there at the start and after each period.

        >>> Lifetimes.of_survivors([1000, 869, 743]).counts
        array([131., 126., 743.])
        """
        left = np.asarray(survivors, dtype=np.float64)
        last = len(left) - 1
        periods = np.append(np.arange(1, last + 1), last)
        return cls(periods, np.arange(last + 1) < last, np.append(-np.diff(left), left[-1]))

    def by_period(self) -> tuple[FloatArray, FloatArray]:
        """At risk in, and ended in, periods 1, 2, …: shape (n_periods,) each."""
        longest = int(self.periods.max(initial=0))
        ended = np.bincount(self.periods, self.counts * self.ended, longest + 1)[1:]
        survived = np.bincount(self.periods, self.counts * ~self.ended, longest + 1)[1:]
        at_risk: FloatArray = np.cumsum((ended + survived)[::-1])[::-1].astype(np.float64)
        return at_risk, ended.astype(np.float64)


@dataclass(frozen=True, slots=True)
class ShiftedBetaGeometric:
    """A fitted shifted-beta-geometric; a period is whatever the lifetimes counted."""

    alpha: float
    beta: float
    log_likelihood: float
    contracts_count: int
    note: str | None = None  # what was odd in the data and what was done, in one sentence

    def hazard(self, periods: npt.ArrayLike) -> FloatArray:
        """Chance to leave in each of these periods (from 1) of somebody who was there before it.

        >>> ShiftedBetaGeometric(1.0, 1.0, 0.0, 0).hazard([1, 2])
        array([0.5       , 0.33333333])
        """
        period = np.minimum(np.asarray(periods, dtype=np.float64), LARGEST_PERIOD)
        return self.alpha / (self.alpha + self.beta + period - 1)

    def retention(self, periods: npt.ArrayLike) -> FloatArray:
        """Share of those there before each of these periods who are there after it."""
        return 1 - self.hazard(periods)

    def survival(self, periods: npt.ArrayLike, *, after: npt.ArrayLike = 0) -> FloatArray:
        """Chance to be there after `periods` periods, of somebody who was after `after` of them."""
        so_far = np.asarray(after, dtype=np.float64)
        later = np.maximum(np.asarray(periods, dtype=np.float64), so_far)
        ahead = betaln(self.alpha, self.beta + later) - betaln(self.alpha, self.beta + so_far)
        return np.exp(ahead)

    def residual_lifetime(self, survived: npt.ArrayLike, *, discount_rate: float) -> FloatArray:
        """Discounted expected residual lifetime (DERL): renewals still to come, at today's value.

        For somebody who has survived `survived` renewals and stands just before the next one;
        `discount_rate` is per period and above 0, so that no expectation is infinite. Equal to
        the paper's closed form in 2F1, summed because SciPy's 2F1 overflows for a large beta.
        Source: Fader and Hardie (2010), "Customer-Base Valuation in a Contractual Setting: The
        Perils of Ignoring Heterogeneity", Marketing Science 29(1).
        """
        asked = np.asarray(survived, dtype=np.float64)
        distinct, place = np.unique(asked, return_inverse=True)
        ahead = np.arange(1 + int(-np.log(NEGLIGIBLE) / np.log1p(discount_rate)))
        worth = (1 + discount_rate) ** -ahead.astype(np.float64)
        found = [
            np.cumprod(1 - self.alpha / (self.alpha + self.beta + past + ahead)) @ worth
            for past in distinct
        ]
        return np.array(found)[place].reshape(asked.shape)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """The model whose `to_dict` gave `fields`."""
        return cls(**fields)


def fit_shifted_beta_geometric(lifetimes: Lifetimes) -> ShiftedBetaGeometric:
    """The maximum-likelihood model; odd data give a bounded model and a note, never an error."""
    at_risk, ended = lifetimes.by_period()
    contracts_count = int(lifetimes.counts.sum())
    if len(at_risk) <= 1 or not ended.any():
        return _same_for_all(at_risk, ended, contracts_count)

    def likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        return _log_likelihood(parameters, at_risk, ended)

    fit = maximise(likelihood, STARTS, BOUNDS, float(at_risk[0]))
    alpha, beta = fit.parameters
    return ShiftedBetaGeometric(
        alpha, beta, fit.log_likelihood, contracts_count, _note(alpha, beta)
    )


def _log_likelihood(
    parameters: FloatArray, at_risk: FloatArray, ended: FloatArray
) -> tuple[float, FloatArray]:
    """The log-likelihood of what happened in each period, and its gradient in (alpha, beta).

    A product of hazards is the same likelihood as one of lifetimes, with censoring included.
    """
    alpha, beta = parameters
    before = beta + np.arange(len(at_risk))
    stayed = at_risk - ended
    value = ended.sum() * np.log(alpha) + stayed @ np.log(before)
    value -= at_risk @ np.log(alpha + before)
    shared = at_risk @ (1 / (alpha + before))
    return float(value), np.array([ended.sum() / alpha - shared, stayed @ (1 / before) - shared])


def _same_for_all(
    at_risk: FloatArray, ended: FloatArray, contracts_count: int
) -> ShiftedBetaGeometric:
    """One hazard for everybody in every period, half an end more than was seen."""
    # A hazard of exactly 0 or 1 would call what may still happen impossible.
    exposure, ends = float(at_risk.sum()), float(ended.sum())
    hazard = (ends + 0.5) / (exposure + 1)
    value = ends * np.log(hazard) + (exposure - ends) * np.log1p(-hazard)
    if not ends:
        found = f"no contract has ended, so half an end was assumed over {exposure:,.0f} periods"
    else:
        found = "one period has been seen, so the hazard was taken as the same in every period"
    return ShiftedBetaGeometric(
        hazard * SAME_FOR_ALL,
        (1 - hazard) * SAME_FOR_ALL,
        float(value),
        contracts_count,
        one_sentence([found]),
    )


def _note(alpha: float, beta: float) -> str | None:
    """What lies at a bound and what that means; None for an ordinary fit."""
    (alpha_low, alpha_high), (beta_low, beta_high) = BOUNDS
    if alpha > 0.99 * alpha_high or beta > 0.99 * beta_high:
        found = "the hazard hardly falls with time"
    elif alpha < 1.01 * alpha_low or beta < 1.01 * beta_low:
        found = "whoever was there after the first period nearly always stays"
    else:
        return None
    return one_sentence([f"{found}, so alpha was held at {alpha:.4g}, beta at {beta:.4g}"])
