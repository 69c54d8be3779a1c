"""Intervals of a purchase model: what fitted parameters say that customers may spend, drawn.

Needs nothing but numpy, because it also runs in the environments of peers. Given that a customer
is still active, her order rate is Gamma(r + x, alpha + T), and what ends her activity is
independent of it: Beta(a, b + x) per order day with BG/NBD, Gamma(s, beta + T) with Pareto/NBD.
What an order day is worth is Gamma(p, nu) with nu ~ Gamma(p x + q, v + x m).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Parameters = Mapping[str, float]

LEVEL = 0.9
DRAWS = 500
AT_ONCE = 2000
SMALLEST = 1e-9  # a chance or rate of exactly zero cannot be drawn from


@dataclass(frozen=True, slots=True)
class Bought:
    """What a purchase model reads of its customers; weeks and money, shape (n_customers,)."""

    frequency: Floats
    recency: Floats
    age: Floats
    mean_value: Floats  # of a repeat order day; 0 where frequency is 0

    def rows(self, part: slice) -> "Bought":
        """Some of the customers."""
        return Bought(
            self.frequency[part], self.recency[part], self.age[part], self.mean_value[part]
        )


OrdersDrawn = Callable[[Bought, Parameters, float, np.random.Generator], Floats]


def value_interval(
    bought: Bought,
    alive: Floats,
    parameters: Parameters,
    weeks: float,
    *,
    seed: int,
) -> tuple[Floats, Floats]:
    """Low and high of the spend within so many weeks, 90 % of the draws between them.

    `alive` is each customer's P(alive). `parameters` are those of Gamma-Gamma with those of
    BG/NBD (`r alpha a b`) or of Pareto/NBD (`r alpha s beta`).
    """
    rng = np.random.default_rng(seed)
    orders_drawn: OrdersDrawn = _bg_orders if "a" in parameters else _pareto_orders
    low, high = np.empty(len(alive)), np.empty(len(alive))
    tail = (1 - LEVEL) / 2
    for first in range(0, len(alive), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        some = bought.rows(part)
        count = orders_drawn(some, parameters, weeks, rng)
        count *= rng.random(count.shape) < alive[part, None]
        spend = _spend(some, count, parameters, rng)
        low[part], high[part] = np.quantile(spend, [tail, 1 - tail], axis=1)
    return low, high


def _rates(bought: Bought, parameters: Parameters, rng: np.random.Generator) -> Floats:
    """Order days per week of those who are active, shape (n_customers, n_draws)."""
    shape = (parameters["r"] + bought.frequency)[:, None]
    scale = 1 / (parameters["alpha"] + bought.age)[:, None]
    return rng.gamma(shape, scale, (len(bought.age), DRAWS))


def _bg_orders(
    bought: Bought, parameters: Parameters, weeks: float, rng: np.random.Generator
) -> Floats:
    """Order days until the one after which the customer leaves, or the weeks are over."""
    rate = _rates(bought, parameters, rng)
    leaving = rng.beta(parameters["a"], (parameters["b"] + bought.frequency)[:, None], rate.shape)
    last = rng.geometric(np.clip(leaving, SMALLEST, 1))
    return np.minimum(rng.poisson(rate * weeks), last).astype(np.float64)


def _pareto_orders(
    bought: Bought, parameters: Parameters, weeks: float, rng: np.random.Generator
) -> Floats:
    """Order days in the time that is left to the customer within the weeks."""
    rate = _rates(bought, parameters, rng)
    scale = 1 / (parameters["beta"] + bought.age)[:, None]
    leaving = np.maximum(rng.gamma(parameters["s"], scale, rate.shape), SMALLEST)
    left = np.minimum(rng.exponential(1 / leaving), weeks)
    return rng.poisson(rate * left).astype(np.float64)


def _spend(
    bought: Bought, count: Floats, parameters: Parameters, rng: np.random.Generator
) -> Floats:
    """Money of so many order days; a sum of gammas of one rate is a gamma."""
    p, q, v = (parameters[name] for name in ("p", "q", "v"))
    own = bought.frequency[:, None]
    rate = rng.gamma(
        p * own + q, 1 / (v + own * np.maximum(bought.mean_value, 0)[:, None]), count.shape
    )
    return rng.gamma(p * count) / np.maximum(rate, SMALLEST)
