"""A champion's scores: what it predicts of each customer, in the words of the score object."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.errors import ModelRefused
from features.histories import Histories
from features.matrix import matrix
from features.settings import Settings
from features.shape import Shape
from features.user_groups import own_groups
from serving.calibration import NOT_CALIBRATED, mark_of
from serving.comparison import Comparison
from serving.drift import Drift
from serving.drivers import reasons_of
from serving.store import Generation, Score
from training.artifact import cached_folder, load_model
from training.labels import active
from training.models.customer_model import CustomerModel, Version

Floats = npt.NDArray[np.float64]

ALREADY_CHURNED = "already_churned"
LEAST_CHANCE_TO_STAY = 0.02  # below it, value given that one stays is no longer known
DAYS_PER_YEAR = 365.0
VALUE_BANDS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Scales:
    """What makes a score comparable: the published customers' probabilities and values.

    `percentiles` are 99 probabilities, `value_edges` two amounts between three thirds,
    `value_factor` is what a unit of spend is worth: margin times discount.
    """

    percentiles: tuple[float, ...]
    value_edges: tuple[float, ...]
    value_factor: float

    def to_dict(self) -> dict[str, Any]:
        """The scales as JSON-able data, kept with the generation."""
        return {
            "percentiles": list(self.percentiles),
            "value_edges": list(self.value_edges),
            "value_factor": self.value_factor,
        }


@dataclass(frozen=True, slots=True)
class Compared:
    """All customers together: their scales, how many of each market have not churned, drift."""

    scales: Scales
    customers: Mapping[str, int]
    drift: Drift


class Scorer:
    """Scores histories with one model; scales come from the customers first scored or stored."""

    def __init__(self, settings: Settings, model: CustomerModel, generation: Generation) -> None:
        """Hold what all scores share."""
        self._settings = settings
        self._model = model
        self.generation = generation

    def score_orders(self, orders: pa.Table, as_of: date) -> list[Score]:
        """Scores of raw orders (`features.schema.ORDERS`), by the scales of the generation."""
        groups = own_groups(self._settings.features.files)
        shape = Shape.from_dict(self._model.facts.shape, groups)
        histories = Histories.from_events({"orders": orders}, shape)
        stored = self.generation.scales
        scales = Scales(
            tuple(stored["percentiles"]), tuple(stored["value_edges"]), stored["value_factor"]
        )
        return self.score(histories, as_of, scales)[0]

    def score(
        self, histories: Histories, as_of: date, scales: Scales | None = None
    ) -> tuple[list[Score], Scales]:
        """A score of every customer who ordered before `as_of`, and the scales used.

        Whoever has churned already by the definition gets no numbers, nor does a market where the
        model was off. Without `scales` they are made from the customers scored. Raises ModelRefused
        if the model learned from features that meant something else.
        """
        rows, lapsed = self._rows(histories, as_of)
        withheld = ~lapsed & self._is_withheld(rows["market"])
        present = rows[~lapsed & ~withheld].reset_index(drop=True)
        scores = [_unscored(row, as_of, ALREADY_CHURNED) for row in _records(rows[lapsed])]
        scores += [_unscored(row, as_of, NOT_CALIBRATED) for row in _records(rows[withheld])]
        if present.empty:
            return scores, scales or Scales((), (), self._value_factor())
        numbers = self._numbers(
            present, self._value_factor() if scales is None else scales.value_factor
        )
        if scales is None:
            scales = _scales(numbers, self._value_factor())
        numbers["percentile"] = _percentile(numbers["churn_probability"], scales)
        numbers["value_band"] = _value_band(numbers["cltv_if_retained"], scales)
        numbers["reasons"] = reasons_of(self._model, present, histories.shape.groups)
        scores += [
            self._scored(row, one, as_of)
            for row, one in zip(_records(present), _rows(numbers), strict=True)
        ]
        return sorted(scores, key=lambda score: score.customer_id), scales

    def compared(self, parts: Iterable[Histories], as_of: date) -> Compared:
        """All customers of these parts, of which one at a time is in memory.

        Raises ModelRefused as `score` does.
        """
        names, factor = ("churn_probability", "cltv_if_retained"), self._value_factor()
        kept: dict[str, list[Floats]] = {name: [] for name in names}
        customers: Counter[str] = Counter()
        comparison, is_whole = Comparison(self._model.facts), True
        for part in parts:
            rows, lapsed = self._rows(part, as_of)
            customers.update(str(market) for market in rows.loc[~lapsed, "market"])
            comparison.add_features(rows[~lapsed])
            shown = ~lapsed & ~self._is_withheld(rows["market"])
            is_whole = is_whole and bool((shown == ~lapsed).all())
            if not shown.any():
                continue
            numbers = self._numbers(rows[shown].reset_index(drop=True), factor)
            for name in names:
                kept[name].append(numbers[name])
            comparison.add_scores(numbers["churn_probability"])
        drift = comparison.drift(is_whole=is_whole)
        if not kept[names[0]]:
            return Compared(Scales((), (), factor), customers, drift)
        found = _scales({name: np.concatenate(kept[name]) for name in names}, factor)
        return Compared(found, customers, drift)

    def _rows(
        self, histories: Histories, as_of: date
    ) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
        """Features of every customer, and who of them has churned already."""
        self._require_same_meaning(histories.shape)
        rows, horizons = matrix(histories.before(as_of), [as_of]), self._model.facts.horizons
        here = active(rows, horizon_days=horizons.churn_days, grace_days=horizons.grace_days)
        return rows, ~here.to_numpy()

    def _require_same_meaning(self, now: Shape) -> None:
        then = Shape.from_dict(self._model.facts.shape, now.groups)
        if (difference := now.differs_from(then)) is not None:
            message = f"The model does not fit: {difference}. Train again with: regulars train"
            raise ModelRefused(message)

    def _is_withheld(self, markets: pd.Series) -> npt.NDArray[np.bool_]:
        """Whether the model's own holdout says that no number may be shown, per row."""
        marks = {one: mark_of(self._model.facts.quality, str(one)) for one in markets.unique()}
        withheld = [name for name, mark in marks.items() if mark is not None and mark.is_withheld]
        return markets.isin(withheld).to_numpy(dtype=bool)

    def _value_factor(self) -> float:
        value = self._settings.value
        return value.margin * discount_factor(value.horizon_days, value.discount_rate)

    def _numbers(self, rows: pd.DataFrame, factor: float) -> dict[str, Any]:
        """Model output in money terms, one array per field of the score."""
        predicted = self._model.predict(rows)
        churn = predicted["churn_probability"].to_numpy()
        staying = np.maximum(1 - predicted["no_order_probability"], LEAST_CHANCE_TO_STAY)
        if_retained: Floats = (factor * predicted["expected_value"] / staying).to_numpy()
        return {
            "churn_probability": churn,
            "alive_probability": predicted["alive_probability"].to_numpy(),
            "expected_orders": predicted["expected_orders"].to_numpy(),
            "cltv": (factor * predicted["expected_value"]).to_numpy(),
            "cltv_low": (factor * predicted["value_low"]).to_numpy(),
            "cltv_high": (factor * predicted["value_high"]).to_numpy(),
            "cltv_if_retained": if_retained,
            # Never probability x cltv: the chance of leaving is in cltv already.
            "value_at_stake": churn * if_retained,
        }

    def _scored(self, row: dict[str, Any], numbers: dict[str, Any], as_of: date) -> Score:
        band = self._settings.bands.of(numbers["churn_probability"])
        return Score(**_about(row, as_of), band=band, **numbers)


