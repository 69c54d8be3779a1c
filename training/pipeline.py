"""The training job: judge on a holdout, fit on everything, pass the gate, record, register."""

import logging
import math
import tempfile
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from features.errors import PromotionRefused
from features.histories import Histories
from features.matrix import matrix
from features.settings import Settings
from features.tree_settings import load_trees
from training.artifact import save_model
from training.backtest_page import write_report
from training.backtest_report import about_business, backtest_report
from training.challenge import Candidate, Decision, decided, find_incumbent, tags_of
from training.champions import promote
from training.evaluation import (
    CHAMPION,
    Holdout,
    attempt,
    backtest_cutoffs,
    evaluate,
    holdout_cutoff,
)
from training.judging import Sheet
from training.kept_cards import keep_card
from training.market_calibration import market_marks
from training.model_card import Made, model_card
from training.models.customer_model import (
    Horizons,
    ModelFacts,
    Progress,
    Version,
    fit_customer_model,
    no_progress,
)
from training.panel import require_customers
from training.reference import reference_of
from training.registry import HOLDOUT_DIGEST_TAG, log_holdout_model, register
from training.tracking import (
    Client,
    log_backtest,
    log_data,
    log_gate,
    log_holdout,
    log_trees,
    tracked_run,
    use_workspace,
)

log = logging.getLogger(__name__)

