"""Columns that alone tell the label: most likely written after the fact, and unknown in time.

A column is judged by itself, cut into cells: the values of a category, the twentieths of a number,
and missing, since a reason that only those who left have given tells by being there. Two rules:

* ranking: said from the other folds, the cell's churn rate ranks churners above stayers with an AUC
  above 0.97;
* purity: the share of those who left in cells that nobody stayed in, and the share of those who
  stayed in cells that nobody left, add up to 1.1, or one of them is 0.75 alone. A cell counts only
  where the base rate makes its purity no accident.

The thresholds lie where public tables part honest columns from those written afterwards: on IBM's
extended Telco table the mildest leak adds up to 1.3 and no honest column is above 0; the most
telling measurement of the breast cancer table, which is honest, adds up to 1.02 with an AUC of
0.969.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.metrics import auc
from training.models.snapshot_design import is_number, numbers_of, texts_of

Bools = npt.NDArray[np.bool_]
Cells = npt.NDArray[np.int64]

LARGEST_HONEST_AUC = 0.97
LARGEST_HONEST_PURITY = 1.1
LARGEST_ONE_SIDED_PURITY = 0.75
SMALLEST_DOUBT = 0.01
PURE_SHARE = 0.999
FEWEST_EXPECTED = 5.0
"""Rows of the other class that chance would put into a pure cell; none is an accident of e^-5."""

MOST_CELLS, FEWEST_CELLS = 20, 4
RARER_PER_CELL = 6
"""A number is cut so that a cell holds so many rows of the rarer class on average."""

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Telling:
    """How well a column alone tells the label; the shares are of those who left and stayed."""

    column: str
    auc: float
    left_in_pure_cells: float
    stayed_in_pure_cells: float

    @property
    def is_leak(self) -> bool:
        """Whether the column tells more than one known in time is likely to."""
        shares = (self.left_in_pure_cells, self.stayed_in_pure_cells)
        is_pure = sum(shares) >= LARGEST_HONEST_PURITY or max(shares) >= LARGEST_ONE_SIDED_PURITY
        return is_pure or self.auc > LARGEST_HONEST_AUC

    @property
    def is_doubtful(self) -> bool:
        """Whether a value of an honest-looking column goes with leaving without an exception."""
        return not self.is_leak and self.left_in_pure_cells >= SMALLEST_DOUBT

    def as_text(self) -> str:
        """The column and its figures."""
        if self.auc > LARGEST_HONEST_AUC:
            return f"{self.column} (AUC {self.auc:.3f} alone)"
        pure = max(self.left_in_pure_cells, self.stayed_in_pure_cells)
        who = "left" if pure == self.left_in_pure_cells else "stayed"
        return f"{self.column} (its values are certain for {pure:.0%} of those who {who})"


def telling(table: pd.DataFrame, churned: Bools, *, seed: int) -> list[Telling]:
    """How well each column of the table tells the label alone, in the table's order."""
    folds = np.random.default_rng(seed).permutation(len(churned)) % FOLDS
    rarer = int(min(churned.sum(), (~churned).sum()))
    most = int(np.clip(rarer // RARER_PER_CELL, FEWEST_CELLS, MOST_CELLS))
    names = [str(name) for name in table.columns]
    return [_told(name, _cells(table[name], most), churned, folds) for name in names]


def _told(column: str, cells: Cells, churned: Bools, folds: Cells) -> Telling:
    count = int(cells.max()) + 1
    rows = np.bincount(cells, minlength=count)
    left = np.bincount(cells, weights=churned, minlength=count)
    base = float(churned.mean())
    said = np.empty(len(cells))
    for fold in range(FOLDS):
        judged = folds == fold
        others = rows - np.bincount(cells[judged], minlength=count)
        others_left = left - np.bincount(cells[judged], weights=churned[judged], minlength=count)
        # One row of the base rate more: a cell unknown to the other folds says nothing.
        said[judged] = ((others_left + base) / (others + 1))[cells[judged]]
    rate = left / np.maximum(rows, 1)
    all_left = (rate >= PURE_SHARE) & (rows * (1 - base) >= FEWEST_EXPECTED)
    all_stayed = (rate <= 1 - PURE_SHARE) & (rows * base >= FEWEST_EXPECTED)
    return Telling(
        column,
        auc(churned, said),
        float(left[all_left].sum() / left.sum()),
        float((rows - left)[all_stayed].sum() / (rows - left).sum()),
    )


def _cells(values: pd.Series, most: int) -> Cells:
    """The cell of each row, missing being one of them."""
    if is_number(values):
        number = numbers_of(values)
        if len(np.unique(number[~np.isnan(number)])) > MOST_CELLS:
            shares = np.linspace(0, 1, most + 1)[1:-1]
            edges, times = np.unique(np.nanquantile(number, shares), return_counts=True)
            # A value that fills a cell, such as 0, is not to share it with those just above.
            edges = np.sort(np.concatenate([edges, np.nextafter(edges[times > 1], np.inf)]))
            cells = np.where(np.isnan(number), 0, 1 + np.searchsorted(edges, number, side="right"))
            return cells.astype(np.int64)
        return pd.factorize(pd.Series(number), use_na_sentinel=False)[0].astype(np.int64)
    return pd.factorize(texts_of(values), use_na_sentinel=False)[0].astype(np.int64)
