"""EMPC: what the best retention campaign that a ranking allows would earn per customer.

A contacted churner accepts the offer with probability gamma and then stays: she earns her value
less the offer, and the contact was paid. A contacted stayer takes the offer as a gift. For every
gamma the campaign contacts as far down the ranking as pays best; gamma is beta-distributed, and
the profit's mean over it is the measure. Source: Verbraken, Verbeke and Baesens (2013), "A Novel
Profit Maximizing Metric for Measuring Classification Performance of Customer Churn Prediction
Models", IEEE TKDE 25(5). There one value holds for all; here everybody may have her own, and with
equal values the measure is theirs.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, roots_jacobi

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NODES_COUNT = 32


@dataclass(frozen=True, slots=True)
class Offer:
    """What a contact and an offer cost, and how the chance of acceptance is distributed."""

    offer_cost: float
    contact_cost: float
    alpha: float = 6.0
    beta: float = 14.0

    @property
    def accepted_share(self) -> float:
        """The mean share of churners who accept."""
        return self.alpha / (self.alpha + self.beta)


CLASSIC_VALUE = 200.0
"""The value of every customer in the literature's default setting; with `CLASSIC`."""
CLASSIC = Offer(offer_cost=10.0, contact_cost=1.0)


def own_offer(value: Floats) -> Offer:
    """The literature's offer at the scale of these values: 5 % and 0.5 % of their mean."""
    mean = float(value.mean()) if len(value) else 0.0
    shares = CLASSIC.offer_cost / CLASSIC_VALUE, CLASSIC.contact_cost / CLASSIC_VALUE
    return Offer(shares[0] * mean, shares[1] * mean)


def contact_priority(churn_probability: Floats, value: Floats, offer: Offer) -> Floats:
    """Expected profit of contacting each customer at the mean acceptance: whom to contact first.

    With equal values this is the order of the churn probabilities.
    """
    won = offer.accepted_share * (value - offer.offer_cost) - offer.contact_cost
    lost = offer.offer_cost + offer.contact_cost
    return churn_probability * won - (1 - churn_probability) * lost


def empc(churned: Bools, priority: Floats, value: Floats, offer: Offer) -> float:
    """Expected maximum profit per customer, exact, in the unit of `value`.

    Arrays have shape (n_customers,). Customers of equal priority are contacted together or not at
    all, which loses nothing: the best campaign never ends within them.
    """
    if not len(churned):
        return float("nan")
    order = np.argsort(-priority, kind="stable")
    last = np.flatnonzero(np.diff(priority[order], append=np.inf))
    won, paid = gains_and_costs(churned[order], value[order], offer)
    slopes = np.concatenate([[0.0], np.cumsum(won)[last]])
    costs = np.concatenate([[0.0], np.cumsum(paid)[last]])
    return _mean_of_envelope(slopes, costs, offer) / len(churned)


def gains_and_costs(churned: Bools, value: Floats, offer: Offer) -> tuple[Floats, Floats]:
    """Per contacted customer: what acceptance wins (times gamma), and what is paid anyway."""
    won = np.where(churned, value - offer.offer_cost, 0.0)
    paid = offer.contact_cost + np.where(churned, 0.0, offer.offer_cost)
    return won, paid


def empc_of_sums(won: Floats, paid: Floats, offer: Offer) -> Floats:
    """Expected maximum profit in all, of many resamples at once, shape (n_resamples,).

    `won` and `paid` are sums per group of customers, best group first, shape (n_groups,
    n_resamples). By Gauss-Jacobi quadrature, within a thousandth of the exact figure.
    """
    at, weight = roots_jacobi(NODES_COUNT, offer.beta - 1, offer.alpha - 1)
    slopes, costs = np.cumsum(won, axis=0), np.cumsum(paid, axis=0)
    total = np.zeros(won.shape[1])
    for accepted, share in zip((at + 1) / 2, weight / weight.sum(), strict=True):
        total += share * np.maximum((accepted * slopes - costs).max(axis=0), 0.0)
    return total


def _mean_of_envelope(slopes: Floats, costs: Floats, offer: Offer) -> float:
    """Mean over gamma of max(gamma * slope - cost): lines, so moments of the beta on pieces."""
    lines = _upper_envelope(slopes, costs)
    slope, cost = slopes[lines], costs[lines]
    ends = np.clip(np.diff(cost) / np.diff(slope), 0.0, 1.0)
    ends = np.concatenate([[0.0], ends, [1.0]])
    share = np.diff(betainc(offer.alpha, offer.beta, ends))
    moment = offer.accepted_share * np.diff(betainc(offer.alpha + 1, offer.beta, ends))
    return float(np.sum(slope * moment - cost * share))


def _upper_envelope(slopes: Floats, costs: Floats) -> list[int]:
    """Which lines are highest somewhere, by growing slope: a convex hull by monotone chain."""
    hull: list[int] = []
    # Of lines of one slope the cheapest counts; it comes first and the others are passed over.
    for line in np.lexsort((costs, slopes)).tolist():
        if hull and slopes[hull[-1]] == slopes[line]:
            continue
        while len(hull) > 1 and _is_below(slopes, costs, hull[-2], hull[-1], line):
            hull.pop()
        hull.append(line)
    return hull


def _is_below(slopes: Floats, costs: Floats, left: int, middle: int, right: int) -> bool:
    """Whether the middle line is nowhere above both others."""
    rise = (costs[middle] - costs[left]) * (slopes[right] - slopes[middle])
    return bool(rise >= (costs[right] - costs[middle]) * (slopes[middle] - slopes[left]))
