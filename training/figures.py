"""The figures of the backtest: their words, which direction is better, how they are written."""

from dataclasses import dataclass
from typing import Literal

INFINITE = float("inf")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; it lives within [lowest, highest], and so does its interval.

    `better` is neither where two systems cannot be told apart by it. Money is in the business's
    currency.
    """

    name: str
    part: Literal["churn", "value"]
    label: str
    better: Literal["higher", "lower", "neither"]
    kind: Literal["number", "share", "ratio", "money"]
    meaning: str
    lowest: float = 0.0
    highest: float = INFINITE


_ALL = (
    Figure(
        "auc",
        "churn",
        "AUC",
        "higher",
        "number",
        "Chance that a customer who churned had the higher churn probability than one who "
        "stayed; 0.5 is a coin.",
        highest=1.0,
    ),
    Figure(
        "log_loss",
        "churn",
        "Log loss",
        "lower",
        "number",
        "Mean of minus the logarithm of the probability given to what happened; 0.693 is a coin.",
    ),
    Figure(
        "brier",
        "churn",
        "Brier score",
        "lower",
        "number",
        "Mean squared distance of probability and outcome (0 or 1).",
    ),
    Figure(
        "ece",
        "churn",
        "Calibration error",
        "lower",
        "share",
        "Mean distance of churn said and churn seen over ten groups of equal size.",
        highest=1.0,
    ),
    Figure(
        "average_precision",
        "churn",
        "Average precision",
        "higher",
        "number",
        "Area under the precision-recall curve of those who stayed.",
        highest=1.0,
    ),
    Figure(
        "top_decile_lift",
        "churn",
        "Top-decile lift",
        "higher",
        "ratio",
        "Churn rate of the riskiest tenth over that of all; 1 is chance.",
    ),
    Figure(
        "empc",
        "churn",
        "EMPC, constant value",
        "higher",
        "number",
        "Expected maximum profit per customer of a retention campaign in which every customer "
        "is worth 200 (Verbraken, Verbeke and Baesens 2013): comparable with the literature.",
    ),
    Figure(
        "empc_own",
        "churn",
        "EMPC, own values",
        "higher",
        "money",
        "Expected maximum profit per customer with each customer's own value: the margin of "
        "what she brought in the days before.",
    ),
    Figure(
        "ngini",
        "value",
        "Value ranking (normalised Gini)",
        "higher",
        "number",
        "Gini index of realised value ranked by prediction, over that of the perfect ranking; "
        "1 is perfect, 0 is chance.",
        lowest=-1.0,
        highest=1.0,
    ),
    Figure(
        "decile_mape",
        "value",
        "Decile error",
        "lower",
        "share",
        "Mean relative distance of expected and realised value over ten groups by prediction.",
    ),
    Figure(
        "bias",
        "value",
        "Value level",
        "neither",
        "ratio",
        "Sum of expected over sum of realised value; 1 is the right level.",
        lowest=-INFINITE,
    ),
    Figure(
        "level_error",
        "value",
        "Level error",
        "lower",
        "share",
        "How far the value level was from 1.",
    ),
    Figure(
        "rmse",
        "value",
        "RMSE",
        "lower",
        "money",
        "Root of the mean squared error of value.",
    ),
    Figure(
        "mae",
        "value",
        "MAE",
        "lower",
        "money",
        "Mean absolute error of value. Zero for everybody often wins it, so nothing is "
        "decided by it.",
    ),
    Figure(
        "interval_coverage",
        "value",
        "Interval coverage",
        "neither",
        "share",
        "Share of realised values that lay within the interval.",
        highest=1.0,
    ),
    Figure(
        "interval_coverage_buyers",
        "value",
        "Interval coverage, buyers",
        "neither",
        "share",
        "The same share of those who ordered.",
        highest=1.0,
    ),
    Figure(
        "interval_score",
        "value",
        "Interval score",
        "lower",
        "money",
        "Mean width of the interval plus a penalty for every miss (Gneiting and Raftery 2007).",
    ),
)

FIGURES = {figure.name: figure for figure in _ALL}
"""Every figure by its name, in the order of reports."""
