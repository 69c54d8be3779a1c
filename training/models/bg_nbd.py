"""BG/NBD: how often a customer will order, when leaving happens right after an order.

While active, a customer orders as a Poisson process with rate ~ Gamma(r, alpha); after each order
day the customer leaves for good with a chance ~ Beta(a, b).
Source of every formula unless said otherwise: Fader, Hardie and Lee (2005), "Counting Your
Customers the Easy Way", Marketing Science 24(2).
"""

from dataclasses import asdict, dataclass
from typing import TypedDict, cast

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln, log_expit

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

# Bounds of r, alpha (weeks), a and b: beyond them predictions no longer change.
BOUNDS = (*ORDER_RATE_BOUNDS, (1e-4, 1e3), (1e-3, 1e4))
NODES_COUNT = 96


class BgNbdFields(TypedDict):
    """A fitted BG/NBD as it is written to JSON."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers_count: int
    note: str | None


@dataclass(frozen=True, slots=True)
class BgNbd:
    """A fitted BG/NBD; time is in weeks, and results have shape (n_customers,)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers_count: int
    note: str | None = None  # what was odd in the data and what was done, in one sentence

    def alive_probability(self, summary: PurchaseSummary) -> FloatArray:
        """Probability that a customer has not left; always 1 for one-time buyers."""
        x, b = summary.frequency, self.b
        repeated = x > 0
        log_odds_dead = (
            np.log(self.a)
            - np.log(np.where(repeated, b + x - 1, 1.0))
            + (self.r + x) * self._log_growth(summary.recency_weeks, summary.age_weeks)
        )
        return np.where(repeated, expit(-log_odds_dead), 1.0)

    def no_order_probability(self, summary: PurchaseSummary, horizon_weeks: float) -> FloatArray:
        """Probability of no order day in the `horizon_weeks` after the history.

        Somebody active now can only leave at an order, so silence means: gone already, or active
        and without an event of the Gamma-mixed Poisson process.
        """
        alive = self.alive_probability(summary)
        age = summary.age_weeks
        growth = self._log_growth(age, age + horizon_weeks)
        return (1 - alive) + alive * np.exp(-(self.r + summary.frequency) * growth)

    def expected_orders(self, summary: PurchaseSummary, horizon_weeks: float) -> FloatArray:
        """Expected number of order days in the `horizon_weeks` after the history.

        Equal to the paper's closed form in 2F1, computed as the mean of (1 - exp(-rate p t)) / p
        over the customer's Beta(a, b + x) chance p of leaving: all terms stay positive, and
        neither a = 1 nor a -> 0 nor a large frequency is a special case.
        """
        shape = self.r + summary.frequency
        growth = horizon_weeks / (self.alpha + summary.age_weeks)
        mean = _mean_orders(shape, growth, self.a, self.b + summary.frequency)
        return self.alive_probability(summary) * mean

    def to_dict(self) -> BgNbdFields:
        """The fields as plain values that JSON can hold."""
        return cast(BgNbdFields, asdict(self))

    @classmethod
    def from_dict(cls, fields: BgNbdFields) -> "BgNbd":
        """The model whose `to_dict` gave `fields`."""
        return cls(**fields)

    def _log_growth(self, start_weeks: FloatArray, end_weeks: FloatArray) -> FloatArray:
        """Logarithm of (alpha + end) / (alpha + start), exact for short spans."""
        growth: FloatArray = np.log1p((end_weeks - start_weeks) / (self.alpha + start_weeks))
        return growth


def _mean_orders(shape: FloatArray, growth: FloatArray, a: float, b: FloatArray) -> FloatArray:
    """Mean of g(p) = (1 - (1 + p growth)^-shape) / p over p ~ Beta(a, b).

    The chord of g between p = 0 and p = 1 is averaged exactly. What remains vanishes at both ends
    and is summed by the trapezoid rule in u = logit(p), where it is analytic for |Im u| < pi.
    """
    at_zero = shape * growth
    at_one = -np.expm1(-shape * np.log1p(growth))
    low, high = _logit_range(a, b, at_zero + growth)
    step = (high - low) / (NODES_COUNT - 1)
    total, log_beta = np.zeros_like(shape), betaln(a, b)
    for node in range(NODES_COUNT):
        u = low + node * step
        p = expit(u)
        rest = -np.expm1(-shape * np.log1p(p * growth)) / p - at_zero + (at_zero - at_one) * p
        total += rest * np.exp(a * log_expit(u) + b * log_expit(-u) - log_beta)
    chord = (at_zero * b + at_one * a) / (a + b)
    return np.maximum(chord + total * step, 0.0)


