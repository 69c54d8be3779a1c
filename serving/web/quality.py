"""How good the model is: its figures on the hold-out, beside the baseline's."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from serving.web.edition import Edition
from serving.web.views import Measure, MeasureTable, QualityView


@dataclass(frozen=True, slots=True)
class Judged:
    """How a figure is judged and written: `loss` is smaller for the better of two values."""

    loss: Callable[[float], float]
    form: str  # number | ratio | percent | money


def _higher(value: float) -> float:
    return -value


def _lower(value: float) -> float:
    return value


def _near(target: float) -> Callable[[float], float]:
    return lambda value: abs(value - target)


def quality_view(edition: Edition) -> QualityView | None:
    """The measured figures that the generation brings; None if it brings none."""
    covered = _near(edition.generation.value_interval)
    churn = {
        "auc": Judged(_higher, "number"),
        "top_decile_lift": Judged(_higher, "ratio"),
        "ece": Judged(_lower, "number"),
        "log_loss": Judged(_lower, "number"),
        "brier": Judged(_lower, "number"),
    }
    value = {
        "ngini": Judged(_higher, "number"),
        "spearman": Judged(_higher, "number"),
        "decile_mape": Judged(_lower, "percent"),
        "bias": Judged(_near(1.0), "ratio"),
        "interval_coverage": Judged(covered, "percent"),
        "interval_coverage_buyers": Judged(covered, "percent"),
        "rmse": Judged(_lower, "money"),
    }
    tables = tuple(
        MeasureTable(edition.texts(f"quality.{part}"), measures)
        for part, judged in (("churn", churn), ("value", value))
        if (measures := _measures(edition, part, judged))
    )
    if not tables:
        return None
    baseline = str(edition.measured("baseline_name") or edition.texts("quality.baseline"))
    return QualityView(_measured(edition), edition.texts("quality.model"), baseline, tables)


def _measures(edition: Edition, part: str, judged: dict[str, Judged]) -> tuple[Measure, ...]:
    found = []
    for name, how in judged.items():
        model = _figure(edition, part, "champion", name)
        baseline = _figure(edition, part, "baseline", name)
        if model is None:
            continue
        better = _better(how, model, baseline)
        found.append(
            Measure(
                name=edition.texts(f"definition.{name}.name"),
                href=edition.links.definitions(name),
                model=_written(edition, model, how.form),
                baseline="–" if baseline is None else _written(edition, baseline, how.form),
                better=better,
                verdict=edition.texts(f"quality.better.{better}") if baseline is not None else "",
            )
        )
    return tuple(found)


def _figure(edition: Edition, part: str, who: str, name: str) -> float | None:
    """A finite figure; a measure that could not be computed is NaN or missing."""
    found = edition.measured(part, who, name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        return None
    return float(found)


def _better(how: Judged, model: float, baseline: float | None) -> str:
    if baseline is None or math.isclose(how.loss(model), how.loss(baseline), abs_tol=5e-4):
        return "neither"
    return "model" if how.loss(model) < how.loss(baseline) else "baseline"


def _written(edition: Edition, figure: float, form: str) -> str:
    if form == "percent":
        return edition.texts.percent(figure)
    if form == "money":
        return edition.money(figure)
    return edition.texts.number(figure, digits=2 if form == "ratio" else 3)


def _measured(edition: Edition) -> str:
    """When and on how many customers, as far as it is known."""
    texts, said = edition.texts, []
    count = edition.measured("holdout", "customers_count")
    cutoff = edition.measured("holdout", "cutoff")
    if isinstance(count, int) and isinstance(cutoff, str):
        day = texts.day(date.fromisoformat(cutoff))
        said.append(texts("quality.measured", count, day=day))
    rate = edition.measured("holdout", "churn_rate")
    days = edition.measured("holdout", "churn_horizon_days")
    if isinstance(rate, int | float) and isinstance(days, int):
        left = texts("quality.left", share=texts.percent(rate), days=texts.number(days))
        said.append(left)
    return " ".join(said)
