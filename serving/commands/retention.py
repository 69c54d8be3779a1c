"""The job of `regulars retention`: read, report on contracts, tell."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from features.errors import SettingsError
from features.ingestion import ingest
from features.settings import Settings
from features.stored import stored_events
from serving.commands.jobs import alone
from serving.commands.terminal import terminal_table
from training.models.customer_model import Progress
from training.pipeline import as_of_day
from training.retention import Asked, retention_report
from training.retention_evaluation import MONTHS_ASKED

SHOWN_MONTHS = (1, 2, 3, 6, 9, 12, 18, 24, 36)
MOST_COHORTS = 24
REASON_COLUMNS = ("customer_id", "day", "kind", "reason", "known_from", "known_to")


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """The report on a business's contracts."""

    content: dict[str, Any]

    def as_json(self) -> str:
        """All of it as JSON."""
        return json.dumps(self.content, indent=2)

    def as_text(self) -> str:
        """For people: counts, a table of cohorts, the projection, reasons, the judgement."""
        parts = [self._head(), self._cohorts(), *self._reasons()]
        parts += [_judgement(one) for one in self.content["evaluation"]]
        if self.content["evaluation_note"]:
            parts.append(f"Judgement: {self.content['evaluation_note']}")
        return "\n\n".join(parts)

    def _head(self) -> str:
        content, model = self.content, self.content["projection"]
        lines = [
            f"{content['contracts_count']:,} contracts told by {content['told_by']} before "
            f"{content['as_of']}: {content['ended_count']:,} ended, {content['open_count']:,} run "
            f"(grace {content['grace_days']} days).",
            f"Shifted-beta-geometric: alpha {model['alpha']:.4g}, beta {model['beta']:.4g}, "
            f"log-likelihood {model['log_likelihood']:.1f}.",
        ]
        if model["note"]:
            lines.append(model["note"])
        if model["renewals_expected"] is not None:
            lines.append(
                f"A new contract is expected to be renewed {model['renewals_expected']:.1f} times, "
                "discounted."
            )
        return "\n".join(lines)

    def _cohorts(self) -> str:
        seen: dict[str, dict[int, dict[str, Any]]] = {}
        for row in self.content["cohorts"]:
            seen.setdefault(row["cohort"], {})[int(row["month"])] = row
        months = [month for month in SHOWN_MONTHS if any(month in own for own in seen.values())]
        rows = [
            [name, f"{own[0]['contracts_count']:,}", *(_share(own.get(month)) for month in months)]
            for name, own in list(seen.items())[-MOST_COHORTS - 1 :]
        ]
        survival = self.content["projection"]["survival"]
        rows.append(["projection", "", *(f"{survival[month]:.1%}" for month in months)])
        title = "Still under contract after so many months (Kaplan-Meier, 95% by Greenwood):"
        header = ["started in", "contracts", *(str(month) for month in months)]
        return f"{title}\n{terminal_table(header, rows)}"

    def _reasons(self) -> list[str]:
        reasons = self.content["reasons"]
        if not reasons:
            return []
        rows = [
            [name, f"{one['ended_count']:,}", f"{one['incidence'][-1]:.1%}"]
            for name, one in sorted(reasons.items(), key=lambda item: -item[1]["ended_count"])
        ]
        months = len(next(iter(reasons.values()))["incidence"]) - 1
        table = terminal_table(["reason", "ended", f"left for it in {months} months"], rows)
        return [f"Why contracts ended:\n{table}"]


def retention_job(
    settings: Settings,
    *,
    today: date,
    months: tuple[int, ...],
    cutoffs_count: int,
    grace_days: int | None,
    progress: Progress,
) -> RetentionReport:
    """Read the sources, report on their contracts.

    Raises SettingsError for a business without contracts, NotEnoughData if none is known.
    """
    has_subscriptions = settings.sources.subscriptions is not None
    is_paid_time = settings.churn.kind == "subscription-end"
    if not has_subscriptions and not is_paid_time:
        message = (
            "retention is about contracts: it needs sources.subscriptions, or churn.kind "
            "subscription-end with sources.orders.columns.paid_until"
        )
        raise SettingsError(message)
    with alone(settings):
        progress("reading")
        histories = ingest(settings, today=today).histories
        reasons = _reasons_told(settings) if has_subscriptions else None
    own_grace = settings.churn.grace_days if settings.churn.kind == "subscription-end" else 0
    asked = Asked(
        as_of=as_of_day(settings, histories),
        grace_days=own_grace if grace_days is None else grace_days,
        discount_rate=settings.value.discount_rate,
        months=months or MONTHS_ASKED,
        cutoffs_count=cutoffs_count,
        seed=settings.seed,
    )
    return RetentionReport(retention_report(histories, asked, reasons, progress=progress))


def _reasons_told(settings: Settings) -> pa.Table | None:
    """The events of subscriptions, if their source says why they ended."""
    source = settings.sources.subscriptions
    if source is None or source.columns.reason is None:
        return None
    return stored_events(settings.workspace / "histories", "subscriptions", REASON_COLUMNS)


def _share(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    return f"{row['survival']:.1%} ({row['low']:.0%}–{row['high']:.0%})"


def _judgement(report: dict[str, Any]) -> str:
    """One table: how well each system foretold who left within so many months."""
    cutoffs = report["cutoffs"]
    title = (
        f"Left within {_months(report['months'])}: {report['ended_count']:,} of "
        f"{report['rows_count']:,} rows ({report['customers_count']:,} customers) at "
        f"{', '.join(cutoffs)}"
    )
    short = [months for months in report["lightgbm_label_months"] if months < report["months"]]
    if short:
        title += f"\n(lightgbm had labels of {_months(min(short))} only and was stretched)"
    rows = [
        [
            name,
            _figure(one["auc"]),
            f"{_figure(one['auc_low'])}–{_figure(one['auc_high'])}",
            f"{one['log_loss']:.4f}",
            _figure(one["ece"]),
            f"{one['said_share']:.2%}",
            f"{one['seen_share']:.2%}",
        ]
        for name, one in report["systems"].items()
    ]
    header = ["system", "AUC", "95%", "log loss", "ECE", "said", "seen"]
    return f"{title}\n{terminal_table(header, rows)}"


def _months(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