def discount_factor(horizon_days: int, rate_per_year: float) -> float:
    """Mean of (1 + rate)^(-t/365) for t from 0 to the horizon: money comes evenly over it.

    >>> round(discount_factor(365, 0.1), 4)
    0.9538
    """
    if rate_per_year == 0:
        return 1.0
    log_rate = np.log1p(rate_per_year)
    years = horizon_days / DAYS_PER_YEAR
    return float(-np.expm1(-log_rate * years) / (log_rate * years))


def new_generation(
    settings: Settings,
    version: Version,
    *,
    as_of: date,
    published_at: datetime,
    histories: str,
    quality: dict[str, Any],
) -> Generation:
    """What all scores of a publication share, not yet published."""
    return Generation(
        business=settings.business,
        as_of=as_of,
        valid_until=as_of + timedelta(days=settings.valid_days),
        published_at=published_at,
        histories=histories,
        model_name=version.name,
        model_version=version.number,
        model_digest=version.digest,
        run_id=version.run_id,
        churn_definition=settings.churn.name,
        churn_horizon_days=settings.churn.horizon_days,
        value_horizon_days=settings.value.horizon_days,
        value_interval=settings.value.interval,
        currency=settings.currency,
        quality=quality,
    )


def load_scorer(settings: Settings, generation: Generation) -> Scorer:
    """The scorer of the very model that made this generation, from the workspace's own copy.

    No registry is asked: scoring goes on while MLflow is away. Raises ModelRefused for files that
    are not the ones that were registered.
    """
    folder = cached_folder(settings.workspace, generation.model_version, generation.model_digest)
    groups = own_groups(settings.features.files)
    model = load_model(folder, digest=generation.model_digest, groups=groups)
    return Scorer(settings, model, generation)


def _scales(numbers: dict[str, Any], value_factor: float) -> Scales:
    percentiles = np.quantile(numbers["churn_probability"], np.arange(1, 100) / 100)
    edges = np.quantile(numbers["cltv_if_retained"], [1 / 3, 2 / 3])
    return Scales(tuple(map(float, percentiles)), tuple(map(float, edges)), value_factor)


def _percentile(probability: Floats, scales: Scales) -> npt.NDArray[np.int64]:
    """0 to 99: the share of the published customers with a lower probability."""
    return np.searchsorted(np.asarray(scales.percentiles), probability)


def _value_band(value: Floats, scales: Scales) -> npt.NDArray[np.str_]:
    return np.array(VALUE_BANDS)[np.searchsorted(np.asarray(scales.value_edges), value)]


def _rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Columns as one dict per row, with plain Python values for the store."""
    plain = {
        name: values.tolist() if isinstance(values, np.ndarray) else values
        for name, values in columns.items()
    }
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    kept = [
        "customer_id",
        "market",
        "recency_days",
        "order_days_count",
        "spend_value",
        "usual_gap_days",
    ]
    return _rows({name: rows[name].to_numpy() for name in kept})


def _about(row: dict[str, Any], as_of: date) -> dict[str, Any]:
    gap = float(row["usual_gap_days"])
    return {
        "customer_id": row["customer_id"],
        "market": row["market"],
        "last_order_on": as_of - timedelta(days=int(row["recency_days"])),
        "order_days_count": int(row["order_days_count"]),
        "spend_value": float(row["spend_value"]),
        "usual_gap_days": None if np.isnan(gap) else gap,
    }


def _unscored(row: dict[str, Any], as_of: date, reason: str) -> Score:
    return Score(**_about(row, as_of), unavailable_reason=reason)
