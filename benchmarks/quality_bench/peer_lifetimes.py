"""lifetimes: BG/NBD and Pareto/NBD with Gamma-Gamma, by maximum likelihood.

A fit that raises ConvergenceError is tried again with the next penalizer.
"""

from typing import Any

import lifetimes
import numpy as np
import pandas as pd
from lifetimes.utils import ConvergenceError

from benchmarks.quality_bench.peer import Answer, run

PENALIZERS = (0.0, 0.001, 0.01, 0.1)


def bg_nbd(purchases: pd.DataFrame, weeks: float) -> Answer:
    """BG/NBD; the chance of no order follows from its parameters, the library has no method."""
    told = [purchases[name] for name in ("frequency", "recency", "T")]
    model, note = _fitted(lifetimes.BetaGeoFitter, *told)
    alive = np.asarray(model.conditional_probability_alive(*told))
    parameters = dict(model.params_)
    since = parameters["alpha"] + told[2]
    silent = (since / (since + weeks)) ** (parameters["r"] + told[0])
    no_order = 1 - alive * (1 - silent.to_numpy())
    return _answer(purchases, weeks, (model, note), no_order, alive)


def pareto_nbd(purchases: pd.DataFrame, weeks: float) -> Answer:
    """Pareto/NBD; the chance of no order by the library's own method."""
    told = [purchases[name] for name in ("frequency", "recency", "T")]
    model, note = _fitted(lifetimes.ParetoNBDFitter, *told)
    no_order = model.conditional_probability_of_n_purchases_up_to_time(0, weeks, *told)
    alive = np.asarray(model.conditional_probability_alive(*told))
    return _answer(purchases, weeks, (model, note), np.asarray(no_order), alive)


def _answer(
    purchases: pd.DataFrame,
    weeks: float,
    fitted: tuple[Any, str],
    no_order: np.ndarray,
    alive: np.ndarray,
) -> Answer:
    """The answer of a model of orders, with what Gamma-Gamma says that an order is worth."""
    model, note = fitted
    frequency, value = purchases["frequency"], purchases["monetary_value"]
    known = (frequency > 0) & (value > 0)
    money, of_money = _fitted(lifetimes.GammaGammaFitter, frequency[known], value[known])
    worth = money.conditional_expected_average_profit(frequency, value)
    orders = model.conditional_expected_number_of_purchases_up_to_time(
        weeks, frequency, purchases["recency"], purchases["T"]
    )
    return Answer(
        no_order=no_order,
        orders=np.asarray(orders),
        order_value=np.asarray(worth),
        alive=alive,
        parameters=dict(model.params_) | dict(money.params_),
        note="; ".join(filter(None, (note, of_money and f"Gamma-Gamma {of_money}", _lost(orders)))),
    )


def _lost(orders: Any) -> str:
    lost = int((~np.isfinite(np.asarray(orders))).sum())
    return f"expected orders of {lost:,} customers are not a number" if lost else ""


def _fitted(kind: Any, *told: pd.Series) -> tuple[Any, str]:
    """The fit with the smallest penalizer that converges, and which one if it is not 0."""
    for penalizer in PENALIZERS:
        try:
            model = kind(penalizer_coef=penalizer).fit(*told)
        except ConvergenceError:
            continue
        if np.isfinite(list(model.params_)).all():
            return model, f"converged only with a penalizer of {penalizer:g}" if penalizer else ""
    raise ConvergenceError(f"no fit with any penalizer of {PENALIZERS}")


if __name__ == "__main__":
    run({"lifetimes-bg-nbd": bg_nbd, "lifetimes-pareto-nbd": pareto_nbd})
