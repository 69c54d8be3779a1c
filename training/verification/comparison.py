"""The first difference between two answers, in words that name no customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.panel import Panel
from training.verification.system import ROW, Answers, Model, with_row

Bools = npt.NDArray[np.bool_]
Words = str | None


@dataclass(frozen=True, slots=True)
class People:
    """The customers of a verification: each is told by her place among their sorted ids."""

    places: pd.Index

    @classmethod
    def of(cls, customer_ids: Sequence[str]) -> Self:
        """People with these ids."""
        return cls(pd.Index(sorted(customer_ids)))

    def told(self, customer_id: str) -> str:
        """Which customer, without the id."""
        if customer_id not in self.places:
            return "a customer who did not exist"
        place = int(self.places.get_indexer(pd.Index([customer_id]))[0]) + 1
        return f"customer {place:,} of {len(self.places):,}"


def answers_difference(
    base: Answers[Model], other: Answers[Model], people: People, *, with_model: bool = True
) -> Words:
    """Where the other answers differ first: features, panels, predictions, the model's files."""
    return (
        rows_difference("features", base.features, other.features, people)
        or panels_difference(base.panels, other.panels, people)
        or rows_difference("predictions", base.predictions, other.predictions, people)
        or (_model_difference(base.digest, other.digest) if with_model else None)
    )


def panels_difference(base: Sequence[Panel], other: Sequence[Panel], people: People) -> Words:
    """Where panels differ first: their cutoffs, their features, their labels."""
    for mine, theirs in zip(base, other, strict=True):
        if mine.plan != theirs.plan:
            return f"panel: it has the cutoffs {_plan(theirs)}, and had {_plan(mine)}"
        told = rows_difference("panel", mine.features, theirs.features, people) or rows_difference(
            "labels", labels(mine), labels(theirs), people
        )
        if told:
            return told
    return None


def labels(panel: Panel) -> pd.DataFrame:
    """The labels of a panel, with the columns that name their rows."""
    return with_row(panel.features, panel.labels)


def rows_difference(name: str, base: pd.DataFrame, other: pd.DataFrame, people: People) -> Words:
    """Where the other table differs first in any bit; rows are found by customer and cutoff.

    Both have the columns of `ROW`; NaN is the same as NaN.
    """
    if list(base.columns) != list(other.columns):
        odd = sorted(set(base.columns) ^ set(other.columns))
        return f"{name}: columns that only one world has, or another order: {', '.join(odd[:5])}"
    base = base.sort_values(list(ROW), kind="stable", ignore_index=True)
    other = other.sort_values(list(ROW), kind="stable", ignore_index=True)
    if told := _keys_difference(base, other, people):
        return f"{name}: {told}"
    values = [column for column in base.columns if column not in ROW]
    differs = {one: mask for one in values if (mask := _differs(base[one], other[one])).any()}
    if not differs:
        return None
    column, mask = next(iter(differs.items()))
    row = int(mask.argmax())
    rows = np.logical_or.reduce(list(differs.values()))
    return (
        f"{name}: {people.told(base['customer_id'][row])} at {base['cutoff'][row].date()}: "
        f"{column} is {_value(other[column][row])}, was {_value(base[column][row])} "
        f"({rows.sum():,} of {len(rows):,} rows differ, in {len(differs):,} of {len(values):,} "
        "columns)"
    )


def _keys_difference(base: pd.DataFrame, other: pd.DataFrame, people: People) -> Words:
    """A row that only one of both has."""
    mine, theirs = (pd.MultiIndex.from_frame(one[list(ROW)]) for one in (base, other))
    if mine.equals(theirs):
        return None
    for told, odd in (("is gone", mine.difference(theirs)), ("is new", theirs.difference(mine))):
        if len(odd):
            who, cutoff = (odd.get_level_values(name)[0] for name in ROW)
            return f"the row of {people.told(who)} at {cutoff.date()} {told}"
    return f"there are {len(theirs):,} rows, and were {len(mine):,}"


def _differs(base: pd.Series, other: pd.Series) -> Bools:
    if base.dtype == np.float64 and other.dtype == np.float64:
        mine, theirs = base.to_numpy(), other.to_numpy()
        same = mine.view(np.int64) == theirs.view(np.int64)
        return np.asarray(~same & ~(np.isnan(mine) & np.isnan(theirs)))
    mine, theirs = base.astype("object").to_numpy(), other.astype("object").to_numpy()
    unknown = pd.isna(mine) & pd.isna(theirs)
    return np.asarray((mine != theirs) & ~unknown, dtype=bool)


def _model_difference(base: str, other: str) -> Words:
    return None if base == other else "model: its files differ, though all predictions agree"


def _plan(panel: Panel) -> str:
    days = ", ".join(str(cutoff) for cutoff in panel.plan.cutoffs)
    return f"{days} with labels of {panel.plan.label_days} days"


def _value(value: object) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)
