"""What drove a score: the model's own contributions, added up per thing that a person can check.

Several features tell of one thing, so their contributions are summed per driver; the strongest
drivers become the score's reasons. `serving.reasons` puts them in words.
"""

from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import grouped
from features.declarations import Feature
from features.shape import Shape
from serving.store import MOST_REASONS, Reason
from training.models.customer_model import CustomerModel

Floats = npt.NDArray[np.float64]


# Which driver a feature tells of; a feature not named here belongs to its group's driver.
DRIVER_OF_GROUP: dict[str, str] = {
    "recency": "silence",
    "rhythm": "rhythm",
    "frequency": "frequency",
    "money": "money",
    "trend": "pace",
    "returns": "refunds",
    "basket": "basket",
    "paid_time": "paid_time",
    "habits": "habits",
    "margin": "money",
    "visits": "visits",
    "emails": "emails",
    "tickets": "tickets",
    "surveys": "surveys",
    "loyalty": "loyalty",
    "subscriptions": "subscriptions",
    "contacts": "contacts",
    "profile": "profile",
    "calendar": "season",
}
DRIVER_OF_FEATURE: dict[str, str] = {"tenure_days": "tenure"}

# What a driver shows beside the median of the active customers: a feature, and its unit.
SHOWN: dict[str, tuple[str, str]] = {
    "silence": ("recency_days", "days"),
    "rhythm": ("usual_gap_days", "days"),
    "tenure": ("tenure_days", "days"),
    "frequency": ("order_days_count", "orders"),
    "money": ("order_day_value", "money"),
    "pace": ("order_days_180d_count", "orders"),
    "refunds": ("refunds_count", "count"),
    "basket": ("units_per_order_day_ratio", "units"),
    "paid_time": ("paid_ahead_days", "days"),
    "habits": ("weekend_order_days_share", "percent"),
    "visits": ("visits_30d_count", "count"),
    "emails": ("emails_opened_90d_share", "percent"),
    "tickets": ("tickets_365d_count", "count"),
    "surveys": ("last_nps_score", "score"),
    "loyalty": ("balance_points", "points"),
    "subscriptions": ("subscription_age_days", "days"),
    "contacts": ("contacts_90d_count", "count"),
    "profile": ("profile_changed_days", "days"),
    "season": ("same_season_order_days_share", "percent"),
}
# Silence is told against the customer's own rhythm where that is what it goes against.
OWN_RHYTHM = "silence.own"
# Where more of a thing raises (1) or lowers (-1) the risk; a reason that shows the opposite, as a
# mix of several features can, would only puzzle its reader.
SIGN_OF: dict[str, int] = {
    "silence": 1,
    "rhythm": 1,
    "refunds": 1,
    "frequency": -1,
    "pace": -1,
    "paid_time": -1,
}
# A feature of the business's own is a driver of its own, `own.` and its name: what is weighed is
# what is shown, in the words of its docstring.
OWN_FEATURE = "own"
_UNIT_SHOWN = {"value": "money", "share": "percent"}
CODES = (*SHOWN, OWN_RHYTHM)

# Log-odds from which a driver counts as strong, as middling, and as worth a word at all.
HIGH_WEIGHT, MEDIUM_WEIGHT, LEAST_WEIGHT = 0.5, 0.2, 0.05


def reasons_of(
    model: CustomerModel, features: pd.DataFrame, groups: tuple[ModuleType, ...] = ()
) -> list[tuple[Reason, ...]]:
    """Up to three reasons of each row's churn probability, the strongest first.

    A driver's weight is the sum of its features' exact contributions in log-odds. `groups` are the
    business's own feature groups.
    """
    if features.empty:
        return []
    horizon_days = model.facts.horizons.churn_days
    by_feature = _told_apart(model.churn.contributions(features, horizon_days), features)
    known = grouped(Shape.from_dict(model.facts.shape, groups))
    driver_of = {one.name: _driver(one, group) for one, group in known.items()}
    own = {driver_of[one.name]: one for one in known if driver_of[one.name] not in SHOWN}
    drivers = [driver_of[name] for name in by_feature.columns]
    by_driver = by_feature.T.groupby(drivers).sum().T
    names, weights = by_driver.columns.to_list(), by_driver.to_numpy()
    strongest = np.argsort(-np.abs(weights), axis=1)
    shown = {name: _shown(name, features, model, own.get(name)) for name in names}
    told = (
        [
            _reason(shown[names[column]], weights[row, column], row)
            for column in strongest[row]
            if abs(weights[row, column]) >= LEAST_WEIGHT
        ]
        for row in range(len(features))
    )
    return [tuple([one for one in some if _is_plausible(one)][:MOST_REASONS]) for some in told]


def _is_plausible(reason: Reason) -> bool:
    """Whether what is shown goes the way that it is said to push."""
    sign = SIGN_OF.get(reason.code)
    if sign is None or reason.value is None or reason.typical is None:
        return True
    pushes = 1 if reason.direction == "raises" else -1
    return pushes * sign * (reason.value - reason.typical) > 0


def _told_apart(by_feature: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """The anchor's part given to what it shows in: long silence, or how often the customer orders.

    The probability models weigh both together; a customer within the usual gap is not silent yet.
    """
    overdue = features["recency_days"] > features["usual_gap_days"]
    anchor = by_feature["anchor"]
    parts = {
        "recency_days": anchor.where(overdue, 0.0),
        "order_days_count": anchor.mask(overdue, 0.0),
    }
    told = by_feature.drop(columns="anchor")
    return told.add(pd.DataFrame(parts), fill_value=0.0)


def _driver(feature: Feature, group: str) -> str:
    by_group = DRIVER_OF_GROUP.get(group, f"{OWN_FEATURE}.{feature.name}")
    return DRIVER_OF_FEATURE.get(feature.name, by_group)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a driver can show of every row; `own` is the customer's own usual value, or NaN."""

    code: str
    unit: str
    column: Floats
    own: Floats
    typical: float | None
    meaning: str = ""


def _shown(
    driver: str, features: pd.DataFrame, model: CustomerModel, own: Feature | None
) -> _Shown:
    name, unit = (own.name, _UNIT_SHOWN.get(own.unit, own.unit)) if own else SHOWN[driver]
    missing = np.full(len(features), np.nan)
    return _Shown(
        code=driver,
        unit=unit,
        column=features[name].to_numpy() if name in features else missing,
        own=features["usual_gap_days"].to_numpy() if driver == "silence" else missing,
        typical=model.facts.typical.get(name),
        meaning=own.meaning.removesuffix(".") if own else "",
    )


def _reason(shown: _Shown, weight: float, row: int) -> Reason:
    value, own = float(shown.column[row]), float(shown.own[row])
    strength = abs(weight)
    against_own = value > own if weight > 0 else value <= own
    return Reason(
        code=OWN_RHYTHM if against_own else shown.code,
        direction="raises" if weight > 0 else "lowers",
        weight="high"
        if strength >= HIGH_WEIGHT
        else "medium"
        if strength >= MEDIUM_WEIGHT
        else "low",
        value=None if np.isnan(value) else value,
        typical=own if against_own else shown.typical,
        unit=shown.unit,
        meaning=shown.meaning,
    )
