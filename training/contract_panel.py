"""The panel of contracts: customer x month x months ahead, with features as of each month.

A landmark is a customer under contract at a cutoff, with what was known then. Every landmark gives
a row per month ahead that has been seen to its end and that she was there to begin; the row's
outcome is whether the contract ended in that month. Learning from all of them at once gives
hazards for months that lie further ahead than the next.
Source: van Houwelingen (2007), "Dynamic Prediction by Landmarking in Event History Analysis",
Scandinavian Journal of Statistics 34(1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.declarations import Ints
from features.histories import Histories
from features.matrix import KEYS, matrix
from training.spells import (
    Bools,
    Changes,
    date_of,
    day_of,
    months_begun,
    months_later,
    spells_at,
)

MOST_CUTOFFS = 24
MOST_MONTHS_AHEAD = 6
MOST_ROWS = 100_000  # more hardly help, and 240 features of each must fit in memory
DAYS_PER_MONTH = 30.4375
FAR = 10_000
"""Month of an end that has not been seen."""


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Customers under contract at cutoffs; `features` and the arrays have a row per landmark.

    `month_numbers` is the month of the contract that the next end would fall in, from 1.
    """

    features: pd.DataFrame
    codes: Ints
    cutoff_days: Ints
    start_days: Ints
    month_numbers: Ints
    spell_numbers: Ints

    @property
    def cutoffs(self) -> list[date]:
        """Every cutoff, oldest first."""
        return [date_of(int(day)) for day in np.unique(self.cutoff_days)]

    def rows(self, mask: Bools | Ints) -> "Landmarks":
        """Some of the landmarks."""
        return Landmarks(
            self.features[mask] if mask.dtype == bool else self.features.iloc[mask],
            self.codes[mask],
            self.cutoff_days[mask],
            self.start_days[mask],
            self.month_numbers[mask],
            self.spell_numbers[mask],
        )

    def before(self, day: int) -> "Landmarks":
        """The landmarks whose cutoff lies before this day."""
        return self.rows(self.cutoff_days < day)

    def inputs(self, months_ahead: Ints, *, farthest: int) -> pd.DataFrame:
        """What a model sees of the month that begins so many months after each row's cutoff.

        Beyond the `farthest` month ahead that was learned from, only the contract's own month and
        the time paid for move on.
        """
        extra = {
            "contract_month_count": self.month_numbers + months_ahead,
            "contract_number_count": self.spell_numbers,
            "months_ahead_count": np.minimum(months_ahead, farthest),
        }
        if "paid_ahead_days" in self.features:
            paid = self.features["paid_ahead_days"].to_numpy()
            extra["paid_ahead_then_days"] = paid - months_ahead * DAYS_PER_MONTH
        return self.features.assign(
            **{name: np.asarray(column, dtype=np.float64) for name, column in extra.items()}
        )


@dataclass(frozen=True, slots=True)
class ContractPanel:
    """Rows of landmark and month ahead that have been seen to their end; shape (n_rows,).

    `places` are rows of `landmarks`; `reasons` are told where the contract `ended`.
    """

    landmarks: Landmarks
    places: Ints
    months_ahead: Ints
    ended: Bools
    reasons: Ints

    @property
    def farthest(self) -> int:
        """The farthest month ahead, from 0."""
        return int(self.months_ahead.max(initial=0))

    @property
    def month_numbers(self) -> Ints:
        """The month of the contract that each row is about, from 1."""
        return self.landmarks.month_numbers[self.places] + self.months_ahead

    @property
    def customers(self) -> npt.NDArray[np.int64]:
        """A number per customer."""
        return np.unique(self.landmarks.codes[self.places], return_inverse=True)[1].astype(np.int64)

    def inputs(self) -> pd.DataFrame:
        """What a model sees of every row."""
        rows = self.landmarks.rows(self.places)
        return rows.inputs(self.months_ahead, farthest=self.farthest).reset_index(drop=True)


