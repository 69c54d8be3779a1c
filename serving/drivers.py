"""What drove a score: the model's own contributions, added up per thing that a person can check.

Several features tell of one thing, so their contributions are summed per driver; the strongest
drivers become the score's reasons. A driver is told only if the score really moves the way that is
said: its features are set to the typical customer's, and the model is asked again.
`serving.reasons` puts reasons in words.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import grouped
from features.declarations import Feature
from features.shape import Shape
from features.word_codes import is_word
from serving.reasons import OWN_RHYTHM
from serving.store import MOST_REASONS, Reason
from training.models.attribution import BASE, ORDER_INPUTS, PREFIX
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
DRIVER_OF_FEATURE: dict[str, str] = {
    "tenure_days": "tenure",
    # Silence in usual gaps tells of silence, not of how long the gaps are.
    "silence_ratio": "silence",
    "silence_to_longest_gap_ratio": "silence",
}

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
# Words, such as a country, move a score as every feature does, but there is no sentence for them:
# a code is nothing to show, and no word is typical.
WORDS = "words"
_UNIT_SHOWN = {"value": "money", "share": "percent"}
CODES = (*SHOWN, OWN_RHYTHM)

# Weights in words, by the factor that a driver changes the odds of leaving by, or divides them by:
# high from 1.65, medium from 1.22; below 1.05 it is not worth a word.
HIGH_WEIGHT, MEDIUM_WEIGHT, LEAST_WEIGHT = 0.5, 0.2, 0.05
MOST_TRIED = 2 * MOST_REASONS  # drivers of a customer; behind those none is strong enough to tell


def reasons_of(
    model: CustomerModel, features: pd.DataFrame, groups: tuple[ModuleType, ...] = ()
) -> list[tuple[Reason, ...]]:
    """Up to three reasons of each row's churn probability, the strongest first.

    A driver's weight is the sum of its features' exact contributions in log-odds. `groups` are the
    business's own feature groups.
    """
    if features.empty:
        return []
    known = grouped(Shape.from_dict(model.facts.shape, groups))
    driver_of = {one.name: _driver(one, group) for one, group in known.items()}
    own = {driver_of[one.name]: one for one in known if driver_of[one.name] not in {*SHOWN, WORDS}}
    weighed = _weighed(model, features, driver_of)
    shown = {name: _shown(name, features, model, own.get(name)) for name in weighed.names}
    told = _told(model, features, driver_of, weighed, shown)
    return [
        tuple(
            _reason(shown[weighed.names[column]], weighed.weights[row, column], row)
            for column in weighed.strongest[row]
            if told[row, column]
        )[:MOST_REASONS]
        for row in range(len(features))
    ]


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Log-odds per row and driver, and the drivers of each row, the strongest first.

    Where `joined`, silence carries the weight of frequency too: how long is too long depends on
    how often the customer came, and told apart each would say the opposite of what is meant.
    """

    names: list[str]
    weights: Floats
    joined: npt.NDArray[np.bool_]
    strongest: npt.NDArray[np.intp]


def _weighed(
    model: CustomerModel, features: pd.DataFrame, driver_of: Mapping[str, str]
) -> _Weighed:
    parts = model.churn.contributions(features, model.facts.horizons.churn_days)
    by_driver: dict[str, Floats] = {}
    for name in parts.columns.drop(BASE):
        driver = name.removeprefix(PREFIX) if name.startswith(PREFIX) else driver_of[name]
        by_driver[driver] = by_driver.get(driver, 0.0) + parts[name].to_numpy()
    by_driver.pop(WORDS, None)
    more = _excess(features, model, "frequency")
    gap_known = features["usual_gap_days"].notna().to_numpy()
    joined = gap_known & (SIGN_OF["frequency"] * more * by_driver["frequency"] < 0)
    by_driver["silence"] = by_driver["silence"] + np.where(joined, by_driver["frequency"], 0.0)
    by_driver["frequency"] = np.where(joined, 0.0, by_driver["frequency"])
    names = sorted(by_driver)
    weights = np.column_stack([by_driver[name] for name in names])
    return _Weighed(names, weights, joined, np.argsort(-np.abs(weights), axis=1, kind="stable"))


