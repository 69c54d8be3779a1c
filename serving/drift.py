"""The marks of drift that a generation carries: how far its customers are from the model's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

KEY = "drift"
MUCH = 0.25  # as the index is usually read; see `features.drift`


@dataclass(frozen=True, slots=True)
class Drift:
    """Population stability indices since the model learned.

    `learned_until` is the day before which the model knew everything. `churn_probability` is None
    where the model's answers cannot be compared.
    """

    learned_until: str
    churn_probability: float | None
    features: Mapping[str, float]

    @classmethod
    def of(cls, quality: Mapping[str, Any]) -> Self | None:
        """The drift told with a generation's quality; None for one of an earlier version."""
        return cls(**quality[KEY]) if KEY in quality else None

    def to_dict(self) -> dict[str, Any]:
        """The drift as JSON-able data."""
        return {
            "learned_until": self.learned_until,
            "churn_probability": self.churn_probability,
            "features": dict(self.features),
        }