def landmarks_at(
    histories: Histories,
    changes: Changes,
    cutoffs: Sequence[date],
    *,
    grace_days: int,
    drawn_by: int | None = None,
) -> Landmarks:
    """Whoever had ordered and was under contract at each cutoff, by what was known at it.

    One landmark per customer and cutoff, by cutoff and customer. What comes later changes nothing.
    With a seed `drawn_by` there are at most 100,000, of customers drawn by it, all of each.
    """
    found = [spells_at(changes, day_of(cutoff), grace_days=grace_days) for cutoff in cutoffs]
    spells = [one.open_at() for one in found]
    ids = changes.customer_ids.to_numpy(zero_copy_only=False)
    keys = pd.DataFrame(
        {
            "code": np.concatenate([one.codes for one in spells]),
            "day": np.repeat([one.day for one in spells], [len(one.codes) for one in spells]),
            "start": np.concatenate([one.start_days for one in spells]),
            "number": np.concatenate([one.numbers for one in spells]),
        }
    )
    if drawn_by is not None:
        one = np.ones(len(keys), dtype=np.int64)
        keys = keys[_drawn(keys["code"].to_numpy(), one, drawn_by)].reset_index(drop=True)
    keys["customer_id"] = pd.array(ids[keys["code"].to_numpy()], dtype="str")
    keys["cutoff"] = keys["day"].to_numpy().astype("datetime64[D]").astype("datetime64[s]")
    features = matrix(histories, keys[["customer_id", "cutoff"]])
    keys = features[["customer_id", "cutoff"]].merge(keys, on=["customer_id", "cutoff"])
    days, starts = keys["day"].to_numpy(), keys["start"].to_numpy()
    return Landmarks(
        features=features.drop(columns=list(KEYS)),
        codes=keys["code"].to_numpy(),
        cutoff_days=days,
        start_days=starts,
        month_numbers=months_begun(starts, days),
        spell_numbers=keys["number"].to_numpy(),
    )


def ends_after(
    landmarks: Landmarks, changes: Changes, as_of: date, *, grace_days: int
) -> tuple[Ints, Ints]:
    """Months ahead in which each landmark's contract ended, FAR if not seen; and the reason.

    Told by all that is known at `as_of`. A contract that had ended before its cutoff, which was
    told later, ended in month 0: nobody was there any more.
    """
    truth = spells_at(changes.before(day_of(as_of)), day_of(as_of), grace_days=grace_days)
    key = (truth.codes << 20) + truth.start_days
    asked = (landmarks.codes << 20) + landmarks.cutoff_days
    at = np.searchsorted(key, asked) - 1
    found = (at >= 0) & (len(key) > 0)
    at = np.maximum(at, 0)
    reasons = np.full(len(asked), -1, dtype=np.int64)
    if not len(key):
        return np.zeros(len(asked), dtype=np.int64), reasons
    found &= truth.codes[at] == landmarks.codes
    ended = ~found | truth.ended[at]
    end_days = np.where(found, truth.end_days[at], landmarks.cutoff_days)
    reasons[found & ended] = truth.reasons[at][found & ended]
    begun = months_begun(landmarks.cutoff_days, np.where(ended, end_days, 0) + 1) - 1
    return np.where(ended, begun, FAR), reasons


def mature_months(cutoff_days: Ints, as_of: date, *, grace_days: int) -> Ints:
    """How many months after each of these days have been seen to their end, grace included."""
    decided = day_of(as_of) - grace_days
    begun = months_begun(cutoff_days, np.full(len(cutoff_days), decided, dtype=np.int64))
    is_whole = months_later(cutoff_days, begun) <= decided
    return np.where(cutoff_days < decided, begun - 1 + is_whole, 0).astype(np.int64)


def contract_panel(
    landmarks: Landmarks, changes: Changes, as_of: date, *, grace_days: int, seed: int
) -> ContractPanel:
    """The panel as of a day: outcomes known by then, of landmarks before it.

    Where it would be too large, customers are drawn by seed, all rows of each.
    """
    known = landmarks.before(day_of(as_of))
    ends, reasons = ends_after(known, changes, as_of, grace_days=grace_days)
    seen = mature_months(known.cutoff_days, as_of, grace_days=grace_days)
    counts = np.minimum(np.minimum(seen, ends + 1), MOST_MONTHS_AHEAD)
    counts = np.where(_drawn(known.codes, counts, seed), counts, 0)
    places = np.repeat(np.arange(len(counts)), counts)
    months_ahead = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
    return ContractPanel(known, places, months_ahead, months_ahead == ends[places], reasons[places])


def _drawn(codes: Ints, counts: Ints, seed: int) -> Bools:
    """Landmarks of so many customers as keep the rows, `counts` of each, within bounds."""
    total = int(counts.sum())
    if total <= MOST_ROWS:
        return np.ones(len(codes), dtype=bool)
    customers = np.unique(codes)
    order = np.random.default_rng(seed).permutation(customers)
    kept = order[: int(len(customers) * MOST_ROWS / total)]
    return np.isin(codes, kept)
