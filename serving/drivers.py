"""What drove a score: the model's own contributions, added up per thing that a person can check.

Several features tell of one thing, so their contributions are summed per driver; the strongest
drivers become the score's reasons. `serving.reasons` puts them in words.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import GROUPS, features_of, group_name
from serving.store import MOST_REASONS, Reason
from training.models.customer_model import CustomerModel

Floats = npt.NDArray[np.float64]


# Which driver a feature tells of; a feature not named here belongs to its group's driver.
DRIVER_OF_GROUP: dict[str, str] = {
    "recency": "silence",
    "rhythm": "silence",
    "frequency": "frequency",
    "money": "money",
    "trend": "pace",
    "returns": "refunds",
    "basket": "basket",
}
_GROUP_OF = {one.name: group_name(group) for group in GROUPS for one in features_of(group)}
DRIVER_OF_FEATURE: dict[str, str] = {"tenure_days": "tenure"}

# What a driver shows: the feature for `value`, the feature for the customer's own `typical` value
# (None: the median of all customers), and the unit.
SHOWN: dict[str, tuple[str, str | None, str]] = {
    "silence": ("recency_days", "usual_gap_days", "days"),
    "tenure": ("tenure_days", None, "days"),
    "frequency": ("order_days_count", None, "orders"),
    "money": ("order_day_value", None, "money"),
    "pace": ("order_days_180d_count", None, "orders"),
    "refunds": ("refunds_count", None, "count"),
    "basket": ("units_per_order_day_ratio", None, "units"),
}

# Log-odds from which a driver counts as strong, as middling, and as worth a word at all.
HIGH_WEIGHT, MEDIUM_WEIGHT, LEAST_WEIGHT = 0.5, 0.2, 0.05


def reasons_of(model: CustomerModel, features: pd.DataFrame) -> list[tuple[Reason, ...]]:
    """Up to three reasons of each row's churn probability, the strongest first.

    A driver's weight is the sum of its features' exact contributions in log-odds.
    """
    if features.empty:
        return []
    horizon_days = model.facts.horizons.churn_days
    by_feature = model.churn.contributions(features, horizon_days)
    drivers = [_driver(name) for name in by_feature.columns]
    by_driver = by_feature.T.groupby(drivers).sum().T
    names, weights = by_driver.columns.to_list(), by_driver.to_numpy()
    strongest = np.argsort(-np.abs(weights), axis=1)[:, :MOST_REASONS]
    shown = {name: _shown(name, features, model) for name in names}
    return [
        tuple(
            _reason(names[column], weights[row, column], row, shown)
            for column in strongest[row]
            if abs(weights[row, column]) >= LEAST_WEIGHT
        )
        for row in range(len(features))
    ]


def _driver(feature: str) -> str:
    if feature in DRIVER_OF_FEATURE:
        return DRIVER_OF_FEATURE[feature]
    # The anchor is what recency and frequency say together; silence is how it shows.
    return DRIVER_OF_GROUP[_GROUP_OF.get(feature, "recency")]


def _shown(driver: str, features: pd.DataFrame, model: CustomerModel) -> tuple[Floats, Floats]:
    """The value and the typical value that a driver shows, per row; NaN where there is none."""
    value_name, typical_name, _ = SHOWN[driver]
    missing = np.full(len(features), np.nan)
    value = features[value_name].to_numpy() if value_name in features else missing
    if typical_name is None:
        typical = model.facts.typical.get(value_name)
        return value, np.full(len(features), np.nan if typical is None else typical)
    return value, features[typical_name].to_numpy()


def _reason(
    driver: str, weight: float, row: int, shown: dict[str, tuple[Floats, Floats]]
) -> Reason:
    value, typical = (float(column[row]) for column in shown[driver])
    strength = abs(weight)
    return Reason(
        code=driver,
        direction="raises" if weight > 0 else "lowers",
        weight="high"
        if strength >= HIGH_WEIGHT
        else "medium"
        if strength >= MEDIUM_WEIGHT
        else "low",
        value=None if np.isnan(value) else value,
        typical=None if np.isnan(typical) else typical,
        unit=SHOWN[driver][2],
    )
