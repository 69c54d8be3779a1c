"""The card of a model's version: what it predicts, from what, how good it is, where it is weak.

Made from the run, never written by hand, so it cannot say anything else than the figures. It holds
counts and figures; no customer's id or row.
"""

from dataclasses import dataclass
from importlib.metadata import version as installed_version
from typing import Any

import numpy as np

from features.histories import Histories
from features.settings import Settings
from training.challenge import Decision
from training.evaluation import CHAMPION, Holdout
from training.gate import CHALLENGER
from training.judged_figures import Resampled
from training.judging import FEWEST_CUSTOMERS, Sheet, Stack
from training.market_calibration import marks_told
from training.models.customer_model import CustomerModel, Version
from training.recipe import recipe_of

SCHEMA = "regulars.model-card/1"
FEW_CUSTOMERS = 2000
LEVEL_OFF = 0.1
CALIBRATION_OFF = 0.05
COVERAGE_OFF = 0.05
GATE_FIGURES = ("log_loss", "auc", "ngini", "bias")


@dataclass(frozen=True, slots=True)
class Made:
    """What a training run made: a version, its model, the holdout that judged it, the ruling."""

    version: Version
    model: CustomerModel
    holdout: Holdout
    decision: Decision


def model_card(settings: Settings, histories: Histories, made: Made) -> Sheet:
    """The card as JSON-able data."""
    facts = made.model.facts
    return {
        "schema": SCHEMA,
        "product": f"regulars {installed_version('regulars')}",
        "model": {
            "name": made.version.name,
            "version": made.version.number,
            "run_id": made.version.run_id,
            "digest": made.version.digest,
        },
        "business": settings.business,
        "definition": {
            "churn": settings.churn.name,
            "churn_horizon_days": facts.horizons.churn_days,
            "value_horizon_days": facts.horizons.value_days,
            "value_interval": facts.horizons.interval,
            "value": "net value of orders within the horizon, before margin and discount",
            "margin": settings.value.margin,
            "currency": facts.currency,
        },
        "recipe": {**recipe_of(facts), "weights": _weights(made.model)},
        "data": {
            "as_of": facts.as_of,
            "first_day": histories.first_day.isoformat(),
            "last_day": histories.last_day.isoformat(),
            "customers_count": facts.customers_count,
            "panel_rows_count": facts.rows_count,
            "panel_cutoffs_count": len(facts.cutoffs),
            "churn_label_days": facts.churn_label_days,
            "value_label_days": facts.value_label_days,
            "features_count": len(facts.feature_names),
            "catalogue": facts.catalogue_version,
            "fingerprint": facts.data_fingerprint,
            "markets": list(histories.markets),
        },
        "quality": _quality(made, facts.quality),
        "calibration": _calibration(made.holdout, settings),
        "markets": facts.quality.get("calibration"),
        "limits": limits(made),
        "gate": made.decision.to_dict(),
    }


def limits(made: Made) -> list[str]:
    """What to keep in mind, in sentences, each from a figure of the run."""
    facts, scopes = made.model.facts, made.decision.details["scopes"]
    ours = made.holdout.report()["systems"][CHAMPION]
    told = []
    count = scopes[0]["customers_count"]
    if count < FEW_CUSTOMERS:
        told.append(f"Few rows: judged on {count:,} active customers, so intervals are wide.")
    level = ours["value"]["bias"]
    if abs(level - 1) > LEVEL_OFF:
        told.append(
            f"Level drift: on the holdout expected value was {level:.2f} times what was realised. "
            "The ranking of customers does not suffer; sums of money do."
        )
    if ours["churn"]["ece"] > CALIBRATION_OFF:
        told.append(
            f"Churn probabilities were off by {ours['churn']['ece']:.1%} on average: read them as "
            "a ranking."
        )
    told += marks_told(facts.quality.get("calibration", {"markets": {}}))
    coverage = ours["value"].get("interval_coverage")
    if coverage is not None and coverage < facts.horizons.interval - COVERAGE_OFF:
        told.append(
            f"Intervals of value covered {coverage:.0%} of customers instead of "
            f"{facts.horizons.interval:.0%}."
        )
    too_few = [one["name"] for one in scopes if one["kind"] == "market" and not one["judged"]]
    if too_few:
        told.append(
            f"Not judged on their own, for want of customers: market {', '.join(too_few)}. Their "
            "figures are withheld; the model there rests on the other markets."
        )
    for days, label, what in (
        (facts.churn_label_days, facts.horizons.churn_days, "churn"),
        (facts.value_label_days, facts.horizons.value_days, "value"),
    ):
        if days < label:
            told.append(
                f"The history is too short for labels of {label} days: {what} was learned from "
                f"{days} days and stretched."
            )
    told += facts.notes
    told.append("One holdout: other seasons may differ; regulars backtest judges several days.")
    return told


def _quality(made: Made, quality: dict[str, Any]) -> Sheet:
    """Figures of the holdout: gate figures with intervals per scope, plain ones of all systems."""
    report = made.holdout.report()
    return {
        "grade": quality.get("grade"),
        "grade_rule": quality.get("grade_rule"),
        "judged": "the same recipe learned before the cutoff, on what followed",
        "cutoff": report["cutoff"],
        "learned_until": made.holdout.learned_until.isoformat(),
        "churn_rate": report["churn_rate"],
        "baseline": made.decision.details["baseline"],
        "scopes": [_scope(one) for one in made.decision.details["scopes"]],
        "systems": _finite(report["systems"]),
    }


def _scope(sheet: Sheet) -> Sheet:
    """A slice's figures with intervals; of too few customers the number only."""
    kept: Sheet = {name: sheet[name] for name in ("kind", "name", "judged")}
    if not sheet["judged"]:
        return kept | {"customers": f"fewer than {FEWEST_CUSTOMERS}, or too few of a fate"}
    kept["customers_count"], kept["churn_rate"] = sheet["customers_count"], sheet["churn_rate"]
    return kept | {"figures": {name: sheet["figures"][name] for name in GATE_FIGURES}}


def _calibration(holdout: Holdout, settings: Settings) -> list[dict[str, float | None]]:
    """Churn said and seen in ten equal groups, the least risky first."""
    said = {CHALLENGER: holdout.predictions[CHAMPION]}
    stack = Stack.of([holdout.saying(said)], margin=settings.value.margin)
    exact = Resampled(stack.rows, stack.said[CHALLENGER], most=None)
    _, tenths = exact.drawn(np.ones((len(stack.rows.churned), 1)))
    return [
        {"said": float(one), "seen": float(other)}
        for one, other in zip(tenths["churn_said"][:, 0], tenths["churn_seen"][:, 0], strict=True)
    ]


def _weights(model: CustomerModel) -> dict[str, dict[str, float]]:
    """The weights of the members, where a model has chosen some."""
    parts = {"churn": model.churn, "value": model.value}
    choices = {name: getattr(part, "choice", None) for name, part in parts.items()}
    return {name: dict(one.weights) for name, one in choices.items() if one is not None}


def _finite(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _finite(one) for name, one in told.items()}
    return told if not isinstance(told, float) or np.isfinite(told) else None
