"""Gamma-Gamma: what an order day of each customer is worth.

Values of one customer's order days are Gamma(p, nu) with nu ~ Gamma(q, v), independent of how
often the customer orders. Source: Fader and Hardie (2013), "The Gamma-Gamma Model of Monetary
Value", and Fader, Hardie and Lee (2005), "RFM and CLV", J. Marketing Research 42(4).
"""

from dataclasses import asdict, dataclass
from typing import TypedDict, cast

import numpy as np
from scipy.special import digamma, gammaln

from training.models.purchase_summary import FloatArray, PurchaseSummary, distinct_rows, maximise

BOUNDS = ((1e-2, 1e3), (1e-2, 1e3), (1e-6, 1e12))
# The model's mean and the customers' mean differ by a few percent on ordinary shops.
WIDEST_MEAN_RATIO = 2.0
POOLED_WEIGHT_ORDER_DAYS = 1.0


class GammaGammaFields(TypedDict):
    """A fitted Gamma-Gamma as it is written to JSON."""

    p: float
    q: float
    v: float
    population_value: float
    population_weight_order_days: float
    log_likelihood: float
    customers_count: int
    note: str | None


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """A fitted Gamma-Gamma; money is in the shop's currency, results have shape (n_customers,)."""

    p: float
    q: float
    v: float
    population_value: float  # expected order-day value of a customer without repeat order days
    population_weight_order_days: float  # how many own order days weigh as much as the population
    log_likelihood: float
    customers_count: int  # customers the fit could use: repeat order days of positive value
    note: str | None = None  # what was odd in the data and what was done, in one sentence

    def expected_order_value(self, summary: PurchaseSummary) -> FloatArray:
        """Expected value of a customer's next order day, never negative.

        The paper's p (v + x m) / (p x + q - 1), written as the average of the population's mean
        and the customer's own, weighted (q - 1) / p to x.
        """
        known = (summary.frequency > 0) & np.isfinite(summary.mean_value)
        own_weight = np.where(known, summary.frequency, 0.0)
        # Refunds can push an own mean below zero: no later order is expected to be worth less.
        own_value = np.where(known, np.maximum(summary.mean_value, 0.0), 0.0)
        weight = self.population_weight_order_days
        return (weight * self.population_value + own_weight * own_value) / (weight + own_weight)

    def to_dict(self) -> GammaGammaFields:
        """The fields as plain values that JSON can hold."""
        return cast(GammaGammaFields, asdict(self))

    @classmethod
    def from_dict(cls, fields: GammaGammaFields) -> "GammaGamma":
        """The model whose `to_dict` gave `fields`."""
        return cls(**fields)


def fit_gamma_gamma(summary: PurchaseSummary, *, first_order_value: float = 0.0) -> GammaGamma:
    """The maximum-likelihood Gamma-Gamma of customers with repeat order days of positive value.

    `first_order_value` stands in for the population's mean when no such customer exists.
    """
    usable = (summary.frequency > 0) & (summary.mean_value > 0) & np.isfinite(summary.mean_value)
    x, value = summary.frequency[usable], summary.mean_value[usable]
    if not usable.any():
        unit = (1.0, 2.0, first_order_value)
        note = "No repeat order had a positive value, so everybody gets the value of first orders."
        return GammaGamma(*unit, first_order_value, POOLED_WEIGHT_ORDER_DAYS, 0.0, 0, note)
    (p, q, v), log_likelihood = _highest_likelihood(x, value)
    mean_value = float(value.mean())
    population_value = p * v / (q - 1) if q > 1 else np.inf
    ratio = population_value / mean_value
    if 1 / WIDEST_MEAN_RATIO <= ratio <= WIDEST_MEAN_RATIO:
        weight = (q - 1) / p
        return GammaGamma(p, q, v, population_value, weight, log_likelihood, len(x), _alike_note(q))
    weight = POOLED_WEIGHT_ORDER_DAYS
    note = _fallback_note(q, population_value, mean_value)
    return GammaGamma(p, q, v, mean_value, weight, log_likelihood, len(x), note)


def _alike_note(q: float) -> str | None:
    """That customers could not be told apart by value; None for an ordinary fit."""
    if q < 0.99 * BOUNDS[1][1]:
        return None
    return f"Customers hardly differ in what an order day is worth, so q was held at {q:.4g}."


def _fallback_note(q: float, population_value: float, mean_value: float) -> str:
    """Why the fitted mean is not used, and what is used in its place."""
    found = (
        f"Order values are so uneven that their modelled mean is infinite (q = {q:.3g})"
        if q <= 1
        else f"The modelled mean order value {population_value:.4g} is far from the observed"
    )
    return (
        f"{found}, so each customer's own mean is averaged with the customers' mean"
        f" {mean_value:.4g}, which weighs as much as one order day."
    )


def _highest_likelihood(x: FloatArray, value: FloatArray) -> tuple[tuple[float, ...], float]:
    """The best (p, q, v) and its log-likelihood, from a narrow and a wide start."""
    (frequency, mean_value), weights = distinct_rows(x, value)
    # Values are fitted in units of their typical size, so that any currency meets the bounds.
    unit = float(np.exp(np.average(np.log(mean_value), weights=weights)))
    scaled = mean_value / unit

    def likelihood(parameters: FloatArray) -> tuple[float, FloatArray]:
        return _log_likelihood(parameters, frequency, scaled, weights)

    fit = maximise(likelihood, ((6.0, 4.0, 0.5), (1.0, 2.0, 1.0)), BOUNDS, float(weights.sum()))
    p, q, v = fit.parameters
    return (p, q, v * unit), fit.log_likelihood - float(weights.sum()) * float(np.log(unit))


def _log_likelihood(
    parameters: FloatArray, x: FloatArray, value: FloatArray, weights: FloatArray
) -> tuple[float, FloatArray]:
    """The log-likelihood of the weighted mean values, and its gradient in (p, q, v)."""
    p, q, v = parameters
    shape = p * x
    log_total = np.log(v + x * value)
    row = (
        gammaln(shape + q)
        - gammaln(shape)
        - gammaln(q)
        + q * np.log(v)
        + shape * np.log(x * value)
        - np.log(value)
        - (shape + q) * log_total
    )
    both = digamma(shape + q)
    gradient = (
        x * (both - digamma(shape) + np.log(x * value) - log_total),
        both - digamma(q) + np.log(v) - log_total,
        q / v - (shape + q) / (v + x * value),
    )
    return float(weights @ row), np.array([weights @ part for part in gradient])
