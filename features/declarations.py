"""What a feature is: a function of what is known as of a cutoff, with a unit and a meaning.

The function's name is the column's name and its docstring the meaning. A windowed feature takes
the window too: `order_days_count` over 90 days becomes the column `order_days_90d_count`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from features.kernel import AsOf, Floats, Ints

WINDOWS_DAYS: tuple[int, ...] = (30, 90, 180, 365)
UNITS = ("days", "count", "value", "share", "ratio")

Compute = Callable[[AsOf], Floats | Ints]
WindowedCompute = Callable[[AsOf, int | None], Floats | Ints]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature matrix; missing knowledge is NaN.

    `needs` names an optional order column without which the feature does not exist.
    """

    name: str
    unit: str
    meaning: str
    compute: Compute
    needs: str | None = None


def feature(*, needs: str | None = None) -> Callable[[Compute], Feature]:
    """Declare a feature; its unit is the last word of the function's name."""

    def declare(compute: Compute) -> Feature:
        name = compute.__name__
        return Feature(name, _unit(name), _meaning(compute), compute, needs)

    return declare


def windowed(
    *, over: tuple[int, ...] = WINDOWS_DAYS, life: bool = True, needs: str | None = None
) -> Callable[[WindowedCompute], tuple[Feature, ...]]:
    """Declare one feature per window in days before the cutoff, and one over the whole life."""

    def declare(compute: WindowedCompute) -> tuple[Feature, ...]:
        windows = [*over, None] if life else list(over)
        return tuple(_of_window(compute, window, needs) for window in windows)

    return declare


def divided(numerator: Floats | Ints, denominator: Floats | Ints) -> Floats:
    """Elementwise quotient; NaN where the denominator is 0: unknown is not zero."""
    quotient = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=np.asarray(denominator) != 0)
    return quotient


def _of_window(compute: WindowedCompute, window_days: int | None, needs: str | None) -> Feature:
    name, meaning = compute.__name__, _meaning(compute)
    if window_days is not None:
        stem, unit = name.rsplit("_", 1)
        name = f"{stem}_{window_days}d_{unit}"
        meaning = f"{meaning.removesuffix('.')} in the {window_days} days before the cutoff."
    return Feature(name, _unit(name), meaning, lambda known: compute(known, window_days), needs)


def _unit(name: str) -> str:
    unit = name.rsplit("_", 1)[-1]
    if unit not in UNITS:
        message = f"feature {name} must end in its unit: one of {', '.join(UNITS)}"
        raise TypeError(message)
    return unit


def _meaning(compute: Compute | WindowedCompute) -> str:
    if not compute.__doc__:
        message = f"feature {compute.__name__} needs a docstring: it is its meaning"
        raise TypeError(message)
    return compute.__doc__.strip().splitlines()[0]