WELL_CALIBRATED = 0.05  # expected calibration error up to which a probability may be read as such


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training run gave; `quality` is what the scores will carry, `notes` what was odd.

    `decision` is the gate's; `refusal` says why the version is not the champion, or is empty.
    """

    version: Version
    promoted: bool
    quality: dict[str, Any]
    run_id: str
    notes: tuple[str, ...]
    decision: Decision
    refusal: str


def horizons_of(settings: Settings) -> Horizons:
    """The horizons that the settings ask for."""
    return Horizons(
        churn_days=settings.churn.horizon_days,
        value_days=settings.value.horizon_days,
        interval=settings.value.interval,
        grace_days=settings.churn.grace_days if settings.churn.kind == "subscription-end" else None,
    )


def as_of_day(settings: Settings, histories: Histories) -> date:
    """The day of prediction: that of the settings, or the day after the last order."""
    return settings.as_of or histories.last_day + timedelta(days=1)


def train(
    settings: Settings,
    histories: Histories,
    *,
    today: date | None = None,
    progress: Progress = no_progress,
) -> Trained:
    """Train, judge, register; the new version becomes champion if the gate lets it pass.

    `today` dates the move in the history of champions. Raises NotEnoughData where no honest model
    is possible.
    """
    as_of = as_of_day(settings, histories)
    horizons = horizons_of(settings)
    trees = load_trees(settings.trees)
    known = histories.before(as_of)
    rows = matrix(known, [as_of])
    require_customers(len(rows), settings.min_customers, as_of)
    cutoff = holdout_cutoff(known, as_of, horizons)
    client = use_workspace(settings.workspace)
    incumbent = find_incumbent(client, settings, cutoff, horizons, histories.shape)
    with tracked_run(settings, "train") as run_id, tempfile.TemporaryDirectory() as aside:
        log_trees(trees)
        tried = attempt(
            known,
            cutoff,
            horizons,
            seed=settings.seed,
            trees=trees,
            progress=lambda step: progress(f"holdout: {step}"),
        )
        quality = quality_of(tried.holdout, settings.baseline_name)
        quality["calibration"] = market_marks(tried.holdout, settings.calibration)
        log_holdout(tried.holdout)
        model = fit_customer_model(
            histories,
            as_of,
            horizons,
            seed=settings.seed,
            trees=trees,
            progress=lambda step: progress(f"final: {step}"),
        )
        log_data(_data_facts(model.facts, as_of))
        reference = reference_of(model, rows)
        model = replace(model, facts=replace(model.facts, quality=quality, reference=reference))
        progress("gate")
        folder, earlier = Path(aside) / "model", Path(aside) / "holdout_model"
        digest = save_model(model, rows, folder)
        candidate = Candidate(model.facts, digest, tried)
        decision = decided(client, settings, candidate, incumbent)
        log_gate(decision.to_dict())
        progress("registry")
        tags = tags_of(candidate, decision)
        tags[HOLDOUT_DIGEST_TAG] = save_model(tried.model, tried.rows, earlier)
        log_holdout_model(earlier)
        version = register(folder, digest, run_id=run_id, groups=histories.shape.groups, tags=tags)
        card = model_card(settings, known, Made(version, model, tried.holdout, decision))
        keep_card(settings.workspace, card)
    promoted, refusal = _promoted(client, settings, version, decision, today)
    log.info("trained version %s on %d panel rows", version.number, model.facts.rows_count)
    return Trained(version, promoted, quality, run_id, model.facts.notes, decision, refusal)


def _promoted(
    client: Client,
    settings: Settings,
    version: Version,
    decision: Decision,
    today: date | None,
) -> tuple[bool, str]:
    """Whether the version became champion, and if not, why."""
    if not decision.passed:
        return False, decision.sentence
    try:
        promote(
            client,
            settings.workspace,
            version,
            instead_of=decision.against,
            how="gate",
            today=today,
        )
    except PromotionRefused as error:
        return False, str(error).rstrip(".")
    return True, ""


def _data_facts(facts: ModelFacts, as_of: date) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "customers": facts.customers_count,
        "panel_rows": facts.rows_count,
        "panel_cutoffs": len(facts.cutoffs),
        "fingerprint": facts.data_fingerprint,
        "catalogue": facts.catalogue_version,
    }


def backtest(
    settings: Settings,
    histories: Histories,
    *,
    count: int,
    folder: Path,
    progress: Progress = no_progress,
) -> Sheet:
    """The report of the same judgement at several past cutoffs, one churn horizon apart.

    Writes it to `folder` as a page and as JSON, and records both with the metrics of a run.
    """
    as_of = as_of_day(settings, histories)
    horizons = horizons_of(settings)
    trees = load_trees(settings.trees)
    known = histories.before(as_of)
    holdouts = []
    with tracked_run(settings, "backtest"):
        log_trees(trees)
        for step, cutoff in enumerate(backtest_cutoffs(known, as_of, horizons, count=count)):
            progress(f"cutoff {cutoff}")
            holdout = evaluate(known, cutoff, horizons, seed=settings.seed, trees=trees)
            log_holdout(holdout, step=step)
            holdouts.append(holdout)
        progress("report")
        about = about_business(settings, known)
        report = backtest_report(
            holdouts,
            about,
            margin=settings.value.margin,
            seed=settings.seed,
            calibration=settings.calibration,
        )
        log_backtest(report, write_report(report, folder))
    return report


def quality_of(holdout: Holdout, baseline: str) -> dict[str, Any]:
    """The holdout's figures of the champion beside the baseline, with a grade and its rule."""
    report = holdout.report()
    ours, theirs = report["systems"][CHAMPION], report["systems"][baseline]
    grade, rule = _grade(ours["churn"], theirs["churn"], baseline)
    return {
        "holdout": {key: value for key, value in report.items() if key != "systems"},
        "churn": {"champion": ours["churn"], "baseline": theirs["churn"]},
        "value": {"champion": _numbers(ours["value"]), "baseline": _numbers(theirs["value"])},
        "baseline_name": baseline,
        "grade": grade,
        "grade_rule": rule,
    }


def _grade(ours: dict[str, float], theirs: dict[str, float], baseline: str) -> tuple[str, str]:
    """A: ranks better, lower log loss, well calibrated. B: one of the first two. C: neither."""
    better_order = ours["auc"] > theirs["auc"]
    better_level = ours["log_loss"] < theirs["log_loss"]
    calibrated = ours["ece"] <= WELL_CALIBRATED
    order = "better" if better_order else "no better"
    level = "lower" if better_level else "no lower"
    rule = (
        f"Ranks {order} than {baseline} (AUC {ours['auc']:.3f}, {theirs['auc']:.3f}), log loss is "
        f"{level} ({ours['log_loss']:.3f}, {theirs['log_loss']:.3f}), probabilities were off by "
        f"{ours['ece']:.1%} on average ({'at most' if calibrated else 'more than'} "
        f"{WELL_CALIBRATED:.0%})"
    )
    if better_order and better_level and calibrated:
        return "A", rule
    return ("B" if better_order or better_level else "C"), rule


def _numbers(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if not math.isnan(value)}
