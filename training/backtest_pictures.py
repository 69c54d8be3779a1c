"""The pictures of the backtest's page, as SVG that stands within the page and asks for nothing.

Every system has its colour and its mark, so that a print in grey can be read too; the champion is
drawn last and thickest, with its interval as a band.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training.evaluation import CHAMPION
from training.judging import Sheet

INK, QUIET, GRID = "#1a2023", "#58626a", "#dfe3e2"
STYLES = {
    CHAMPION: ("#0b5f5c", "o", "-"),
    "lightgbm": ("#b0632a", "s", "-"),
    "bg-nbd": ("#3f6fb0", "^", "--"),
    "pareto-nbd": ("#8557a8", "v", "--"),
    "rfm-cells": ("#8a7a12", "D", "-."),
    "recency-rule": ("#a33b5b", "P", "-."),
    "zero": ("#7d868c", "x", ":"),
}
OTHER_STYLE = ("#444444", ".", "-")
SETTINGS = {
    "svg.fonttype": "none",  # letters stay letters: the page's font, and a reader can search them
    "svg.hashsalt": "regulars",  # the same report gives the same bytes
    "font.size": 9,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
TENTHS_SHARES = [(tenth + 1) / 10 for tenth in range(10)]

Points = Sequence[dict[str, Any]]


def over_time_picture(sheets: list[Sheet], figure: str, names: dict[str, str], label: str) -> str:
    """One figure at every cutoff that could be judged, a line per system."""
    judged = [sheet for sheet in sheets if sheet["judged"]]
    found = judged[0]["figures"][figure]
    with _drawn() as (drawing, axes):
        places = list(range(len(judged)))
        for system in _champion_last(found):
            points = [sheet["figures"][figure][system] for sheet in judged]
            _line(axes, system, places, points, names)
        axes.set_xticks(places, [sheet["cutoff"] for sheet in judged])
        axes.set_xlim(-0.3, len(places) - 0.7)
        axes.set(ylabel=label)
        return _svg(drawing, axes)


def gain_picture(tenths: dict[str, Sheet], names: dict[str, str]) -> str:
    """Share of churners reached by contacting the riskiest share of customers."""
    with _drawn() as (drawing, axes):
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8)
        nothing = {"value": 0.0, "low": 0.0, "high": 0.0}
        for system in _champion_last(tenths):
            points = [nothing, *tenths[system]["reached_share"]]
            _line(axes, system, [0.0, *TENTHS_SHARES], points, names)
        axes.set(xlabel="customers contacted, riskiest first", ylabel="churners reached")
        _percent(axes)
        return _svg(drawing, axes)


def lift_picture(tenths: dict[str, Sheet], names: dict[str, str]) -> str:
    """How many times the churn rate of all the contacted show."""
    with _drawn() as (drawing, axes):
        axes.axhline(1, color=QUIET, linewidth=0.8)
        for system in _champion_last(tenths):
            _line(axes, system, TENTHS_SHARES, tenths[system]["lift_ratio"], names)
        axes.set(
            xlabel="customers contacted, riskiest first", ylabel="times the overall churn rate"
        )
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return _svg(drawing, axes)


def reliability_picture(tenths: dict[str, Sheet], names: dict[str, str]) -> str:
    """Churn said and churn seen, a point per tenth."""
    with _drawn() as (drawing, axes):
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8)
        for system in _champion_last(tenths):
            places = [one["value"] for one in tenths[system]["churn_said"]]
            _line(axes, system, places, tenths[system]["churn_seen"], names)
        axes.set(xlabel="churn probability said", ylabel="share that churned")
        _percent(axes)
        return _svg(drawing, axes)


def value_picture(tenths: dict[str, Sheet], names: dict[str, str], currency: str) -> str:
    """Mean value realised per tenth, and what the champion had expected."""
    with _drawn() as (drawing, axes):
        places = list(range(1, 11))
        for system in _champion_last(tenths):
            _line(axes, system, places, tenths[system]["value_realised"], names)
        expected = [one["value"] for one in tenths[CHAMPION]["value_expected"]]
        axes.plot(places, expected, color=INK, marker="_", markersize=13, linestyle="none",
                  markeredgewidth=2, label=f"{names[CHAMPION]}: expected")  # fmt: skip
        axes.set_xticks(places)
        axes.set(xlabel="tenth by expected value, highest first",
                 ylabel=f"mean realised value, {currency}")  # fmt: skip
        return _svg(drawing, axes)


@contextmanager
def _drawn() -> Iterator[tuple[Figure, Axes]]:
    """A figure and its axes, within the settings of all pictures."""
    with mpl.rc_context(SETTINGS):
        drawing = Figure(figsize=(4.5, 3.2), layout="constrained")
        yield drawing, drawing.subplots()


def _line(
    axes: Axes, system: str, places: Sequence[float], points: Points, names: dict[str, str]
) -> None:
    colour, marker, style = STYLES.get(system, OTHER_STYLE)
    ours = system == CHAMPION
    known = [
        (place, point)
        for place, point in zip(places, points, strict=True)
        if place is not None and point["value"] is not None
    ]
    along = [place for place, _ in known]
    values = [point["value"] for _, point in known]
    axes.plot(along, values, color=colour, marker=marker, linestyle=style,
              linewidth=2.4 if ours else 1.1, markersize=5 if ours else 3.5,
              label=names[system], zorder=3 if ours else 2)  # fmt: skip
    if ours:
        bounds = [(point["low"], point["high"]) for _, point in known]
        bounds = [
            (value if low is None else low, value if high is None else high)
            for value, (low, high) in zip(values, bounds, strict=True)
        ]
        low, high = zip(*bounds, strict=True)
        axes.fill_between(along, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.vlines(along, low, high, color=colour, linewidth=1.2)


def _percent(axes: Axes) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def _champion_last(systems: dict[str, Any]) -> list[str]:
    return sorted(systems, key=lambda name: name == CHAMPION)


def _svg(drawing: Figure, axes: Axes) -> str:
    """The picture as one element, without the prolog of a file and without sheets of style."""
    handles, labels = axes.get_legend_handles_labels()
    # The champion, drawn last, comes first in the legend.
    ours = [at for at, label in enumerate(labels) if label not in labels[:at]]
    ours.sort(key=lambda at: handles[at].get_zorder(), reverse=True)
    drawing.legend([handles[at] for at in ours], [labels[at] for at in ours],
                   loc="outside upper left", ncols=3, frameon=False, fontsize=8)  # fmt: skip
    text = io.StringIO()
    drawing.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    whole = text.getvalue()
    whole = whole[whole.index("<svg") :]
    before, _, rest = whole.partition("<defs>\n  <style")
    if rest:
        whole = before + rest.partition("</defs>")[2]
    return whole
