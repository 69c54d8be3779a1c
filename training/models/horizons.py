"""A quantity that depends on how far ahead one looks: known at some horizons, read at any."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from features.errors import ModelRefused

LONGEST_DAYS = 3_650
"""No question is answered that looks further ahead: ten years."""

_GRID_DAYS = (1, 7, 14, 30, 60, 90, 120, 182, 273, 365, 548, 730, 1_095, 1_825, LONGEST_DAYS)


@dataclass(frozen=True, slots=True)
class HorizonCurve:
    """Values at horizons in days, both rising; between them the curve is straight in log days."""

    days: tuple[int, ...]
    values: tuple[float, ...]

    @classmethod
    def of(cls, quantity: Callable[[int], float], asked_days: Sequence[int]) -> Self:
        """The curve of a quantity that never falls with the horizon, exact at the asked ones."""
        days = sorted({*_GRID_DAYS, *asked_days})
        values = np.maximum.accumulate([quantity(one) for one in days])
        return cls(tuple(days), tuple(float(value) for value in values))

    def at(self, horizon_days: int) -> float:
        """The value at a horizon; raises ModelRefused beyond `LONGEST_DAYS`."""
        require_horizon(horizon_days)
        if horizon_days in self.days:
            return self.values[self.days.index(horizon_days)]
        return float(np.interp(np.log(horizon_days), np.log(self.days), self.values))

    def to_dict(self) -> dict[str, float]:
        """The curve as JSON-able data."""
        return {str(day): value for day, value in zip(self.days, self.values, strict=True)}

    @classmethod
    def from_dict(cls, fields: dict[str, float]) -> Self:
        """The curve that `to_dict` described."""
        days = sorted(int(day) for day in fields)
        return cls(tuple(days), tuple(float(fields[str(day)]) for day in days))


def require_horizon(horizon_days: int) -> None:
    """Nothing, if a question may look so far ahead; else ModelRefused."""
    if not 1 <= horizon_days <= LONGEST_DAYS:
        message = (
            f"A horizon of {horizon_days} days is not answered; ask for 1 to {LONGEST_DAYS:,} days."
        )
        raise ModelRefused(message)
