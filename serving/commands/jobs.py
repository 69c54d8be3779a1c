"""The three jobs: train, backtest, score; each reads what is new and tells what it did."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from features.errors import NotEnoughData, NotReady
from features.ingestion import Ingested, ingest
from features.markets import money_text
from features.readiness import COLUMNS, assess
from features.settings import Settings
from features.store.histories import read
from features.stored import in_parts, stored_orders
from features.user_groups import own_groups
from serving.api.lookups import ready_answer
from serving.batch import Customers, Published, Watching, score_and_publish
from serving.calibration import calibration_sentences
from serving.texts import FALLBACK, texts_of
from training.backtest_page import PAGE_NAME
from training.backtest_words import counts_sentence, verdicts
from training.market_calibration import marks_told
from training.models.customer_model import Progress
from training.pipeline import Trained, as_of_day, backtest, train

SHOWN_METRICS = (
    ("churn", "auc"),
    ("churn", "log_loss"),
    ("churn", "ece"),
    ("churn", "top_decile_lift"),
    ("value", "ngini"),
    ("value", "bias"),
    ("value", "rmse"),
)


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What a training job read and gave."""

    ingested: Ingested
    trained: Trained

    def as_text(self) -> str:
        """For people: the account, the grade, the figures beside the baseline's."""
        trained, quality = self.trained, self.trained.quality
        verdict = (
            "is the champion now"
            if trained.promoted
            else f"was not made champion: {trained.refusal}"
        )
        return "\n".join(
            [
                *self.ingested.account(),
                *trained.notes,
                holdout_sentence(quality),
                quality_table(quality),
                f"Grade {quality['grade']}: {quality['grade_rule']}.",
                *marks_told(quality["calibration"]),
                f"Gate ({trained.decision.mode}): {trained.decision.sentence}.",
                f"Version {trained.version.number} of {trained.version.name} {verdict}.",
            ]
        )


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """The report of a backtest, and the page that shows it."""

    report: dict[str, Any]
    page: Path

    def as_json(self) -> str:
        """The report as JSON."""
        return json.dumps(self.report, indent=2, allow_nan=False)

    def as_text(self) -> str:
        """One line per cutoff, the champion beside the strongest baselines, the page."""
        heads = [
            line
            for one in self.report["holdouts"]
            for line in (_holdout_sentence(one["active"]), *marks_told(one["calibration"]))
        ]
        return "\n".join([*heads, "", *self._verdicts(), "", f"Page: {self.page}"])

    def _verdicts(self) -> list[str]:
        mean = self.report["slices"][0]["mean"]
        if not mean["judged"]:
            return [counts_sentence(mean, days=len(self.report["holdouts"]))]
        lines = [f"{'':33}{'champion':>11}  {'strongest baseline':27}{'difference, 95% interval'}"]
        for one in verdicts(self.report):
            difference = f"{one.difference.number:>8} ({one.difference.interval})"
            lines.append(
                f"{one.label:33}{one.ours.number:>11}  {one.opponent:15}{one.theirs.number:>10}  "
                f"{difference} {one.words}"
            )
        return lines


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What a scoring job published."""

    ingested: Ingested
    published: Published

    def as_text(self) -> str:
        """For people: how many, how many at risk, what is at stake, until when."""
        generation, overview = self.published.generation, self.published.overview
        stake = money_text(overview.value_at_stake, generation.currency)
        unscored = ", ".join(
            f"{count:,} {reason.replace('_', ' ')}"
            for reason, count in overview.unavailable.items()
        )
        return "\n".join(
            [
                *self.ingested.account(),
                *self._left_out(),
                f"{overview.scored_count:,} of {overview.customers_count:,} customers scored as "
                f"of {generation.as_of}" + (f" ({unscored})" if unscored else "") + ".",
                *calibration_sentences(generation.quality, texts_of(FALLBACK)),
                f"{overview.at_risk_count:,} are at high risk; {stake} is at stake with them.",
                f"Generation {generation.generation}, model version {generation.model_version}, "
                f"valid until {generation.valid_until}.",
            ]
        )

    def _left_out(self) -> list[str]:
        count = len(self.ingested.histories.before(self.published.generation.as_of).customer_ids)
        count -= self.published.overview.customers_count
        return [f"{count:,} customers with refunds only were left out."] if count else []


def ingest_job(settings: Settings, *, today: date, anew: bool) -> Ingested:
    """Read the sources into the histories, nothing else. Raises DataError, TooManyRefused."""
    with alone(settings):
        return ingest(settings, today=today, anew=anew)


def train_job(settings: Settings, *, today: date, progress: Progress) -> TrainReport:
    """Read, check, train. Raises NotEnoughData where no honest model is possible."""
    with alone(settings):
        progress("reading")
        ingested = ingest(settings, today=today)
        require_enough(settings, ingested)
        trained = train(settings, ingested.histories, today=today, progress=progress)
        return TrainReport(ingested, trained)


def backtest_job(
    settings: Settings, *, count: int, out: Path | None, today: date, progress: Progress
) -> BacktestReport:
    """Read, check, judge at several past days; the report goes to `out`, or to the workspace."""
    with alone(settings):
        progress("reading")
        ingested = ingest(settings, today=today)
        require_enough(settings, ingested)
        folder = out or settings.workspace / "backtest"
        report = backtest(
            settings, ingested.histories, count=count, folder=folder, progress=progress
        )
    return BacktestReport(report, folder / PAGE_NAME)


def score_job(
    settings: Settings, *, today: date, published_at: datetime, progress: Watching
) -> ScoreReport:
    """Read, score everybody with the champion, publish."""
    groups = own_groups(settings.features.files)
    with alone(settings):
        progress("reading")
        ingested = ingest(settings, today=today)
        stored = read(settings.workspace / "histories")
        published = score_and_publish(
            settings,
            Customers(lambda: in_parts(stored, groups), ingested.generation),
            as_of=as_of_day(settings, ingested.histories),
            published_at=published_at,
            document=ready_answer,
            progress=progress,
        )
    return ScoreReport(ingested, published)


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """The workspace for one job at a time. Raises NotReady if another one is at work in it."""
    settings.workspace.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(settings.workspace / ".lock", timeout=0):
            yield
    except Timeout:
        message = f"Another run is at work in {settings.workspace}. Try again when it has ended."
        raise NotReady(message) from None


def require_enough(settings: Settings, ingested: Ingested) -> None:
    """Nothing, if the stored orders allow a model. Raises NotEnoughData with every reason."""
    horizon_days = max(settings.churn.horizon_days, settings.value.horizon_days)
    readiness = assess(
        ingested.tables["orders"].account,
        # All that are known: what was read now may be only the newest of them.
        stored_orders(settings.workspace / "histories", COLUMNS),
        settings.sources.orders,
        min_customers=settings.min_customers,
        horizon_days=horizon_days,
    )
    if readiness.unavailable_reason is not None:
        raise NotEnoughData(readiness.unavailable_reason)


def holdout_sentence(quality: dict[str, Any]) -> str:
    """On whom and when the models were judged."""
    holdout = quality["holdout"]
    return (
        f"Judged on {holdout['customers_count']:,} customers active on {holdout['cutoff']}, of "
        f"whom {holdout['churn_rate']:.1%} churned within {holdout['churn_horizon_days']} days:"
    )


def quality_table(quality: dict[str, Any]) -> str:
    """The champion's figures beside the baseline's, one line each."""
    rows = [f"{'':18}{'champion':>10}{quality['baseline_name']:>14}"]
    for part, name in SHOWN_METRICS:
        ours = quality[part]["champion"].get(name)
        theirs = quality[part]["baseline"].get(name)
        rows.append(f"{name.replace('_', ' '):18}{_figure(ours):>10}{_figure(theirs):>14}")
    return "\n".join(rows)


def _holdout_sentence(report: dict[str, Any]) -> str:
    return (
        f"cutoff {report['cutoff']}: {report['customers_count']:,} active customers, "
        f"{report['churn_rate']:.1%} churned within {report['churn_horizon_days']} days"
    )


def _figure(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"
