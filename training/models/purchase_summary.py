"""Each customer's purchase history in four numbers, and the fitting that purchase models share.

BG/NBD, Pareto/NBD and Gamma-Gamma need nothing else of a customer, so customers with equal
numbers are folded into one weighted row before a likelihood is computed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

DAYS_PER_WEEK = 7.0
READ_COLUMNS = (
    *("repeat_order_days_count", "first_to_last_order_days"),
    *("tenure_days", "repeat_order_day_value"),
)
"""The features that a purchase summary is made of."""
# Bounds of r and alpha (weeks) of the Gamma that order rates follow in both purchase models.
ORDER_RATE_BOUNDS = ((1e-3, 1e3), (1e-3, 1e6))
NO_REPEAT_NOTE = (
    "No customer ordered on a second day, so the order rate was set to half an order day over"
    " all weeks seen and nobody was assumed to have left."
)

FloatArray = npt.NDArray[np.float64]
Likelihood = Callable[[FloatArray], tuple[float, FloatArray]]
Bounds = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class PurchaseSummary:
    """What a purchase model knows of its customers; every array has shape (n_customers,)."""

    frequency: FloatArray  # repeat order days: days with an order, without the first
    recency_weeks: FloatArray  # from the first to the last order day
    age_weeks: FloatArray  # from the first order day to the last day of history
    mean_value: FloatArray  # of a repeat order day, shop currency; NaN where frequency is 0


def summarise(features: pd.DataFrame) -> PurchaseSummary:
    """The purchase summary of every row of `features`, in the same order.

    Age runs to the last day of history, one day before the cutoff, as in Fader and Hardie's
    own summaries of CDNOW.

    >>> row = {"repeat_order_days_count": [2], "first_to_last_order_days": [21],
    ...        "tenure_days": [36], "repeat_order_day_value": [9.5]}
    >>> summarise(pd.DataFrame(row)).age_weeks
    array([5.])
    """
    frequency = _column(features, "repeat_order_days_count")
    value = _column(features, "repeat_order_day_value")
    return PurchaseSummary(
        frequency=frequency,
        recency_weeks=_column(features, "first_to_last_order_days") / DAYS_PER_WEEK,
        age_weeks=(_column(features, "tenure_days") - 1.0) / DAYS_PER_WEEK,
        mean_value=np.where(frequency > 0, value, np.nan),
    )


def _column(features: pd.DataFrame, name: str) -> FloatArray:
    """One feature as floats, missing values as NaN."""
    return features[name].to_numpy(dtype=np.float64, na_value=np.nan)


def distinct_rows(*columns: FloatArray) -> tuple[list[FloatArray], FloatArray]:
    """The distinct rows of `columns`, column by column, and how many customers share each.

    >>> distinct_rows(np.array([1.0, 0.0, 1.0]))
    ([array([0., 1.])], array([1., 2.]))
    """
    order = np.lexsort(columns)
    ordered = [column[order] for column in columns]
    is_new = np.zeros(len(order), dtype=bool)
    is_new[:1] = True
    for column in ordered:
        is_new[1:] |= column[1:] != column[:-1]
    first = np.flatnonzero(is_new)
    counts = np.diff(np.append(first, len(order))).astype(np.float64)
    return [column[first] for column in ordered], counts


@dataclass(frozen=True, slots=True)
class Fit:
    """The best parameters found, and the log-likelihood they reach."""

    parameters: tuple[float, ...]
    log_likelihood: float


def maximise(
    likelihood: Likelihood, starts: Sequence[Sequence[float]], bounds: Bounds, customers: float
) -> Fit:
    """The highest maximum of `likelihood` reached from any of `starts`, inside `bounds`.

    `likelihood` takes positive parameters and gives the log-likelihood with its gradient. The
    search runs on their logarithms, per customer, so that one tolerance suits every shop size.
    """
    low, high = np.log(np.asarray(bounds, dtype=np.float64)).T

    def loss(log_parameters: FloatArray) -> tuple[float, FloatArray]:
        parameters = np.exp(log_parameters)
        value, gradient = likelihood(parameters)
        return -value / customers, -gradient * parameters / customers

    # L-BFGS-B finds the same maxima, but its tiny matrices go through threaded LAPACK: on a busy
    # machine that took half a CPU second per fit, SLSQP a hundredth.
    # Several threads of the algebra library would add in another order: other bytes, no gain.
    with threadpool_limits(1, "blas"):
        searches = [
            minimize(
                loss,
                np.clip(np.log(np.asarray(start, dtype=np.float64)), low, high),
                jac=True,
                method="SLSQP",
                bounds=list(zip(low, high, strict=True)),
                options={"ftol": 1e-13, "maxiter": 500},
            )
            for start in starts
        ]
    best = min(searches, key=lambda search: float(search.fun))
    parameters = tuple(float(value) for value in np.exp(best.x))
    return Fit(parameters, -float(best.fun) * customers)


def orders_per_week(summary: PurchaseSummary) -> float:
    """Repeat order days per customer-week of history; half an order day when there was none."""
    repeat_order_days = float(summary.frequency.sum())
    # A rate of exactly zero would call every later order impossible.
    return max(repeat_order_days, 0.5) / max(float(summary.age_weeks.sum()), 1.0)


def order_rate_findings(r: float, alpha: float) -> list[str]:
    """What it means that r or alpha lies at a bound; empty for an ordinary fit."""
    (r_low, r_high), (alpha_low, alpha_high) = ORDER_RATE_BOUNDS
    if r > 0.99 * r_high or alpha > 0.99 * alpha_high:
        found = "customers hardly differ in their order rate"
    elif r < 1.01 * r_low or alpha < 1.01 * alpha_low:
        found = "customers differ without limit in their order rate"
    else:
        return []
    return [f"{found}, so r was held at {r:.4g} and alpha at {alpha:.4g} weeks"]


def one_sentence(findings: Sequence[str]) -> str | None:
    """The findings joined into one sentence, or None when there are none.

    >>> one_sentence(["no dropout was found, so a was held at its lower bound"])
    'No dropout was found, so a was held at its lower bound.'
    """
    joined = "; ".join(findings)
    return f"{joined[0].upper()}{joined[1:]}." if joined else None
