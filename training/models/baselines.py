"""The baselines that are always printed beside the champion.

A champion that cannot beat a recency rule, cells of recency, frequency and money, the classical
purchase models or plain zero is not worth its upkeep. Money is in the shop's currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.models.bg_nbd import BgNbd, fit_bg_nbd
from training.models.gamma_gamma import GammaGamma, fit_gamma_gamma
from training.models.pareto_nbd import ParetoNbd, fit_pareto_nbd
from training.models.purchase_summary import DAYS_PER_WEEK, FloatArray, summarise

RECENCY_GROUPS_COUNT = 10
RFM_GROUPS_COUNT = 3


class Baseline(Protocol):
    """Anything that predicts churn and value from features without being the champion."""

    @property
    def name(self) -> str:
        """The name in reports."""

    def churn_probability(self, features: pd.DataFrame, horizon_days: int) -> FloatArray:
        """Probability of no order in the horizon, one per row of `features`."""

    def expected_value(self, features: pd.DataFrame, horizon_days: int) -> FloatArray:
        """Expected value over the horizon, one per row of `features`."""


@dataclass(frozen=True, slots=True)
class ZeroPredictor:
    """No value from anybody and the base churn rate for all: the floor on absolute errors."""

    churn_share: float
    label_days: int
    name: ClassVar[str] = "zero"

    def churn_probability(self, features: pd.DataFrame, horizon_days: int) -> FloatArray:
        """The learned base rate for every row, stretched to the horizon."""
        return np.full(len(features), self.churn_share ** (horizon_days / self.label_days))

    def expected_value(self, features: pd.DataFrame, horizon_days: int) -> FloatArray:  # noqa: ARG002
        """Zero for every row."""
        return np.zeros(len(features))


def fit_zero_predictor(churned: npt.ArrayLike, *, label_days: int) -> ZeroPredictor:
    """The zero predictor with the churn rate of one earlier cutoff, seen over `label_days`."""
    labels = np.asarray(churned, dtype=np.float64)
    return ZeroPredictor(float(labels.mean()) if len(labels) else 0.5, label_days)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Churn rate and mean value of groups of customers, learned at one earlier cutoff.

    The labels were observed over `label_days`. Another horizon is reached the way a spreadsheet
    would: silence of p over the labels is p^(horizon / label_days), value grows in proportion.
    """

    columns: tuple[str, ...]
    edges: tuple[FloatArray, ...]  # upper edges of the groups per column, the last one open
    churn_share: FloatArray  # one axis per column
    mean_value: FloatArray  # one axis per column, shop currency
    label_days: int

    def churn_probability(self, features: pd.DataFrame, horizon_days: int) -> FloatArray:
        """The churn rate that each row's group showed, stretched to the horizon."""
        shares = self.churn_share[_groups(features, self.columns, self.edges)]
        return shares ** (horizon_days / self.label_days)

    def expected_value(self, features: pd.DataFrame, horizon_days: int) -> FloatArray:
        """The mean value that each row's group showed, stretched to the horizon."""
        values = self.mean_value[_groups(features, self.columns, self.edges)]
        return values * (horizon_days / self.label_days)

    @classmethod
    def learn(
        cls,
        features: pd.DataFrame,
        churned: npt.ArrayLike,
        realised_value: npt.ArrayLike,
        cuts: dict[str, int],
        label_days: int,
    ) -> Self:
        """The groups of `features` cut into that many quantiles per column."""
        columns = tuple(cuts)
        edges = tuple(_edges(features[column], count) for column, count in cuts.items())
        groups = _groups(features, columns, edges)
        shape = tuple(len(column_edges) + 1 for column_edges in edges)
        return cls(
            columns=columns,
            edges=edges,
            churn_share=_cell_means(groups, shape, np.asarray(churned, dtype=np.float64)),
            mean_value=_cell_means(groups, shape, np.asarray(realised_value, dtype=np.float64)),
            label_days=label_days,
        )


@dataclass(frozen=True, slots=True)
class RecencyRule(_Cells):
    """Churn rate and mean value per tenth of recency: what a spreadsheet would say."""

    name: ClassVar[str] = "recency-rule"


@dataclass(frozen=True, slots=True)
class RfmCells(_Cells):
    """Churn rate and mean value per cell of recency, frequency and money thirds."""

    name: ClassVar[str] = "rfm-cells"


def fit_recency_rule(
    features: pd.DataFrame,
    churned: npt.ArrayLike,
    realised_value: npt.ArrayLike,
    *,
    label_days: int,
) -> RecencyRule:
    """The recency rule of one earlier cutoff with its labels, each of shape (n_customers,)."""
    cuts = {"recency_days": RECENCY_GROUPS_COUNT}
    return RecencyRule.learn(features, churned, realised_value, cuts, label_days)


