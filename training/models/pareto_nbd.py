"""Pareto/NBD: how often a customer will order, when leaving can happen at any time.

While active, a customer orders as a Poisson process with rate ~ Gamma(r, alpha) and leaves after
an exponential time with rate ~ Gamma(s, beta).
Source: Schmittlein, Morrison and Colombo (1987), "Counting Your Customers: Who Are They and What
Will They Do Next?", Management Science 33(1). The likelihood is used in the integral form of
Fader and Hardie (2005), "A Note on Deriving the Pareto/NBD Model and Related Expressions".
"""

from dataclasses import asdict, dataclass
from functools import reduce
from typing import TypedDict, cast

import numpy as np
from scipy.special import digamma, exprel, gammaln

from training.models.purchase_summary import (
    NO_REPEAT_NOTE,
    ORDER_RATE_BOUNDS,
    Fit,
    FloatArray,
    PurchaseSummary,
    distinct_rows,
    maximise,
    one_sentence,
    order_rate_findings,
    orders_per_week,
)

# Bounds of r, alpha (weeks), s and beta (weeks): beyond them predictions no longer change.
BOUNDS = (*ORDER_RATE_BOUNDS, (1e-4, 1e3), (1e-3, 1e6))
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(20)
NEGLIGIBLE_FOLDS = 30.0


class ParetoNbdFields(TypedDict):
    """A fitted Pareto/NBD as it is written to JSON."""

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float
    customers_count: int
    note: str | None


@dataclass(frozen=True, slots=True)
class ParetoNbd:
    """A fitted Pareto/NBD; time is in weeks, and results have shape (n_customers,)."""

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float
    customers_count: int
    note: str | None = None  # what was odd in the data and what was done, in one sentence

    def alive_probability(self, summary: PurchaseSummary) -> FloatArray:
        """Probability that a customer has not left by the end of the history."""
        silence = self._silence(summary, 0.0)
        alive: FloatArray = np.exp(silence.log_alive - silence.log_total)
        return alive

    def no_order_probability(self, summary: PurchaseSummary, horizon_weeks: float) -> FloatArray:
        """Probability of no order day in the `horizon_weeks` after the history.

        To stay silent is to have the same orders at a greater age, so the probability is
        L(x, t_x, T + horizon) / L(x, t_x, T), the factor in front of both cancelling out.
        """
        now, later = self._silence(summary, 0.0), self._silence(summary, horizon_weeks)
        silent = np.exp(np.minimum(later.log_total - now.log_total, 0.0))
        # Whoever has left stays silent: rounding must not say otherwise.
        return np.maximum(silent, -np.expm1(now.log_alive - now.log_total))

    def expected_orders(self, summary: PurchaseSummary, horizon_weeks: float) -> FloatArray:
        """Expected number of order days in the `horizon_weeks` after the history."""
        age = summary.age_weeks
        # exprel keeps s = 1 an ordinary case: the closed form divides by s - 1.
        log_growth = np.log1p(horizon_weeks / (self.beta + age))
        active_weeks = (self.beta + age) * log_growth * exprel((1 - self.s) * log_growth)
        rate = (self.r + summary.frequency) / (self.alpha + age)
        expected: FloatArray = self.alive_probability(summary) * rate * active_weeks
        return expected

    def to_dict(self) -> ParetoNbdFields:
        """The fields as plain values that JSON can hold."""
        return cast(ParetoNbdFields, asdict(self))

    @classmethod
    def from_dict(cls, fields: ParetoNbdFields) -> "ParetoNbd":
        """The model whose `to_dict` gave `fields`."""
        return cls(**fields)

    def _silence(self, summary: PurchaseSummary, extra_weeks: float) -> "_Silence":
        """The two ways of being silent from the last order to `extra_weeks` past the history."""
        rows = [summary.frequency, summary.recency_weeks, summary.age_weeks + extra_weeks]
        return _silence(np.array([self.r, self.alpha, self.s, self.beta]), rows)


@dataclass(frozen=True, slots=True)
class _Silence:
    """Log weights of silence since the last order, and the integrand at the quadrature nodes."""

    log_alive: FloatArray  # (n,) still active
    log_dead: FloatArray  # (n,) left somewhere between the last order and now
    log_total: FloatArray  # (n,) either
    share: FloatArray  # (nodes, n) of the dead mass at each node, adding up to 1
    log_order_time: FloatArray  # (nodes, n) log(alpha + time of leaving)
    log_leave_time: FloatArray  # (nodes, n) log(beta + time of leaving)


