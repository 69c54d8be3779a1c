"""How often markets are marked as off: where they are not, where they barely are, where they are.

    python benchmarks/market_marks.py           400 made-up worlds a line, some minutes
    python benchmarks/market_marks.py 100       fewer

A world has five markets of 200, 300, 500, 1,000 and 5,000 customers with probabilities of a beta
distribution (2, 3). In all of them the truth is the same distance from what is said.
"""

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

# A script beside this one bears the name of the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features.settings import CalibrationSettings
from training.evaluation import CHAMPION, Holdout
from training.market_calibration import market_marks
from training.models.customer_model import Horizons

Floats = npt.NDArray[np.float64]

SIZES = {"A": 200, "B": 300, "C": 500, "D": 1000, "E": 5000}
WORLDS_COUNT = 400
SEED = 1
SHIFTS = (0.0, 0.05, -0.05, 0.1, 0.15, 0.2, -0.2, 0.25, 0.3)
DAY = date(2025, 1, 1)
HORIZONS = Horizons(churn_days=60, value_days=60, interval=0.8)


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of worlds: with any market off, with any withheld; and of the market C alone."""

    off: float
    withheld: float
    off_in_c: float
    withheld_in_c: float


def world(shifts: dict[str, float], *, seed: int) -> Holdout:
    """A holdout of the markets, in each of which the truth is this far from what is said."""
    rng = np.random.default_rng(seed)
    markets = np.repeat(list(SIZES), list(SIZES.values()))
    said = rng.beta(2, 3, len(markets))
    moved = pd.Series(markets).map(shifts).fillna(0.0).to_numpy()
    churned = rng.random(len(markets)) < np.clip(said + moved, 0, 1)
    return Holdout(
        cutoff=DAY,
        horizons=HORIZONS,
        predictions={CHAMPION: pd.DataFrame({"churn_probability": said})},
        churned=churned,
        realised_value=np.zeros(len(markets)),
        active=np.ones(len(markets), dtype=bool),
        customers=pd.DataFrame({"market": markets}),
        learned_until=DAY,
    )


def rates(shift: float, *, worlds_count: int, seed: int = SEED) -> Rates:
    """How often what is marked, over many worlds where every market is off by `shift`."""
    states = []
    for number in range(worlds_count):
        holdout = world(dict.fromkeys(SIZES, shift), seed=seed + number)
        marks = market_marks(holdout, CalibrationSettings())["markets"]
        states.append([marks[name]["state"] for name in SIZES])
    found = np.array(states)
    off, withheld = np.isin(found, ["flagged", "withheld"]), found == "withheld"
    place = list(SIZES).index("C")
    return Rates(
        float(off.any(axis=1).mean()),
        float(withheld.any(axis=1).mean()),
        float(off[:, place].mean()),
        float(withheld[:, place].mean()),
    )


def main(worlds_count: int) -> None:
    """Print a line per distance between truth and what is said."""
    print("| every market is off by | any off | any withheld | 500 customers: off | withheld |")
    print("|---|---|---|---|---|")
    for shift in SHIFTS:
        one = rates(shift, worlds_count=worlds_count)
        figures = (one.off, one.withheld, one.off_in_c, one.withheld_in_c)
        print(f"| {shift:+.2f} | " + " | ".join(f"{figure:.1%}" for figure in figures) + " |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else WORLDS_COUNT)