def _excess(features: pd.DataFrame, model: CustomerModel, driver: str) -> Floats:
    """By how much what a driver shows lies above the typical; NaN where either is not known."""
    name, _ = SHOWN[driver]
    typical = model.facts.typical.get(name)
    return features[name].to_numpy(dtype=np.float64) - (np.nan if typical is None else typical)


def _told(
    model: CustomerModel,
    features: pd.DataFrame,
    driver_of: Mapping[str, str],
    weighed: _Weighed,
    shown: "Mapping[str, _Shown]",
) -> npt.NDArray[np.bool_]:
    """Which drivers may be told of which rows; shape (n_rows, n_drivers)."""
    told = np.abs(weighed.weights) >= LEAST_WEIGHT
    tried = np.zeros_like(told)
    np.put_along_axis(tried, weighed.strongest[:, :MOST_TRIED], values=True, axis=1)
    told &= tried
    days = model.facts.horizons.churn_days
    served = model.churn.log_odds(features, days)
    for column, name in enumerate(weighed.names):
        told[:, column] &= shown[name].fits(weighed.weights[:, column])
        for joined in (False, True):
            rows = np.flatnonzero(told[:, column] & (weighed.joined == joined))
            if rows.size:
                drivers = {name, "frequency"} if joined and name == "silence" else {name}
                without = _without(model, features.iloc[rows], driver_of, drivers)
                moved = served[rows] - without
                told[rows, column] = moved * weighed.weights[rows, column] > 0
    return told


def _without(
    model: CustomerModel,
    rows: pd.DataFrame,
    driver_of: Mapping[str, str],
    drivers: Collection[str],
) -> Floats:
    """Log-odds of leaving if all that these drivers tell of were as the typical customer's."""
    typical = {
        name: value
        for name, value in model.facts.typical.items()
        if driver_of[name] in drivers and name in rows
    }
    inputs = [name for name in ORDER_INPUTS if name in drivers]
    return model.churn.log_odds_without(rows, model.facts.horizons.churn_days, typical, inputs)


def _driver(feature: Feature, group: str) -> str:
    if is_word(feature.name):
        return WORDS
    by_group = DRIVER_OF_GROUP.get(group, f"{OWN_FEATURE}.{feature.name}")
    return DRIVER_OF_FEATURE.get(feature.name, by_group)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a driver can show of every row; `rhythm` is the customer's own usual value, or NaN."""

    code: str
    unit: str
    column: Floats
    rhythm: Floats
    typical: float | None
    meaning: str = ""

    def against_rhythm(self, weights: Floats) -> npt.NDArray[np.bool_]:
        """Whether a driver of these weights, one per row, is told against the own rhythm."""
        late = self.column > self.rhythm
        return np.where(weights > 0, late, ~late & ~np.isnan(self.rhythm))

    def fits(self, weights: Floats) -> npt.NDArray[np.bool_]:
        """Whether what is shown goes the way that a driver of these weights pushes."""
        sign = SIGN_OF.get(self.code)
        if sign is None or self.typical is None:
            return np.ones(len(weights), dtype=np.bool_)
        more = sign * (self.column - self.typical)
        return self.against_rhythm(weights) | np.isnan(more) | (more * weights > 0)


def _shown(
    driver: str, features: pd.DataFrame, model: CustomerModel, own: Feature | None
) -> _Shown:
    name, unit = (own.name, _UNIT_SHOWN.get(own.unit, own.unit)) if own else SHOWN[driver]
    missing = np.full(len(features), np.nan)
    return _Shown(
        code=driver,
        unit=unit,
        column=features[name].to_numpy() if name in features else missing,
        rhythm=features["usual_gap_days"].to_numpy() if driver == "silence" else missing,
        typical=model.facts.typical.get(name),
        meaning=own.meaning.removesuffix(".") if own else "",
    )


def _reason(shown: _Shown, weight: float, row: int) -> Reason:
    value, rhythm = float(shown.column[row]), float(shown.rhythm[row])
    strength = abs(weight)
    against_own = value > rhythm if weight > 0 else value <= rhythm
    return Reason(
        code=OWN_RHYTHM if against_own else shown.code,
        direction="raises" if weight > 0 else "lowers",
        weight="high"
        if strength >= HIGH_WEIGHT
        else "medium"
        if strength >= MEDIUM_WEIGHT
        else "low",
        value=None if np.isnan(value) else value,
        typical=rhythm if against_own else shown.typical,
        unit=shown.unit,
        meaning=shown.meaning,
    )