def _silence(parameters: FloatArray, rows: list[FloatArray]) -> _Silence:
    """Both parts of the likelihood without the factor Gamma(r + x) alpha^r beta^s / Gamma(r).

    alive = (alpha + T)^-(r + x) (beta + T)^-s
    dead = s * integral over t in (t_x, T) of (alpha + t)^-(r + x) (beta + t)^-(s + 1)

    The integral is Gauss-Legendre in log(min(alpha, beta) + t), where the integrand's only
    singularities lie at a distance of pi from the real line, whatever the parameters.
    """
    r, alpha, s, beta = parameters
    x, recency, age = rows
    nearer, gap = min(alpha, beta), abs(alpha - beta)
    with np.errstate(over="ignore"):
        # For frequent buyers the integrand dies quickly: spend the nodes where it lives.
        end_of_orders = (alpha + recency) * np.exp(NEGLIGIBLE_FOLDS / (r + x)) - alpha
        end_of_leaving = (beta + recency) * np.exp(NEGLIGIBLE_FOLDS / s) - beta
    end = np.maximum(np.minimum(age, np.minimum(end_of_orders, end_of_leaving)), recency)
    low = np.log(nearer + recency)
    half = 0.5 * np.log((nearer + end) / (nearer + recency))
    log_nearer = low + half * (1 + NODES[:, None])
    log_farther = np.log(np.exp(log_nearer) + gap)
    log_order, log_leave = (log_nearer, log_farther) if alpha <= beta else (log_farther, log_nearer)
    first_order, first_leave = np.log(alpha + recency), np.log(beta + recency)
    fall = (r + x) * (log_order - first_order) + (s + 1) * (log_leave - first_leave)
    height = NODE_WEIGHTS[:, None] * np.exp(log_nearer - low - fall)
    # Node by node: numpy's own sum adds a single customer's nodes in another order than many's.
    mass = reduce(np.add, height)
    with np.errstate(divide="ignore"):
        log_width = np.log(half)  # minus infinity for an order on the last day of history
    log_dead = np.log(s * mass) + log_width + low - (r + x) * first_order - (s + 1) * first_leave
    log_alive = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    log_total = np.logaddexp(log_alive, log_dead)
    return _Silence(log_alive, log_dead, log_total, height / mass, log_order, log_leave)


def fit_pareto_nbd(summary: PurchaseSummary) -> ParetoNbd:
    """The maximum-likelihood Pareto/NBD; odd data give a bounded model and a note, no error."""
    customers_count = len(summary.frequency)
    rate_per_week = orders_per_week(summary)
    if not (summary.frequency > 0).any():
        least_dropout = BOUNDS[2][0]
        return ParetoNbd(
            1.0, 1.0 / rate_per_week, least_dropout, 1.0, 0.0, customers_count, NO_REPEAT_NOTE
        )
    fit = _highest_likelihood(summary, rate_per_week)
    r, alpha, s, beta = fit.parameters
    note = _note(r, alpha, s, beta)
    return ParetoNbd(r, alpha, s, beta, fit.log_likelihood, customers_count, note)


def _highest_likelihood(summary: PurchaseSummary, rate_per_week: float) -> Fit:
    """The best fit from a start with much dropout and one with little."""
    rows, weights = distinct_rows(summary.frequency, summary.recency_weeks, summary.age_weeks)
    weeks = max(float(summary.age_weeks.mean()), 1.0)
    starts = (
        (0.5, 0.5 / rate_per_week, 0.5, 0.4 * weeks),
        (1.0, 1.0 / rate_per_week, 0.1, weeks),
    )

    def likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        return _log_likelihood(parameters, rows, weights)

    return maximise(likelihood, starts, BOUNDS, float(weights.sum()))


def _log_likelihood(
    parameters: FloatArray, rows: list[FloatArray], weights: FloatArray
) -> tuple[float, FloatArray]:
    """The log-likelihood of the weighted rows, and its gradient in (r, alpha, s, beta)."""
    r, alpha, s, beta = parameters
    x, _, age = rows
    silence = _silence(parameters, rows)
    dead = np.exp(silence.log_dead - silence.log_total)
    alive = 1 - dead
    front = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)

    def mean(node_values: FloatArray) -> FloatArray:
        averaged: FloatArray = np.einsum("ij,ij->j", silence.share, node_values)
        return averaged

    order, leave = silence.log_order_time, silence.log_leave_time
    gradient = (
        digamma(r + x)
        - digamma(r)
        + np.log(alpha)
        - alive * np.log(alpha + age)
        - dead * mean(order),
        r / alpha - (r + x) * (alive / (alpha + age) + dead * mean(np.exp(-order))),
        np.log(beta) - alive * np.log(beta + age) + dead * (1 / s - mean(leave)),
        s / beta - alive * s / (beta + age) - dead * (s + 1) * mean(np.exp(-leave)),
    )
    value = float(weights @ (front + silence.log_total))
    return value, np.array([weights @ part for part in gradient])


def _note(r: float, alpha: float, s: float, beta: float) -> str | None:
    """What lies at a bound and what that means, in one sentence; None for an ordinary fit."""
    findings = []
    if s / beta < 1e-5 or s < 1.01 * BOUNDS[2][0]:
        findings.append(
            "no dropout was found, so nearly everybody counts as alive and churn comes from the"
            f" order rate alone (s held at {s:.4g}, beta at {beta:.4g} weeks)"
        )
    elif s > 0.99 * BOUNDS[2][1] or beta > 0.99 * BOUNDS[3][1] or beta < 1.01 * BOUNDS[3][0]:
        findings.append(
            f"dropout lies at the edge of what can be told apart, so s was held at {s:.4g}"
            f" and beta at {beta:.4g} weeks"
        )
    return one_sentence(findings + order_rate_findings(r, alpha))