def fit_rfm_cells(
    features: pd.DataFrame,
    churned: npt.ArrayLike,
    realised_value: npt.ArrayLike,
    *,
    label_days: int,
) -> RfmCells:
    """The RFM cells of one earlier cutoff with its labels, each of shape (n_customers,)."""
    columns = ("recency_days", "order_days_count", "order_day_value")
    cuts = dict.fromkeys(columns, RFM_GROUPS_COUNT)
    return RfmCells.learn(features, churned, realised_value, cuts, label_days)


def _edges(values: pd.Series, groups_count: int) -> FloatArray:
    """The distinct inner quantiles: many ties, as among one-time buyers, make fewer groups."""
    if values.empty:
        return np.empty(0)
    inner = np.arange(1, groups_count) / groups_count
    return np.unique(np.nanquantile(values.to_numpy(dtype=np.float64), inner))


def _groups(
    features: pd.DataFrame, columns: Sequence[str], edges: Sequence[FloatArray]
) -> tuple[npt.NDArray[np.intp], ...]:
    """Each row's group per column; a value on an edge belongs to the group below."""
    return tuple(
        np.searchsorted(column_edges, features[column].to_numpy(dtype=np.float64), side="left")
        for column, column_edges in zip(columns, edges, strict=True)
    )


def _cell_means(
    groups: tuple[npt.NDArray[np.intp], ...], shape: tuple[int, ...], label: FloatArray
) -> FloatArray:
    """The mean label per cell; an empty cell gets the mean of its marginals.

    One imagined customer at the overall mean joins every cell, so that a cell of three churners
    does not claim certainty.
    """
    overall = float(label.mean()) if len(label) else 0.0
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, groups, label)
    np.add.at(count, groups, 1.0)
    axes = range(len(shape))
    marginals = []
    for axis in axes:
        others = tuple(other for other in axes if other != axis)
        sums, counts = total.sum(others, keepdims=True), count.sum(others, keepdims=True)
        marginals.append(np.broadcast_to((sums + overall) / (counts + 1), shape))
    own: FloatArray = (total + overall) / (count + 1)
    return np.where(count > 0, own, np.mean(marginals, axis=0))


@dataclass(frozen=True, slots=True)
class _OrdersTimesValue:
    """A purchase model for order days, and Gamma-Gamma for what each is worth."""

    orders: BgNbd | ParetoNbd
    order_value: GammaGamma

    def churn_probability(self, features: pd.DataFrame, horizon_days: int) -> FloatArray:
        """Probability of no order in the horizon; never one minus P(alive), which ranks worse."""
        horizon_weeks = horizon_days / DAYS_PER_WEEK
        return self.orders.no_order_probability(summarise(features), horizon_weeks)

    def expected_value(self, features: pd.DataFrame, horizon_days: int) -> FloatArray:
        """Expected order days in the horizon times the expected value of one."""
        summary = summarise(features)
        orders_count = self.orders.expected_orders(summary, horizon_days / DAYS_PER_WEEK)
        return orders_count * self.order_value.expected_order_value(summary)


@dataclass(frozen=True, slots=True)
class BgNbdGammaGamma(_OrdersTimesValue):
    """BG/NBD with Gamma-Gamma, fitted at the cutoff of the prediction itself."""

    name: ClassVar[str] = "bg-nbd"


@dataclass(frozen=True, slots=True)
class ParetoNbdGammaGamma(_OrdersTimesValue):
    """Pareto/NBD with Gamma-Gamma, fitted at the cutoff of the prediction itself."""

    name: ClassVar[str] = "pareto-nbd"


def fit_bg_nbd_gamma_gamma(features: pd.DataFrame) -> BgNbdGammaGamma:
    """The BG/NBD baseline of these customers; no labels are needed."""
    return BgNbdGammaGamma(fit_bg_nbd(summarise(features)), _fit_order_value(features))


def fit_pareto_nbd_gamma_gamma(features: pd.DataFrame) -> ParetoNbdGammaGamma:
    """The Pareto/NBD baseline of these customers; no labels are needed."""
    return ParetoNbdGammaGamma(fit_pareto_nbd(summarise(features)), _fit_order_value(features))


def _fit_order_value(features: pd.DataFrame) -> GammaGamma:
    """Gamma-Gamma on the repeat order days, with all order days to fall back on."""
    value = features["order_day_value"].to_numpy(dtype=np.float64)
    known = value[np.isfinite(value)]
    first_order_value = max(float(known.mean()), 0.0) if len(known) else 0.0
    return fit_gamma_gamma(summarise(features), first_order_value=first_order_value)
