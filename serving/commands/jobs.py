"""The three jobs: train, backtest, score; each reads what is new and tells what it did."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from filelock import FileLock, Timeout

from features.errors import NotEnoughData, NotReady
from features.ingestion import Ingested, ingest
from features.markets import money_text
from features.readiness import COLUMNS, assess
from features.settings import Settings
from features.stored import stored_orders
from serving.batch import Published, score_and_publish
from training.evaluation import CHAMPION
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
            else "was not made champion, because it lost to the baseline; the old one stays"
        )
        return "\n".join(
            [
                *self.ingested.account(),
                holdout_sentence(quality),
                quality_table(quality),
                f"Grade {quality['grade']}: {quality['grade_rule']}.",
                f"Version {trained.version.number} of {trained.version.name} {verdict}.",
            ]
        )


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """Reports of several holdouts, oldest first."""

    holdouts: list[dict[str, Any]]

    def as_json(self) -> str:
        """The reports as JSON."""
        return json.dumps({"holdouts": self.holdouts}, indent=2)

    def as_text(self) -> str:
        """One table per holdout, one line per system."""
        return "\n\n".join(_holdout_table(report) for report in self.holdouts)


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
        return TrainReport(ingested, train(settings, ingested.histories, progress=progress))


def backtest_job(
    settings: Settings, *, count: int, today: date, progress: Progress
) -> BacktestReport:
    """Read, check, judge at several past days."""
    with alone(settings):
        progress("reading")
        ingested = ingest(settings, today=today)
        require_enough(settings, ingested)
        holdouts = backtest(settings, ingested.histories, count=count, progress=progress)
    return BacktestReport(
        [{"active": one.report(), "everybody": one.everybody()} for one in holdouts]
    )


def score_job(
    settings: Settings, *, today: date, published_at: datetime, progress: Progress
) -> ScoreReport:
    """Read, score everybody with the champion, publish."""
    with alone(settings):
        progress("reading")
        ingested = ingest(settings, today=today)
        published = score_and_publish(
            settings,
            ingested.histories,
            ingested.generation,
            as_of=as_of_day(settings, ingested.histories),
            published_at=published_at,
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


def _holdout_table(reports: dict[str, Any]) -> str:
    report = reports["active"]
    head = (
        f"cutoff {report['cutoff']}: {report['customers_count']:,} active customers, "
        f"{report['churn_rate']:.1%} churned within {report['churn_horizon_days']} days"
    )
    names = "".join(f"{name:>17}" for _, name in SHOWN_METRICS)
    lines = [head, f"{'':14}{names}"]
    for system, parts in report["systems"].items():
        figures = "".join(f"{_figure(parts[part].get(name)):>17}" for part, name in SHOWN_METRICS)
        lines.append(f"{system + (' *' if system == CHAMPION else ''):14}{figures}")
    return "\n".join(lines)


def _figure(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"
