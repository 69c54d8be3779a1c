"""What each thing that the anchor reads has done to what it says: an exact Shapley split.

The anchor knows a customer by few inputs, so every coalition of them can be asked: those in it are
the customer's own, the others the reference's, which is the median of each over the active
customers. An input's part is the mean of what it changes over all orders of adding the inputs; the
parts add up to the difference between the customer and the reference, whatever the function.
Source: Shapley (1953), "A Value for n-Person Games"; Lundberg and Lee (2017), "A Unified Approach
to Interpreting Model Predictions", with one reference row.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import factorial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.models.purchase_summary import READ_COLUMNS

Floats = npt.NDArray[np.float64]

ORDER_INPUTS = ("frequency", "silence", "tenure")
"""What Pareto/NBD reads: repeat order days, days since the last order and since the first."""
VALUE_INPUTS = (*ORDER_INPUTS, "money")
"""The same, with what a repeat order day was worth, which Gamma-Gamma reads."""
BASE = "base"
"""The part of no feature: what is said of everybody, and what calibration adds in a market."""
PREFIX = "anchor."
"""In front of an input's name, the name of its part."""

Function = Callable[[pd.DataFrame], Floats]
"""A number per row, from the columns that the anchor reads."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What the anchor reads of a typical active customer: the median of each input."""

    frequency: float
    silence: float
    tenure: float
    money: float

    @classmethod
    def of(cls, features: pd.DataFrame) -> Self:
        """The reference of these customers; an input that nobody has is NaN."""
        return cls(**{name: float(found.median()) for name, found in _inputs(features).items()})

    def to_dict(self) -> dict[str, Any]:
        """The reference as JSON-able data."""
        return {name: None if np.isnan(value) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """The reference that `to_dict` described."""
        return cls(**{n: np.nan if value is None else value for n, value in fields.items()})


def replaced(features: pd.DataFrame, reference: Reference, inputs: Collection[str]) -> pd.DataFrame:
    """What the anchor reads of these customers, with some inputs taken from the reference.

    A silence longer than the time since the first order is as long as that: the customer was last
    seen when first seen.
    """
    own = _inputs(features)
    typical = asdict(reference)
    frequency, silence, tenure, money = (
        np.full(len(features), typical[name]) if name in inputs else own[name].to_numpy()
        for name in VALUE_INPUTS
    )
    until_last = np.maximum(tenure - np.maximum(silence, 1.0), 0.0)
    columns = (frequency, until_last, tenure, money)
    return pd.DataFrame(dict(zip(READ_COLUMNS, columns, strict=True)), index=features.index)


def shapley(
    function: Function, features: pd.DataFrame, reference: Reference, inputs: Sequence[str]
) -> pd.DataFrame:
    """One column per input, named with the prefix; a row adds up to what its function is above
    that of the reference.

    Inputs that are not named are the customer's own in every coalition.
    """  # noqa: D205 - two lines that say what comes out
    said = _said(function, features, reference, inputs)
    parts = {}
    for name in inputs:
        others = [one for one in inputs if one != name]
        part = np.zeros(len(features))
        for size in range(len(inputs)):
            share = factorial(size) * factorial(len(others) - size) / factorial(len(inputs))
            for without in combinations(others, size):
                joined = frozenset((*without, name))
                part += share * (said[joined] - said[frozenset(without)])
        parts[PREFIX + name] = part
    return pd.DataFrame(parts, index=features.index)


def typical_parts(parts: pd.DataFrame) -> dict[str, float]:
    """The mean of each column; 0 for the anchor's inputs, which are measured already."""
    means = parts.mean()
    return {
        str(name): 0.0 if str(name).startswith(PREFIX) else float(mean)
        for name, mean in means.items()
    }


def _said(
    function: Function, features: pd.DataFrame, reference: Reference, inputs: Sequence[str]
) -> dict[frozenset[str], Floats]:
    """What the function says for every coalition of inputs that are the customers' own."""
    said = {}
    for size in range(len(inputs) + 1):
        for own in combinations(inputs, size):
            rows = replaced(features, reference, set(inputs) - set(own))
            alike = size < len(inputs) - 1  # many customers share two of three numbers
            said[frozenset(own)] = _by_distinct_row(function, rows) if alike else function(rows)
    return said


def _by_distinct_row(function: Function, rows: pd.DataFrame) -> Floats:
    """The function's numbers, each distinct row asked once."""
    varied = [name for name in rows if not (rows[name] == rows[name].iloc[0]).all()]
    if not varied:
        return np.repeat(function(rows.iloc[:1]), len(rows))
    at = rows.groupby(varied, dropna=False, sort=False).ngroup().to_numpy()
    first = np.unique(at, return_index=True)[1]
    return function(rows.iloc[first])[at]


def _inputs(features: pd.DataFrame) -> dict[str, pd.Series]:
    columns = {name: features[name].astype(np.float64) for name in READ_COLUMNS}
    frequency, until_last, tenure, money = columns.values()
    return {
        "frequency": frequency,
        "silence": tenure - until_last,
        "tenure": tenure,
        "money": money,
    }
