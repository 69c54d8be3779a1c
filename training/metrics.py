"""How good a prediction is: ranking, level and intervals, each by its name in the literature.

Equal predictions are averaged over, so that the order of rows never decides a figure. Arrays have
shape (n_customers,). Normalised Gini and decile MAPE follow Wang, Liu and Miao (2019), "A Deep
Probabilistic Model for Customer Lifetime Value Prediction", arXiv:1912.07753.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TINY = 1e-15  # keeps a logarithm finite where a model is certain and wrong


def auc(churned: Bools, probability: Floats) -> float:
    """Chance that a churner is ranked above a stayer; 0.5 for a coin, NaN for one class."""
    if churned.all() or not churned.any():
        return float("nan")
    return float(roc_auc_score(churned, probability))


def average_precision(churned: Bools, probability: Floats) -> float:
    """Area under the precision-recall curve, for those who come back (the rarer class)."""
    if churned.all():
        return float("nan")
    return float(average_precision_score(~churned, 1 - probability))


def log_loss(churned: Bools, probability: Floats) -> float:
    """Mean negative log-likelihood; lower is better, ln 2 for a coin."""
    certain = np.clip(probability, TINY, 1 - TINY)
    return float(-np.mean(np.where(churned, np.log(certain), np.log1p(-certain))))


def brier(churned: Bools, probability: Floats) -> float:
    """Mean squared error of a probability. Source: Brier (1950), Monthly Weather Review 78(1)."""
    return float(np.mean((probability - churned) ** 2))


def ece(churned: Bools, probability: Floats, *, bins: int = 10) -> float:
    """Expected calibration error: mean gap between said and seen over bins of equal mass."""
    order = np.argsort(probability, kind="stable")
    seen = tie_averaged(churned.astype(np.float64), probability)[order]
    said = probability[order]
    parts = np.array_split(np.arange(len(order)), bins)
    gaps = [len(part) * abs(said[part].mean() - seen[part].mean()) for part in parts if len(part)]
    return float(sum(gaps) / len(order))


def top_decile_lift(churned: Bools, probability: Floats) -> float:
    """How many times the base churn rate the riskiest tenth of customers shows.

    Dimensionless; 1.0 is chance. Source: Neslin et al. (2006), "Defection Detection", Journal of
    Marketing Research 43(2).

    >>> top_decile_lift(np.array([True] + [False] * 9), np.arange(10, 0, -1) / 10)
    10.0
    """
    seen = tie_averaged(churned.astype(np.float64), probability)
    top = np.argsort(-probability, kind="stable")[: max(1, len(seen) // 10)]
    return float(seen[top].mean() / churned.mean()) if churned.any() else float("nan")


def ngini(realised: Floats, expected: Floats) -> float:
    """Gini of realised value ranked by prediction, over that of the perfect ranking; 1 is perfect.

    >>> ngini(np.array([0.0, 1.0, 5.0]), np.array([0.1, 0.2, 0.3]))
    1.0
    """
    best = _gini(realised, realised)
    return float(_gini(realised, expected) / best) if best else float("nan")


def spearman(realised: Floats, expected: Floats) -> float:
    """Rank correlation of prediction and realised value; NaN if one of them is constant."""
    if np.ptp(realised) == 0 or np.ptp(expected) == 0:
        return float("nan")
    return float(spearmanr(realised, expected).statistic)


def decile_mape(realised: Floats, expected: Floats) -> float:
    """Mean over ten equal groups by prediction of |mean expected - mean realised| / realised.

    Groups without any realised value are left out.
    """
    order = np.argsort(expected, kind="stable")
    seen = tie_averaged(realised, expected)[order]
    said = expected[order]
    errors = [
        abs(said[part].mean() - seen[part].mean()) / seen[part].mean()
        for part in np.array_split(np.arange(len(order)), 10)
        if len(part) and seen[part].mean() > 0
    ]
    return float(np.mean(errors)) if errors else float("nan")


def bias(realised: Floats, expected: Floats) -> float:
    """Sum expected over sum realised; 1 is the right level."""
    total = realised.sum()
    return float(expected.sum() / total) if total else float("nan")


def rmse(realised: Floats, expected: Floats) -> float:
    """Root of the mean squared error, in the currency."""
    return float(np.sqrt(np.mean((realised - expected) ** 2)))


def mae(realised: Floats, expected: Floats) -> float:
    """Mean absolute error, in the currency. Zero for everybody often wins it: no gate uses it."""
    return float(np.mean(np.abs(realised - expected)))


def interval_coverage(realised: Floats, low: Floats, high: Floats) -> float:
    """Share of realised values within [low, high]; NaN without rows."""
    if not len(realised):
        return float("nan")
    return float(np.mean((realised >= low) & (realised <= high)))


def interval_score(realised: Floats, low: Floats, high: Floats, *, level: float) -> float:
    """Mean width plus the penalty for misses, in the currency; lower is better.

    Source: Gneiting and Raftery (2007), "Strictly Proper Scoring Rules", JASA 102(477).
    """
    misses = np.maximum(low - realised, 0) + np.maximum(realised - high, 0)
    return float(np.mean(high - low + 2 / (1 - level) * misses))


def churn_metrics(churned: Bools, probability: Floats) -> dict[str, float]:
    """Every churn figure by name."""
    return {
        "auc": auc(churned, probability),
        "log_loss": log_loss(churned, probability),
        "brier": brier(churned, probability),
        "ece": ece(churned, probability),
        "average_precision": average_precision(churned, probability),
        "top_decile_lift": top_decile_lift(churned, probability),
    }


def value_metrics(realised: Floats, expected: Floats) -> dict[str, float]:
    """Every value figure by name."""
    return {
        "ngini": ngini(realised, expected),
        "spearman": spearman(realised, expected),
        "decile_mape": decile_mape(realised, expected),
        "bias": bias(realised, expected),
        "rmse": rmse(realised, expected),
        "mae": mae(realised, expected),
    }


def interval_metrics(
    realised: Floats, low: Floats, high: Floats, *, level: float
) -> dict[str, float]:
    """Coverage of everybody and of those who bought, and the interval score."""
    bought = realised > 0
    return {
        "interval_coverage": interval_coverage(realised, low, high),
        "interval_coverage_buyers": interval_coverage(realised[bought], low[bought], high[bought]),
        "interval_score": interval_score(realised, low, high, level=level),
    }


def tie_averaged(truth: Floats, prediction: Floats) -> Floats:
    """The truth with each value replaced by the mean of the rows that share its prediction."""
    _, group = np.unique(prediction, return_inverse=True)
    return (np.bincount(group, weights=truth) / np.bincount(group))[group]


def _gini(realised: Floats, ranking: Floats) -> float:
    """Covariance form of the Gini index with mid-ranks, up to a constant factor."""
    ranks = rankdata(ranking)
    return float(np.mean(realised * (ranks - ranks.mean())))
