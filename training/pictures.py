"""Two pictures of a holdout for the run's record: is the level right, and is the order right."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.evaluation import CHAMPION, Holdout

SHOWN_SYSTEMS = (CHAMPION, "lightgbm", "bg-nbd", "recency-rule")


def calibration_figure(holdout: Holdout) -> Figure:
    """Churn said against churn seen, per tenth of the active customers, system by system."""
    figure, axes = _figure("churn probability said", "share that churned")
    rows = holdout.active
    for name in SHOWN_SYSTEMS:
        said = holdout.predictions[name]["churn_probability"].to_numpy()[rows]
        order = np.argsort(said, kind="stable")
        tenths = [tenth for tenth in np.array_split(order, 10) if len(tenth)]
        seen = holdout.churned[rows]
        axes.plot(
            [said[tenth].mean() for tenth in tenths],
            [seen[tenth].mean() for tenth in tenths],
            marker="o",
            label=name,
        )
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="exact")
    axes.legend()
    return figure


def gain_figure(holdout: Holdout) -> Figure:
    """Share of all churners reached by contacting the riskiest share, system by system."""
    figure, axes = _figure("share of active customers, riskiest first", "share of churners reached")
    rows = holdout.active
    churned = holdout.churned[rows]
    contacted = np.arange(1, len(churned) + 1) / max(len(churned), 1)
    for name in SHOWN_SYSTEMS:
        said = holdout.predictions[name]["churn_probability"].to_numpy()[rows]
        reached = np.cumsum(churned[np.argsort(-said, kind="stable")]) / max(churned.sum(), 1)
        axes.plot(contacted, reached, label=name)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="chance")
    axes.legend()
    return figure


def _figure(x_label: str, y_label: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=x_label, ylabel=y_label, xlim=(0, 1), ylim=(0, 1))
    return figure, axes
