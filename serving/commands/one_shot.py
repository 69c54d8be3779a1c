"""`regulars predict orders`: a file of orders in, a file of predictions out, nothing stored."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from features.errors import DataError
from features.ingestion import histories_of
from features.quality import check_shares
from features.readings import keep_refused
from features.schema import ORDERS
from features.sources.guess import guess_source
from features.sources.reading import read_table
from serving.commands.onboarding import provisional_settings
from training.models.customer_model import Horizons, Progress
from training.prediction import predict_orders


@dataclass(frozen=True, slots=True)
class OneShot:
    """What was asked: the day, how far ahead, which interval, how to read the file."""

    cutoff: date
    horizon_days: int
    interval: float
    columns: dict[str, str] = field(default_factory=dict)
    timestamp_format: str | None = None
    max_refused_share: float = 0.01
    max_guest_share: float = 0.5
    seed: int = 1


def predict_file(file: Path, out: Path, asked: OneShot, *, today: date, progress: Progress) -> str:
    """Write the predictions of a file's customers to `out`; gives a summary of what was done.

    Rows on or after the cutoff are left out before anything is judged or learned. Refused rows go
    to a file beside `out`. Raises DataError, TooManyRefused or NotEnoughData.
    """
    check_out(file, out)
    progress("reading")
    guess = guess_source(
        file,
        columns=asked.columns,
        timestamp_format=asked.timestamp_format,
        before=asked.cutoff,
    )
    limits = {
        "max_refused_share": asked.max_refused_share,
        "max_guest_share": asked.max_guest_share,
    }
    source = guess.source.model_copy(update=limits)
    settings = provisional_settings(guess, workspace=out.parent, horizon_days=asked.horizon_days)
    reading = read_table(ORDERS, source, settings, today=today, before=asked.cutoff)
    refused_path = keep_refused(reading, source, out.parent)
    check_shares(reading, source, refused_path)
    histories = histories_of(reading, settings)
    predicted = predict_orders(
        histories,
        asked.cutoff,
        Horizons(asked.horizon_days, asked.horizon_days, asked.interval),
        min_customers=settings.min_customers,
        seed=asked.seed,
        progress=progress,
    )
    predictions = predicted.table
    write_beside(predictions, out)
    unseen_count = len(histories.before(asked.cutoff).customer_ids) - len(predictions)
    lines = [
        *guess.notes,
        *(f"please check: {doubt}" for doubt in guess.doubts),
        reading.account.summary(),
        *reading.account.sentences(),
        f"{reading.account.later_count:,} rows on or after {asked.cutoff} were left out.",
        *predicted.notes,
    ]
    if unseen_count:
        lines.append(f"{unseen_count:,} customers with refunds only were left out.")
    if refused_path is not None:
        lines.append(f"Refused rows and their reasons: {refused_path}")
    lines.append(_told(predictions, out, asked))
    return "\n".join(lines)


def _told(predictions: pd.DataFrame, out: Path, asked: OneShot) -> str:
    return (
        f"Wrote {len(predictions):,} customers to {out}: over {asked.horizon_days} days "
        f"{predictions['churn_probability'].mean():.1%} are expected not to order, "
        f"{predictions['expected_value'].sum():,.0f} is expected to be spent."
    )


def check_out(file: Path, out: Path) -> None:
    """Nothing, if predictions from `file` can go to `out`; else raises DataError with the cure."""
    if out.exists() and file.exists() and out.samefile(file):
        message = f"{out} is the file that is read. Write the predictions to another one."
        raise DataError(message)
    if out.suffix not in {".parquet", ".csv"}:
        message = f"{out} must end in .parquet or .csv, so that the format is clear."
        raise DataError(message)
    if not out.resolve().parent.is_dir():
        message = f"The folder of {out} does not exist. Make it first."
        raise DataError(message)


def write_beside(predictions: pd.DataFrame, out: Path) -> None:
    """A .parquet or .csv file, written beside and moved: a killed run leaves no half file."""
    unfinished = out.with_name(f".{out.name}.unfinished")
    if out.suffix == ".parquet":
        predictions.to_parquet(unfinished, index=False)
    else:
        predictions.to_csv(unfinished, index=False)
    unfinished.replace(out)
