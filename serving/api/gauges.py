"""Gauges of what is published, read when Prometheus asks: ages, bands, drift, refused rows.

Labels are names of bands, features, tables and reasons: few, and none of them a person.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.drift import MUCH, Drift
from serving.state import Freshness, ServerState

BANDS = ("high", "medium", "low")


class ScoresCollector(Collector):
    """The published scores and the model behind them, as they are when the metrics are read."""

    def __init__(self, state: ServerState) -> None:
        """Look at this state each time."""
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Readiness always; the rest only if there are scores."""
        fresh = self._state.freshness()
        ready = "1 if published scores can be read, else 0."
        yield GaugeMetricFamily("regulars_ready", ready, value=float(fresh is not None))
        if fresh is None:
            return
        age = "Seconds since the scores were published."
        yield GaugeMetricFamily("regulars_scores_age_seconds", age, value=fresh.age_seconds)
        count = "Customers of the published scores, with or without a score."
        customers_count = fresh.overview.customers_count
        yield GaugeMetricFamily("regulars_scores_customers", count, value=customers_count)
        yield from _sums(fresh)
        yield from _model(fresh, self._state.clock())
        refused = "Rows refused when the files that the histories were made from were read."
        yield _labelled(
            "regulars_rows_refused", refused, ("table", "code"), self._state.refused_rows()
        )

    def describe(self) -> Iterable[Metric]:
        """Nothing: asking would open the store while the application is made."""
        return []


def _sums(fresh: Freshness) -> Iterator[Metric]:
    overview = fresh.overview
    in_band = "Customers with a score, by churn band."
    bands = {(band,): overview.bands.get(band, 0) for band in BANDS}
    yield _labelled("regulars_scores_band_customers", in_band, ("band",), bands)
    without = "Customers without a score, by reason."
    reasons = {(reason,): count for reason, count in overview.unavailable.items()}
    yield _labelled("regulars_scores_unavailable_customers", without, ("reason",), reasons)


def _model(fresh: Freshness, now: datetime) -> Iterator[Metric]:
    """Which model, how old its knowledge is, and how far customers have moved from it."""
    about = "1 for the model that the published scores come from."
    labels = {(fresh.generation.model_name, fresh.generation.model_version): 1}
    yield _labelled("regulars_model", about, ("name", "version"), labels)
    drift = Drift.of(fresh.generation.quality)
    if drift is None:
        return
    until = datetime.fromisoformat(drift.learned_until).replace(tzinfo=UTC)
    age = "Seconds since the day before which the model learned."
    yield GaugeMetricFamily(
        "regulars_model_age_seconds", age, value=max((now - until).total_seconds(), 0.0)
    )
    if not drift.features:  # the model does not say whom it learned from
        return
    moved = "Population stability index of a feature since the model learned; 0.25 is much."
    features = {(name,): value for name, value in drift.features.items()}
    yield _labelled("regulars_feature_drift", moved, ("feature",), features)
    much = f"Features that moved by more than {MUCH}."
    count = sum(value > MUCH for value in drift.features.values())
    yield GaugeMetricFamily("regulars_features_drifted", much, value=count)
    if drift.churn_probability is not None:
        score = "Population stability index of the churn probability since the model learned."
        yield GaugeMetricFamily("regulars_score_drift", score, value=drift.churn_probability)


def _labelled(
    name: str, about: str, labels: tuple[str, ...], values: Mapping[Any, float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=labels)
    for label, value in sorted(values.items()):
        family.add_metric(label, value)
    return family