def _logit_range(a: float, b: FloatArray, steepness: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where on the logit scale the Beta(a + 1, b + 1) mass lies, with room for its tails."""
    mode = np.log((1 + a) / (1 + b))
    spread = 7.0 * np.sqrt(1 / (1 + a) + 1 / (1 + b))
    # g starts to fall near p = 1 / steepness: that point must lie inside the range too.
    knee = np.minimum(mode, -np.log(np.maximum(steepness, 1e-300)))
    return knee - spread - 25.0 / (1 + a), mode + spread + 25.0 / (1 + b)


def fit_bg_nbd(summary: PurchaseSummary) -> BgNbd:
    """The maximum-likelihood BG/NBD; odd data give a bounded model and a note, never an error."""
    customers_count = len(summary.frequency)
    rate_per_week = orders_per_week(summary)
    if not (summary.frequency > 0).any():
        least_dropout = BOUNDS[2][0]
        return BgNbd(
            1.0, 1.0 / rate_per_week, least_dropout, 1.0, 0.0, customers_count, NO_REPEAT_NOTE
        )
    fit = _highest_likelihood(summary, rate_per_week)
    r, alpha, a, b = fit.parameters
    note = _note(r, alpha, a, b)
    return BgNbd(r, alpha, a, b, fit.log_likelihood, customers_count, note)


def _highest_likelihood(summary: PurchaseSummary, rate_per_week: float) -> Fit:
    """The best fit from a start with much dropout and one with little."""
    rows, weights = distinct_rows(summary.frequency, summary.recency_weeks, summary.age_weeks)
    starts = ((0.5, 0.5 / rate_per_week, 0.7, 2.0), (1.0, 1.0 / rate_per_week, 0.1, 2.0))

    def likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        return _log_likelihood(parameters, rows, weights)

    return maximise(likelihood, starts, BOUNDS, float(weights.sum()))


def _log_likelihood(
    parameters: FloatArray, rows: list[FloatArray], weights: FloatArray
) -> tuple[float, FloatArray]:
    """The log-likelihood of the weighted rows, and its gradient in (r, alpha, a, b)."""
    r, alpha, a, b = parameters
    x, recency, age = rows
    log_last, log_now = np.log(alpha + recency), np.log(alpha + age)
    before_leaving = np.where(x > 0, b + x - 1, 1.0)
    silent_alive = -(r + x) * log_now
    silent_dead = np.where(x > 0, np.log(a / before_leaving) - (r + x) * log_last, -np.inf)
    silent = np.logaddexp(silent_alive, silent_dead)
    dead = np.exp(silent_dead - silent)
    by_rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    by_dropout = gammaln(b + x) - gammaln(b) + gammaln(a + b) - gammaln(a + b + x)
    stayed = digamma(a + b) - digamma(a + b + x)
    gradient = (
        digamma(r + x) - digamma(r) + np.log(alpha) - (1 - dead) * log_now - dead * log_last,
        r / alpha - (r + x) * ((1 - dead) / (alpha + age) + dead / (alpha + recency)),
        stayed + dead / a,
        stayed + digamma(b + x) - digamma(b) - dead / before_leaving,
    )
    value = float(weights @ (by_rate + by_dropout + silent))
    return value, np.array([weights @ part for part in gradient])


def _note(r: float, alpha: float, a: float, b: float) -> str | None:
    """What lies at a bound and what that means, in one sentence; None for an ordinary fit."""
    findings = []
    if a / (a + b) < 1e-3:
        findings.append(
            "no dropout was found, so nearly everybody counts as alive and churn comes from the"
            f" order rate alone (a held at {a:.4g}, b at {b:.4g})"
        )
    elif a / (a + b) > 0.999 or min(a / BOUNDS[2][1], b / BOUNDS[3][1]) > 0.05:
        findings.append(
            f"customers hardly differ in their dropout, so a was held at {a:.4g}, b at {b:.4g}"
        )
    return one_sentence(findings + order_rate_findings(r, alpha))
