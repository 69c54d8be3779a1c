"""The anchor: what the probability models expect of each customer at any horizon.

Pareto/NBD (chance of no order) and Gamma-Gamma (money of an order day) know how a customer's
chances stretch with time; the trees that stand on them know how customers differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.models.baselines import ParetoNbdGammaGamma, fit_pareto_nbd_gamma_gamma
from training.models.gamma_gamma import GammaGamma
from training.models.pareto_nbd import ParetoNbd
from training.models.purchase_summary import DAYS_PER_WEEK, READ_COLUMNS, summarise
from training.panel import Panel

Floats = npt.NDArray[np.float64]

CERTAIN = 1e-6  # probabilities are kept this far from 0 and 1 before a logit
TYPICAL_ROWS = 2_000  # enough for a mean; exact contributions cost 200 scores a row
SHARE_BEYOND = 0.5  # of the anchor's way, for what no tree has seen
SMALLEST_VALUE = 0.01  # expected money is kept above this before a logarithm


@dataclass(frozen=True, slots=True)
class Anchor:
    """Fitted probability models; every method gives an array of shape (n_rows,)."""

    models: ParetoNbdGammaGamma

    @classmethod
    def fit(cls, features: pd.DataFrame) -> Self:
        """The anchor of the customers of one cutoff; no labels are needed."""
        return cls(fit_pareto_nbd_gamma_gamma(features))

    def churn_logit(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """Log-odds of no order within the horizon."""
        return logit(self.models.churn_probability(features, horizon_days))

    def log_value(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """Logarithm of the expected spend within the horizon."""
        expected = self.models.expected_value(features, horizon_days)
        return np.log(np.maximum(expected, SMALLEST_VALUE))

    def log_order_value(self, features: pd.DataFrame) -> Floats:
        """Logarithm of what an order day of each customer is expected to be worth."""
        value = self.models.order_value.expected_order_value(summarise(features))
        return np.log(np.maximum(value, SMALLEST_VALUE))

    def log_order_value_at(self, features: pd.DataFrame, horizon_days: int) -> Floats:  # noqa: ARG002
        """The same, as a quantity that could depend on a horizon and does not."""
        return self.log_order_value(features)

    def expected_orders(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """Expected order days within the horizon."""
        weeks = horizon_days / DAYS_PER_WEEK
        return self.models.orders.expected_orders(summarise(features), weeks)

    def alive_probability(self, features: pd.DataFrame) -> Floats:
        """Probability that the customer has not left for good."""
        return self.models.orders.alive_probability(summarise(features))

    def to_dict(self) -> dict[str, Any]:
        """The parameters as JSON-able data."""
        return {
            "pareto_nbd": dict(self.models.orders.to_dict()),
            "gamma_gamma": dict(self.models.order_value.to_dict()),
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """The anchor that `to_dict` described."""
        orders = ParetoNbd.from_dict(fields["pareto_nbd"])
        return cls(ParetoNbdGammaGamma(orders, GammaGamma.from_dict(fields["gamma_gamma"])))


def within_silence(features: pd.DataFrame, silence_days: float) -> pd.DataFrame:
    """What the anchor reads of these customers, none of them silent for longer than so many days.

    The time since the last order is cut, as if the day of prediction had come earlier.
    """
    read = features[list(READ_COLUMNS)].copy()
    until_last = read["first_to_last_order_days"] + 1
    read["tenure_days"] = np.minimum(read["tenure_days"], until_last + silence_days)
    return read


def longest_silence(features: pd.DataFrame) -> float:
    """The most days that a customer had been silent for at her cutoff."""
    return float((features["tenure_days"] - features["first_to_last_order_days"] - 1).max())


Quantity = Callable[[Anchor, pd.DataFrame, int], Floats]


@dataclass(frozen=True, slots=True)
class Beyond:
    """How far trees may be trusted: what their labels saw, and the longest silence among them.

    Of a customer who has been silent for longer, trees say what they say of the longest silence
    they know. The anchor knows how much less to expect of her; half of its way is taken, because
    so far out it is but a formula.
    """

    label_days: int
    silence_days: float

    def shift(self, anchor: Anchor, features: pd.DataFrame, quantity: Quantity) -> Floats:
        """What is added to the trees' log-odds or log value; 0 within what they know."""
        known = within_silence(features, self.silence_days)
        change = quantity(anchor, features, self.label_days) - quantity(
            anchor, known, self.label_days
        )
        return SHARE_BEYOND * change


@dataclass(frozen=True, slots=True)
class Now:
    """A day of prediction: its matrix, who of it has not churned yet, the anchor fitted on it."""

    rows: pd.DataFrame
    active: pd.Series
    anchor: Anchor

    @property
    def active_rows(self) -> pd.DataFrame:
        """The rows of active customers, or all where nobody is active."""
        return self.rows[self.active] if self.active.any() else self.rows

    @property
    def typical_rows(self) -> pd.DataFrame:
        """Rows whose mean is that of a typical active customer."""
        rows = self.active_rows
        return rows.iloc[:: -(-len(rows) // TYPICAL_ROWS) or 1]


def fit_anchors(panel: Panel) -> dict[date, Anchor]:
    """An anchor per cutoff of the panel, fitted on that cutoff's own past."""
    return {cutoff: Anchor.fit(panel.features[panel.at(cutoff)]) for cutoff in panel.plan.cutoffs}


def panel_offset(panel: Panel, anchors: Mapping[date, Anchor], quantity: Quantity) -> Floats:
    """What each row's anchor says of the labels' horizon; shape (n_rows,).

    `quantity` is a method of `Anchor`, such as `Anchor.churn_logit`.
    """
    offsets = np.empty(len(panel.features))
    for cutoff, anchor in anchors.items():
        mask = panel.at(cutoff)
        offsets[mask] = quantity(anchor, panel.features[mask], panel.plan.label_days)
    return offsets


def logit(probability: Floats) -> Floats:
    """Log-odds, finite for every probability."""
    inside = np.clip(probability, CERTAIN, 1 - CERTAIN)
    return np.log(inside) - np.log1p(-inside)


def sigmoid(log_odds: Floats) -> Floats:
    """The probability of these log-odds."""
    return 1 / (1 + np.exp(-log_odds))
